import type { MomentOut } from "@/api/types";
import { announce } from "@/lib/announce";
import { formatTime } from "@/lib/time";
import type { Changes } from "./changes";

export interface Splitting {
  /** Splits a moment into two, at a time inside it. */
  split: (moment: MomentOut, at: number) => void;
}

export function splitting({ writes, undo, notify, later, patch, take }: Changes): Splitting {
  return {
    split: (moment, at) => {
      if (at <= moment.start_time + 0.1 || at >= moment.end_time - 0.1) {
        notify({ message: "Put the playhead inside the moment first.", severity: "info" });
        return;
      }
      // The second half is made first: if the next step fails, nothing is missing, and the half can be undone.
      later(
        writes.create({ title: `${moment.title} (2)`.slice(0, 300), start_time: at, end_time: moment.end_time }).then((made) => {
          undo.push({
            label: "Split",
            undo: () => later(patch(moment, { end_time: moment.end_time }).then(() => take(made))),
          });
          return patch(moment, { end_time: at }).then(() => announce(`Split: ${moment.title} at ${formatTime(at)}.`));
        }),
      );
    },
  };
}
