import { Typography } from "@mui/material";
import { Check, X } from "lucide-react";
import type { MomentOut } from "@/api/types";
import { useEditor } from "../editor/editor";
import { HeadFrame } from "./momentStyles";
import { PickBox } from "./PickBox";
import type { Order } from "./rating";

interface Props {
  count: number;
  /** The moments that are picked. */
  picked: readonly MomentOut[];
  /** Null where the moments can't be ordered by their scores. */
  order: Order | null;
  writes: boolean;
  onOrder: (order: Order) => void;
  onAll: () => void;
  onNone: () => void;
}

/** The row above the list: how many there are and in which order, or what to do with those that are picked. */
export function ListHead({ count, picked, order, writes, onOrder, onAll, onNone }: Props) {
  const some = picked.length > 0;
  return (
    <HeadFrame>
      {writes && count > 0 && <PickBox label="Choose all" checked={picked.length === count ? true : some ? "mixed" : false} onToggle={onAll} />}
      <Typography variant="h2" sx={some ? { position: "absolute", clip: "rect(0 0 0 0)" } : undefined}>
        Moments
      </Typography>
      <span className="count" role="status">
        {some ? `${picked.length} chosen` : count}
      </span>
      {some ? <OfPicked picked={picked} onNone={onNone} /> : order !== null && <OrderButtons order={order} onOrder={onOrder} />}
    </HeadFrame>
  );
}

function OfPicked({ picked, onNone }: { picked: readonly MomentOut[]; onNone: () => void }) {
  const editor = useEditor();
  const judge = (review: "kept" | "rejected") => {
    editor.judge(picked, review);
    onNone();
  };
  return (
    <>
      <button type="button" className="worded" title="Keep the chosen" onClick={() => judge("kept")}>
        <Check size={16} aria-hidden />
        Keep
      </button>
      <button type="button" className="worded" title="Reject the chosen" onClick={() => judge("rejected")}>
        <X size={16} aria-hidden />
        Reject
      </button>
      <button type="button" onClick={onNone}>
        Clear
      </button>
    </>
  );
}

const ORDERS: readonly [Order, string, string][] = [
  ["time", "Time", "In time order"],
  ["score", "Score", "Best first"],
];

function OrderButtons({ order, onOrder }: { order: Order; onOrder: (order: Order) => void }) {
  return (
    <div className="order" role="group" aria-label="Order">
      {ORDERS.map(([name, label, title]) => (
        <button key={name} type="button" title={title} aria-pressed={order === name} onClick={() => onOrder(name)}>
          {label}
        </button>
      ))}
    </div>
  );
}
