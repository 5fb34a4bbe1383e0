/**
 * Which versions are this page's own doing. An edit is sent with the tag of what the person saw when they began; where the page itself has
 * changed that since (quick edits, undo), with the tag that its own change left. Somebody else's change is never followed.
 */
const next = new Map<string, string>();

/** The newest version that this page has made of `tag`; `tag` itself where it has made none. */
export function followed(tag: string): string {
  let newest = tag;
  for (let after = next.get(newest); after !== undefined; after = next.get(newest)) newest = after;
  return newest;
}

/** A change of ours made `after` of `before`. A tag names content: what is back at an earlier one is current again, not followed on. */
export function madeOf(before: string, after: string): void {
  if (before !== after) next.set(before, after);
  next.delete(after);
}
