import type { MomentOut } from "@/api/types";
import { announce } from "@/lib/announce";
import type { Side } from "@/lib/merging";
import { formatTime } from "@/lib/time";
import { type Changes, fieldsOf } from "./changes";
import { chosenOf, type Conflict, dropConflict, isSaving, setSaving } from "./conflictStore";

export interface Merging {
  /** Merges two consecutive moments into one. */
  merge: (moment: MomentOut, next: MomentOut) => void;
  /** Saves the fields for which mine was chosen over theirs; the others stay theirs. */
  decide: (conflict: Conflict, chosen: Readonly<Record<string, Side>>) => void;
}

/** Returns the merging of two moments, and of two users' changes of one moment. */
export function merging({ undo, notify, later, patch, take, bringBack }: Changes): Merging {
  return {
    merge: (moment, next) => {
      const end = Math.max(moment.end_time, next.end_time);
      let [moved, gone] = [false, false];
      const work = patch(moment, { end_time: end })
        .then(() => {
          moved = true;
          return take(next);
        })
        .then(() => {
          gone = true;
          announce(`Merged: ${moment.title}, until ${formatTime(end)}.`);
        });
      // An undo during the merge waits for its end; of a merge that was refused halfway, it undoes the half that happened.
      const takeBack = async () => {
        await work.catch(() => undefined);
        if (gone) await bringBack(next.identifier);
        if (moved) await patch(moment, { end_time: moment.end_time });
      };
      const done = { label: "Merge", undo: () => later(takeBack()) };
      undo.push(done);
      later(
        work.catch((refused: unknown) => {
          if (!moved) undo.drop(done);
          throw refused;
        }),
      );
    },
    decide: (conflict, chosen) => {
      const fields = chosenOf(conflict, chosen);
      const id = conflict.theirs.identifier;
      // Pressed twice, the second time would be refused as a change of the version before the first.
      if (isSaving(id)) return;
      if (Object.keys(fields).length === 0) {
        dropConflict(id);
        notify({ message: `“${conflict.theirs.title}” stays as it is.` });
        return;
      }
      const before = fieldsOf(conflict.theirs, fields);
      setSaving(id, true);
      later(
        patch(conflict.theirs, fields)
          .then((now) => {
            dropConflict(id);
            undo.push({ label: "Merge of changes", undo: () => later(patch(now, before)) });
            notify({ message: `“${now.title}” is saved.` });
          })
          .finally(() => setSaving(id, false)),
      );
    },
  };
}
