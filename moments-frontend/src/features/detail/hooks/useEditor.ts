import { useMemo } from "react";
import type { EditMoment, MomentOut, Word } from "@/api/types";
import { useNotify, useNotifyError } from "@/hooks/useNotify";
import { announce } from "@/lib/announce";
import { formatTime } from "@/lib/time";
import { useMomentWrites, useRefineAgain } from "../api/moments";
import { type Marks, snap, within } from "../lib/snapping";
import { useUndo } from "./useUndo";

interface Material {
  words: readonly Word[];
  marks: Marks;
  duration: number;
}

export interface Editor {
  edit: (moment: MomentOut, fields: EditMoment, label?: string) => void;
  move: (moment: MomentOut, start: number, end: number, free: boolean) => void;
  create: (title: string, start: number, end: number) => void;
  remove: (moment: MomentOut) => void;
  split: (moment: MomentOut, at: number) => void;
  merge: (moment: MomentOut, next: MomentOut) => void;
  /** A run that sets its boundaries anew. */
  refine: (moment: MomentOut) => void;
  undo: () => void;
}

/** What a person can do to moments, each of which can be taken back. */
export function useEditor(videoId: string, { words, marks, duration }: Material): Editor {
  const { edit, create, remove, restore } = useMomentWrites(videoId);
  const refine = useRefineAgain(videoId);
  const { push, undo, drop } = useUndo();
  const notify = useNotify();
  const onError = useNotifyError();

  return useMemo(() => {
    // Not the mutations' own callbacks: those are only called for the newest of several quick changes.
    const later = (work: Promise<unknown>) => void work.catch(onError);
    const patch = (id: string, fields: EditMoment) => edit.mutateAsync({ id, fields });
    const bringBack = (id: string) => restore.mutateAsync(id);
    const change = (moment: MomentOut, fields: EditMoment, label = "Change") => {
      const before = Object.fromEntries(Object.keys(fields).map((name) => [name, moment[name as keyof MomentOut]])) as EditMoment;
      const done = { label, undo: () => later(patch(moment.identifier, before)) };
      push(done);
      later(
        patch(moment.identifier, fields).then(
          (now) => announce(`${label}: ${now.title}, ${formatTime(now.start_time)} to ${formatTime(now.end_time)}.`),
          (refused: unknown) => {
            drop(done);
            throw refused;
          },
        ),
      );
    };
    return {
      edit: change,
      move: (moment, start, end, free) => {
        const first = free || start === moment.start_time ? start : snap(start, "start", words, marks);
        const last = free || end === moment.end_time ? end : snap(end, "end", words, marks);
        const bounds = within(first, last, duration);
        change(moment, { start_time: bounds.start, end_time: bounds.end }, "Move");
      },
      create: (title, start, end) => {
        const bounds = within(start, end, duration);
        later(
          create.mutateAsync({ title, start_time: bounds.start, end_time: bounds.end }).then((made) => {
            push({ label: "New moment", undo: () => later(remove.mutateAsync(made.identifier)) });
            notify({ message: `Made “${made.title}”.` });
          }),
        );
      },
      remove: (moment) => {
        later(
          remove.mutateAsync(moment.identifier).then(() => {
            const back = () => later(bringBack(moment.identifier));
            push({ label: "Delete", undo: back });
            notify({ message: `Deleted “${moment.title}”.`, action: { label: "Undo", run: back } });
          }),
        );
      },
      split: (moment, at) => {
        if (at <= moment.start_time + 0.1 || at >= moment.end_time - 0.1) {
          notify({ message: "Put the playhead inside the moment first.", severity: "info" });
          return;
        }
        // The second half first: should the next step fail, nothing is missing, and the half can be undone.
        later(
          create.mutateAsync({ title: `${moment.title} (2)`.slice(0, 300), start_time: at, end_time: moment.end_time }).then((made) => {
            push({
              label: "Split",
              undo: () => later(patch(moment.identifier, { end_time: moment.end_time }).then(() => remove.mutateAsync(made.identifier))),
            });
            return patch(moment.identifier, { end_time: at }).then(() => announce(`Split: ${moment.title} at ${formatTime(at)}.`));
          }),
        );
      },
      merge: (moment, next) => {
        const end = Math.max(moment.end_time, next.end_time);
        let [moved, gone] = [false, false];
        const work = patch(moment.identifier, { end_time: end })
          .then(() => {
            moved = true;
            return remove.mutateAsync(next.identifier);
          })
          .then(() => {
            gone = true;
            announce(`Merged: ${moment.title}, until ${formatTime(end)}.`);
          });
        // Taken back while it still goes on, it is finished first; of a merge that was refused halfway, the half that happened.
        const takeBack = async () => {
          await work.catch(() => undefined);
          if (gone) await bringBack(next.identifier);
          if (moved) await patch(moment.identifier, { end_time: moment.end_time });
        };
        const done = { label: "Merge", undo: () => later(takeBack()) };
        push(done);
        later(
          work.catch((refused: unknown) => {
            if (!moved) drop(done);
            throw refused;
          }),
        );
      },
      refine: (moment) => {
        later(refine.mutateAsync(moment.identifier).then(() => notify({ message: `Refining “${moment.title}” again.` })));
      },
      undo: () => {
        const label = undo();
        notify({ message: label === null ? "There is nothing to undo." : `Undone: ${label}.`, severity: "info" });
      },
    };
    // The mutations' functions stay the same; their states are not read here.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [videoId, words, marks, duration]);
}
