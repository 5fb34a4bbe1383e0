import { lazy, Suspense } from "react";
import type { Difference, Side } from "@/lib/merging";

export interface MergeProps {
  /** What two people have changed. */
  what: string;
  differences: readonly Difference[];
  busy?: boolean;
  onSave: (chosen: Readonly<Record<string, Side>>) => void;
  /** Closes it; nothing is decided. */
  onLater: () => void;
}

const Body = lazy(async () => ({ default: (await import("./MergeDialogBody")).MergeDialogBody }));

/** Theirs and mine side by side, one choice a field. Its file comes when it is first needed. */
export function MergeDialog(props: MergeProps) {
  return (
    <Suspense fallback={null}>
      <Body {...props} />
    </Suspense>
  );
}
