/**
 * Records which versions this page itself has made. An edit is sent with the tag of the version that the user saw when they began, or,
 * where the page itself has changed it since (quick edits, undo), with the tag of its own change. Another user's change is never followed.
 */
const next = new Map<string, string>();

/** Returns the tag of the newest version that this page has made of `tag`, or `tag` itself where it has made none. */
export function followed(tag: string): string {
  let newest = tag;
  for (let after = next.get(newest); after !== undefined; after = next.get(newest)) newest = after;
  return newest;
}

/**
 * Notes that a change of this page made `after` of `before`. A tag identifies content: a version that returns to an earlier tag is current
 * again.
 */
export function madeOf(before: string, after: string): void {
  if (before !== after) next.set(before, after);
  next.delete(after);
}

/** Notes that another user has returned to the version `tag`: what this page had made of it is no longer current. */
export function currentAgain(tag: string): void {
  next.delete(tag);
}
