/** Compares two users' versions of one thing, field by field. */

export type Side = "theirs" | "mine";

export interface Field<Thing> {
  name: string;
  label: string;
  show: (thing: Thing) => string;
}

export interface Difference {
  name: string;
  label: string;
  before: string;
  theirs: string;
  mine: string;
  /** Null where both changed it, and the user has to choose. */
  preferred: Side | null;
}

/** Returns the fields in which theirs and mine differ. A value that only one of both has changed is preferred. */
export function differences<Thing>(fields: readonly Field<Thing>[], before: Thing, theirs: Thing, mine: Thing): Difference[] {
  return fields.flatMap(({ name, label, show }) => {
    const [was, their, my] = [show(before), show(theirs), show(mine)];
    if (their === my) return [];
    return [{ name, label, before: was, theirs: their, mine: my, preferred: my === was ? ("theirs" as const) : their === was ? ("mine" as const) : null }];
  });
}
