import { lazy, Suspense } from "react";
import type { Difference, Side } from "@/lib/merging";

export interface MergeProps {
  /** The name of what two users have changed. */
  what: string;
  differences: readonly Difference[];
  busy?: boolean;
  onSave: (chosen: Readonly<Record<string, Side>>) => void;
  /** Closes the dialog without a decision. */
  onLater: () => void;
}

const Body = lazy(async () => ({ default: (await import("./MergeDialogBody")).MergeDialogBody }));

/** Shows their version and mine side by side, with one choice per field. Its file is loaded when it is first needed. */
export function MergeDialog(props: MergeProps) {
  return (
    <Suspense fallback={null}>
      <Body {...props} />
    </Suspense>
  );
}
