import { currentAgain, followed, madeOf } from "@/lib/ownTags";
import { ApiError } from "./client";

/**
 * Sends a change of the version `tag`, or of the newest that this page itself has made of it. Where another user has returned to `tag`, which
 * is then what the user sees, it is sent with that: to follow this page's former change would be refused forever.
 */
export async function overOwn<Made>(tag: string, send: (tag: string) => Promise<Made>): Promise<Made> {
  const newest = followed(tag);
  try {
    return noted(newest, await send(newest));
  } catch (refused) {
    if (newest === tag || !(refused instanceof ApiError) || !refused.stale || tagOf(refused.current) !== tag) throw refused;
    currentAgain(tag);
    return noted(tag, await send(tag));
  }
}

function noted<Made>(before: string, made: Made): Made {
  const after = tagOf(made);
  if (after !== null) madeOf(before, after);
  return made;
}

function tagOf(version: unknown): string | null {
  return typeof version === "object" && version !== null && "etag" in version && typeof version.etag === "string" ? version.etag : null;
}
