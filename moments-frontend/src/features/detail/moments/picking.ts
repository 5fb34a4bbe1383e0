/** The moments that are picked for an action on all of them, and the one from which Shift picks a range. */
export interface Picked {
  ids: ReadonlySet<string>;
  anchor: string | null;
}

export const NONE_PICKED: Picked = { ids: new Set(), anchor: null };

/** Picks one, or unpicks it. With `range` all between the last one and it get the same state, in the order that is shown. */
export function toggled({ ids, anchor }: Picked, id: string, range: boolean, order: readonly string[]): Picked {
  const next = new Set(ids);
  const [from, to] = [order.indexOf(anchor ?? ""), order.indexOf(id)];
  const all = range && from >= 0 && to >= 0 ? order.slice(Math.min(from, to), Math.max(from, to) + 1) : [id];
  const pick = !ids.has(id);
  for (const one of all) {
    if (pick) next.add(one);
    else next.delete(one);
  }
  return { ids: next, anchor: id };
}

/** Picks all, or none where all are picked. */
export function allToggled({ ids }: Picked, order: readonly string[]): Picked {
  return order.every((id) => ids.has(id)) ? NONE_PICKED : { ids: new Set(order), anchor: null };
}
