/** Returns the addresses in a text, separated by line ends or white space; each once, in order. */
export function urlsIn(text: string): string[] {
  return [...new Set(text.split(/\s+/).filter((part) => part !== ""))];
}

/** Returns whether the server could fetch the address at all; the server checks the rest. */
export function looksLikeUrl(text: string): boolean {
  return /^(https?|gs|s3):\/\/[^/\s]+/i.test(text);
}

/** Returns a name for an address without a title: the last part of its path, else its host. */
export function nameOf(url: string): string {
  try {
    const parsed = new URL(url);
    const last = parsed.pathname.split("/").filter(Boolean).pop();
    return last === undefined ? parsed.host : decodeURIComponent(last);
  } catch {
    return url;
  }
}

/** Returns whether an address looks like a playlist or a channel: then the user chooses among its videos. */
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
