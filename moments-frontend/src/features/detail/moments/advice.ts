import type { MomentOut, TranscriptOut } from "@/api/types";
import { finderOf, isBuiltIn } from "./origin";

const ENGLISH = /^en(?:$|[-_])/i;

/**
 * Returns the language that the built-in model chose moments in without knowing it, as a tag ("de"), or null. Of the built-in models none
 * knows another language than English; moments by hand and those of other models are of no concern.
 */
export function unknownLanguage(moments: readonly MomentOut[], transcript: TranscriptOut | null): string | null {
  const language = transcript?.language ?? null;
  if (language === null || language === "" || ENGLISH.test(language)) return null;
  return moments.some((moment) => moment.engine !== null && isBuiltIn(finderOf(moment.engine))) ? language : null;
}

/** Returns a language's name in English, or its tag where it has none. */
export function languageName(tag: string): string {
  try {
    return new Intl.DisplayNames("en", { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag; // "unknown" and the like are no tags
  }
}
