import type { EditMoment, MomentOut, Word } from "@/api/types";
import { announce } from "@/lib/announce";
import { formatTime } from "@/lib/time";
import { type Changes, fieldsOf } from "./changes";
import { titleOf } from "../transcript/selection";
import { type Marks, snap, within } from "./snapping";

/** What edges of moments snap to, and the recording's length in seconds. */
export interface Material {
  words: readonly Word[];
  marks: Marks;
  duration: number;
}

export interface NewMoment {
  /** Whether its edges snap to words and marks. */
  snaps?: boolean;
  /** Called with the moment once it is stored. */
  onMade?: (made: MomentOut) => void;
}

export interface Editing {
  edit: (moment: MomentOut, fields: EditMoment, label?: string) => void;
  /** Sets new bounds. An edge that moved snaps to words and marks, unless it is `free`. */
  move: (moment: MomentOut, start: number, end: number, free: boolean) => void;
  /** Stores a new moment. Without a title it is named after its first words, or its time where nothing is said. */
  create: (title: string | null, start: number, end: number, how?: NewMoment) => void;
  remove: (moment: MomentOut) => void;
}

/** Returns the changes of one moment, each of which can be undone. */
export function editing({ writes, undo, notify, later, patch, take, bringBack }: Changes, { words, marks, duration }: Material): Editing {
  const edit = (moment: MomentOut, fields: EditMoment, label = "Change") => {
    const before = fieldsOf(moment, fields);
    let latest = moment;
    const done = { label, undo: () => later(patch(latest, before)) };
    undo.push(done);
    later(
      patch(moment, fields).then(
        (now) => {
          latest = now;
          announce(`${label}: ${now.title}, ${formatTime(now.start_time)} to ${formatTime(now.end_time)}.`);
        },
        (refused: unknown) => {
          undo.drop(done);
          throw refused;
        },
      ),
    );
  };
  return {
    edit,
    move: (moment, start, end, free) => {
      const first = free || start === moment.start_time ? start : snap(start, "start", words, marks);
      const last = free || end === moment.end_time ? end : snap(end, "end", words, marks);
      const bounds = within(first, last, duration);
      edit(moment, { start_time: bounds.start, end_time: bounds.end }, "Move");
    },
    create: (title, start, end, { snaps = false, onMade } = {}) => {
      const bounds = within(snaps ? snap(start, "start", words, marks) : start, snaps ? snap(end, "end", words, marks) : end, duration);
      later(
        writes.create({ title: title ?? nameOf(words, bounds), start_time: bounds.start, end_time: bounds.end }).then((made) => {
          onMade?.(made);
          undo.push({ label: "New moment", undo: () => later(take(made)) });
          notify({ message: `Made “${made.title}”.` });
        }),
      );
    },
    remove: (moment) => {
      later(
        take(moment).then(() => {
          const back = () => later(bringBack(moment.identifier));
          undo.push({ label: "Delete", undo: back });
          notify({ message: `Deleted “${moment.title}”.`, action: { label: "Undo", run: back } });
        }),
      );
    },
  };
}

/** Names a moment after the words in its bounds, or after its start where there are none. */
function nameOf(words: readonly Word[], { start, end }: { start: number; end: number }): string {
  const inside = words.filter((word) => word.start < end && word.end > start && (word.start + word.end) / 2 >= start);
  return inside.length > 0 ? titleOf(inside) : `Moment at ${formatTime(start, { tenths: false })}`;
}
