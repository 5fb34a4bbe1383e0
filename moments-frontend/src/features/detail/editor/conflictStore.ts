import type { EditMoment, MomentOut } from "@/api/types";
import type { Field, Side } from "@/lib/merging";
import { createStore } from "@/lib/store";
import { formatTime } from "@/lib/time";

/** A change that was based on an older version of a moment and is not saved: `mine` over what I had `seen`, beside `theirs`. */
export interface Conflict {
  videoId: string;
  seen: MomentOut;
  theirs: MomentOut;
  mine: EditMoment;
  /** Whether a decision is being saved. Until that has ended, no other may be taken. */
  saving?: boolean;
}

/** The conflicts without a decision. They remain when the user leaves the page. */
export const conflicts = createStore<readonly Conflict[]>([]);

// Closing or reloading the tab would lose them, whichever page it shows then.
const hold = (event: BeforeUnloadEvent) => event.preventDefault();
conflicts.subscribe(() => {
  if (conflicts.get().length > 0) window.addEventListener("beforeunload", hold);
  else window.removeEventListener("beforeunload", hold);
});

/** Adds a conflict, at most one per moment: a further change of the same moment is added to it, beside the newest of theirs. */
export function addConflict(found: Conflict): void {
  conflicts.set((all) => {
    const before = all.find((one) => one.seen.identifier === found.seen.identifier);
    const joined = before === undefined ? found : { ...found, seen: before.seen, mine: { ...before.mine, ...found.mine } };
    return before === undefined ? [...all, joined] : all.map((one) => (one === before ? joined : one));
  });
}

export function setSaving(momentId: string, saving: boolean): void {
  conflicts.set((all) => all.map((one) => (one.seen.identifier === momentId ? { ...one, saving } : one)));
}

export function isSaving(momentId: string): boolean {
  return conflicts.get().some((one) => one.seen.identifier === momentId && one.saving === true);
}

export function dropConflict(momentId: string): void {
  conflicts.set((all) => all.filter((one) => one.seen.identifier !== momentId));
}

/** Returns the moment as I wanted it. */
export function mineOf({ seen, mine }: Conflict): MomentOut {
  return { ...seen, ...given(mine) };
}

/** Returns whether a moment already has all the values that were wanted. */
export function hasAll(moment: MomentOut, wanted: EditMoment): boolean {
  return Object.entries(given(wanted)).every(([name, value]) => moment[name as keyof MomentOut] === value);
}

/** Returns what to send: my values of the fields for which mine was chosen. */
export function chosenOf(conflict: Conflict, chosen: Readonly<Record<string, Side>>): EditMoment {
  const mine = mineOf(conflict);
  const names = MOMENT_FIELDS.map((field) => field.name).filter((name) => chosen[name] === "mine");
  return Object.fromEntries(names.map((name) => [name, mine[name as keyof MomentOut]]));
}

const REVIEWS = { new: "Not judged", kept: "Kept", rejected: "Rejected" } as const;

export const MOMENT_FIELDS: readonly Field<MomentOut>[] = [
  { name: "title", label: "Title", show: (moment) => moment.title },
  { name: "start_time", label: "Start", show: (moment) => exact(moment.start_time) },
  { name: "end_time", label: "End", show: (moment) => exact(moment.end_time) },
  { name: "review", label: "Judgement", show: (moment) => REVIEWS[moment.review] },
];

function given(fields: EditMoment): Partial<MomentOut> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null));
}

/** Formats seconds to the millisecond, so that different values look different. */
function exact(seconds: number): string {
  const milliseconds = Math.round(seconds * 1000);
  return `${formatTime(Math.floor(milliseconds / 1000), { tenths: false })}.${(milliseconds % 1000).toString().padStart(3, "0")}`;
}
