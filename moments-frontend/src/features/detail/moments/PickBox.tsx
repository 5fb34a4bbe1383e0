import { Check, Minus } from "lucide-react";

interface Props {
  label: string;
  checked: boolean | "mixed";
  /** `range` is whether Shift was held. */
  onToggle: (range: boolean) => void;
}

/** A check box. It is a button, because the page's own keys must go on working while it has the focus. */
export function PickBox({ label, checked, onToggle }: Props) {
  return (
    <button
      type="button"
      role="checkbox"
      aria-checked={checked}
      aria-label={label}
      title={label}
      // Shift would select the text in between as well.
      onMouseDown={(event) => event.shiftKey && event.preventDefault()}
      onClick={(event) => onToggle(event.shiftKey)}
    >
      <span>{checked === "mixed" ? <Minus size={14} strokeWidth={3} aria-hidden /> : checked && <Check size={14} strokeWidth={3} aria-hidden />}</span>
    </button>
  );
}
