import { useMemo } from "react";
import type { EditMoment, MomentOut, Word } from "@/api/types";
import { useNotify, useNotifyError } from "@/hooks/useNotify";
import { useMomentWrites } from "../api/moments";
import { snap, within } from "../lib/snapping";
import { useUndo } from "./useUndo";

interface Material {
  words: readonly Word[];
  cuts: readonly number[];
  duration: number;
}

export interface Editor {
  edit: (moment: MomentOut, fields: EditMoment, label?: string) => void;
  move: (moment: MomentOut, start: number, end: number, free: boolean) => void;
  create: (title: string, start: number, end: number) => void;
  remove: (moment: MomentOut) => void;
  split: (moment: MomentOut, at: number) => void;
  merge: (moment: MomentOut, next: MomentOut) => void;
  undo: () => void;
}

/** What a person can do to moments, each of which can be taken back. */
export function useEditor(videoId: string, { words, cuts, duration }: Material): Editor {
  const { edit, create, remove, restore } = useMomentWrites(videoId);
  const { push, undo } = useUndo();
  const notify = useNotify();
  const onError = useNotifyError();

  return useMemo(() => {
    const change = (moment: MomentOut, fields: EditMoment, label = "Change") => {
      const before = Object.fromEntries(Object.keys(fields).map((name) => [name, moment[name as keyof MomentOut]])) as EditMoment;
      push({ label, undo: () => edit.mutate({ id: moment.identifier, fields: before }, { onError }) });
      edit.mutate({ id: moment.identifier, fields }, { onError });
    };
    const bringBack = (id: string) => restore.mutate(id, { onError });
    return {
      edit: change,
      move: (moment, start, end, free) => {
        const first = free || start === moment.start_time ? start : snap(start, "start", words, cuts);
        const last = free || end === moment.end_time ? end : snap(end, "end", words, cuts);
        const bounds = within(first, last, duration);
        change(moment, { start_time: bounds.start, end_time: bounds.end }, "Move");
      },
      create: (title, start, end) => {
        const bounds = within(start, end, duration);
        create.mutate(
          { title, start_time: bounds.start, end_time: bounds.end },
          {
            onError,
            onSuccess: (made) => {
              push({ label: "New moment", undo: () => remove.mutate(made.identifier, { onError }) });
              notify({ message: `Made “${made.title}”.` });
            },
          },
        );
      },
      remove: (moment) => {
        remove.mutate(moment.identifier, {
          onError,
          onSuccess: () => {
            push({ label: "Delete", undo: () => bringBack(moment.identifier) });
            notify({ message: `Deleted “${moment.title}”.`, action: { label: "Undo", run: () => bringBack(moment.identifier) } });
          },
        });
      },
      split: (moment, at) => {
        if (at <= moment.start_time + 0.1 || at >= moment.end_time - 0.1) {
          notify({ message: "Put the playhead inside the moment first.", severity: "info" });
          return;
        }
        // The second half first: should the next step fail, nothing is missing.
        create.mutate(
          { title: `${moment.title} (2)`.slice(0, 300), start_time: at, end_time: moment.end_time },
          {
            onError,
            onSuccess: (made) =>
              edit.mutate(
                { id: moment.identifier, fields: { end_time: at } },
                {
                  onError,
                  onSuccess: () =>
                    push({
                      label: "Split",
                      undo: () => {
                        edit.mutate({ id: moment.identifier, fields: { end_time: moment.end_time } }, { onError });
                        remove.mutate(made.identifier, { onError });
                      },
                    }),
                },
              ),
          },
        );
      },
      merge: (moment, next) => {
        const end = Math.max(moment.end_time, next.end_time);
        edit.mutate(
          { id: moment.identifier, fields: { end_time: end } },
          {
            onError,
            onSuccess: () =>
              remove.mutate(next.identifier, {
                onError,
                onSuccess: () =>
                  push({
                    label: "Merge",
                    undo: () => {
                      bringBack(next.identifier);
                      edit.mutate({ id: moment.identifier, fields: { end_time: moment.end_time } }, { onError });
                    },
                  }),
              }),
          },
        );
      },
      undo: () => {
        const label = undo();
        notify({ message: label === null ? "There is nothing to undo." : `Undone: ${label}.`, severity: "info" });
      },
    };
    // The mutations' functions stay the same; their states are not read here.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [videoId, words, cuts, duration]);
}
