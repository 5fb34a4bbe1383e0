import { useMemo } from "react";
import type { EditMoment, MomentOut, Word } from "@/api/types";
import { useNotify, useNotifyError } from "@/hooks/useNotify";
import { announce } from "@/lib/announce";
import { formatTime } from "@/lib/time";
import { toApiError } from "@/api/client";
import type { Side } from "@/lib/merging";
import { useMomentWrites, useRefineAgain } from "../api/moments";
import { addConflict, chosenOf, type Conflict, dropConflict, hasAll } from "../lib/conflicts";
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
  /** Saves what was chosen of mine over theirs; the rest stays theirs. */
  decide: (conflict: Conflict, chosen: Readonly<Record<string, Side>>) => void;
}

/** Not saved, and waiting in `conflicts` for a person. */
class Undecided extends Error {}

/** What a person can do to moments, each of which can be taken back. */
export function useEditor(videoId: string, { words, marks, duration }: Material): Editor {
  const { edit, create, remove, restore } = useMomentWrites(videoId);
  const refine = useRefineAgain(videoId);
  const { push, undo, drop } = useUndo();
  const notify = useNotify();
  const onError = useNotifyError();

  return useMemo(() => {
    // Not the mutations' own callbacks: those are only called for the newest of several quick changes.
    const later = (work: Promise<unknown>) =>
      void work.catch((refused: unknown) => {
        if (!(refused instanceof Undecided)) onError(refused);
      });
    const bringBack = (id: string) => restore.mutateAsync(id);
    // `seen` is the moment as the person had it before them; where somebody else has changed it since, nothing is saved over that.
    const patch = (seen: MomentOut, fields: EditMoment): Promise<MomentOut> =>
      edit.mutateAsync({ id: seen.identifier, fields, etag: seen.etag }).catch((refused: unknown) => {
        const known = toApiError(refused);
        if (known.code === "moment_not_found") offerBack(seen, fields);
        if (!known.stale) throw refused;
        const theirs = known.current as MomentOut;
        if (hasAll(theirs, fields)) return theirs;
        addConflict({ videoId, seen, theirs, mine: fields });
        throw new Undecided();
      });
    const offerBack = (seen: MomentOut, fields: EditMoment) => {
      const again = () => later(bringBack(seen.identifier).then((now) => patch(now, fields)));
      notify({ message: `“${seen.title}” was deleted meanwhile.`, severity: "warning", action: { label: "Bring it back with my change", run: again } });
      throw new Undecided();
    };
    const take = (moment: MomentOut): Promise<unknown> =>
      remove.mutateAsync({ id: moment.identifier, etag: moment.etag }).catch((refused: unknown) => {
        if (!toApiError(refused).stale) throw refused;
        notify({ message: `Somebody else changed “${moment.title}” meanwhile: it is still there. Look at it, then delete it again.`, severity: "warning" });
        throw new Undecided();
      });
    const change = (moment: MomentOut, fields: EditMoment, label = "Change") => {
      const before = Object.fromEntries(Object.keys(fields).map((name) => [name, moment[name as keyof MomentOut]])) as EditMoment;
      let latest = moment;
      const done = { label, undo: () => later(patch(latest, before)) };
      push(done);
      later(
        patch(moment, fields).then(
          (now) => {
            latest = now;
            announce(`${label}: ${now.title}, ${formatTime(now.start_time)} to ${formatTime(now.end_time)}.`);
          },
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
            push({ label: "New moment", undo: () => later(take(made)) });
            notify({ message: `Made “${made.title}”.` });
          }),
        );
      },
      remove: (moment) => {
        later(
          take(moment).then(() => {
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
              undo: () => later(patch(moment, { end_time: moment.end_time }).then(() => take(made))),
            });
            return patch(moment, { end_time: at }).then(() => announce(`Split: ${moment.title} at ${formatTime(at)}.`));
          }),
        );
      },
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
        // Taken back while it still goes on, it is finished first; of a merge that was refused halfway, the half that happened.
        const takeBack = async () => {
          await work.catch(() => undefined);
          if (gone) await bringBack(next.identifier);
          if (moved) await patch(moment, { end_time: moment.end_time });
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
      decide: (conflict, chosen) => {
        const fields = chosenOf(conflict, chosen);
        const id = conflict.theirs.identifier;
        if (Object.keys(fields).length === 0) {
          dropConflict(id);
          notify({ message: `“${conflict.theirs.title}” stays as it is.` });
          return;
        }
        const before = Object.fromEntries(Object.keys(fields).map((name) => [name, conflict.theirs[name as keyof MomentOut]])) as EditMoment;
        later(
          patch(conflict.theirs, fields).then((now) => {
            dropConflict(id);
            push({ label: "Merge of changes", undo: () => later(patch(now, before)) });
            notify({ message: `“${now.title}” is saved.` });
          }),
        );
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
