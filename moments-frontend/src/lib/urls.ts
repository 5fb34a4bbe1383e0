/** The addresses in a text, one a line or separated by white space; each once, in order. */
export function urlsIn(text: string): string[] {
  return [...new Set(text.split(/\s+/).filter((part) => part !== ""))];
}

/** Whether the server could fetch it at all: it says the rest. */
export function looksLikeUrl(text: string): boolean {
  return /^(https?|gs|s3):\/\/[^/\s]+/i.test(text);
}

/** What a person calls it until it has a title: the last part of its path, else its host. */
export function nameOf(url: string): string {
  try {
    const parsed = new URL(url);
    const last = parsed.pathname.split("/").filter(Boolean).pop();
    return last === undefined ? parsed.host : decodeURIComponent(last);
  } catch {
    return url;
  }
}

/** Whether an address reads like a playlist's or a channel's: a person is asked then which of its videos are meant. */
export function looksLikeList(url: string): boolean {
  try {
    const { pathname, searchParams } = new URL(url);
    return (
      searchParams.has("list") ||
      /\/(playlists?|channels?|showcase|albums?|sets|c|user|podcasts?)\/[^/]|\/playlist\/?$|\/@[^/]+(\/(videos|streams|shorts|featured))?\/?$/i.test(pathname)
    );
  } catch {
    return false;
  }
}
