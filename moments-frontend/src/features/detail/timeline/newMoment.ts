import { type InOut, NEITHER, type Player } from "../player/player";
import type { Editor } from "../editor/editor";

/** How long a new moment is where the user has set neither its start nor its end, in seconds. */
export const NEW_SECONDS = 30;
/** The playhead ends a moment that has only a start, if it is that far behind the start, in seconds. */
const PLAYED = 1;

/** Sets the in. An out that is not after it goes. */
export function withIn({ out }: InOut, at: number): InOut {
  return { in: at, out: out !== null && out > at ? out : null };
}

/** Sets the out. An in that is not before it goes. */
export function withOut(marks: InOut, at: number): InOut {
  return { in: marks.in !== null && marks.in < at ? marks.in : null, out: at };
}

/**
 * Returns the bounds of a new moment, in seconds: from in to out. With an in alone it ends at the playhead, if that is behind it; else what is
 * missing is as far away as a moment is usually long. With neither, the playhead is in its middle. `length` is the recording's.
 */
export function boundsOf(marks: InOut, now: number, length: number): { start: number; end: number } {
  const { in: start, out: end } = marks;
  if (start !== null && end !== null) return { start, end };
  if (start !== null) return { start, end: Math.min(now >= start + PLAYED ? now : start + NEW_SECONDS, length) };
  if (end !== null) return { start: Math.max(0, end - NEW_SECONDS), end };
  const first = Math.max(0, Math.min(now - NEW_SECONDS / 2, length - NEW_SECONDS));
  return { start: first, end: Math.min(first + NEW_SECONDS, length) };
}

/** Makes a moment from in and out, or around the playhead, and selects it. In and out stay where the server refuses it. */
export function makeMoment(editor: Pick<Editor, "create" | "select">, { inOut, time, length }: Pick<Player, "inOut" | "time" | "length">): void {
  const { start, end } = boundsOf(inOut.get(), time.get(), length.get() || Infinity);
  editor.create(null, start, end, {
    snaps: true,
    onMade: (made) => {
      inOut.set(() => NEITHER);
      editor.select(made.identifier);
    },
  });
}
