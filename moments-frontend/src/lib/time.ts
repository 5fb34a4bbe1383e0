/** Times of recordings: seconds as numbers inside, `m:ss.f` on the page, from an hour on `h:mm:ss.f`. */

/** Formats seconds as `2:03.4` or `1:02:03.4`, without `tenths` as `2:03` or `1:02:03`. Rounds first, so that 59.96 is 1:00.0 and never 0:60.0. */
export function formatTime(seconds: number, { tenths = true }: { tenths?: boolean } = {}): string {
  const step = tenths ? 10 : 1;
  const all = Math.max(0, Math.round(seconds * step));
  const whole = Math.floor(all / step);
  const two = (value: number) => value.toString().padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const clock = `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(whole % 60)}`;
  return tenths ? `${clock}.${all % 10}` : clock;
}

/** Reads `h:mm:ss.f`, `m:ss` or plain seconds. Returns null for another text. */
export function parseTime(text: string): number | null {
  const parts = text.trim().replace(",", ".").split(":");
  if (parts.length > 3 || parts.some((part, index) => !(index === parts.length - 1 ? /^\d+(\.\d*)?$/ : /^\d+$/).test(part))) return null;
  const numbers = parts.map(Number);
  if (numbers.slice(1).some((value) => value >= 60)) return null;
  return numbers.reduce((sum, value) => sum * 60 + value, 0);
}

/** Formats a duration in seconds: `42 s`, `3 min 05 s`, `1 h 20 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return seconds < 10 ? `${(Math.round(seconds * 10) / 10).toString()} s` : `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${(whole % 60).toString().padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)
    .toString()
    .padStart(2, "0")} min`;
}

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

/** Formats a date and time in the user's own time zone. */
export function formatDate(iso: string): string {
  return dateTime.format(new Date(iso));
}

/** Formats a time relative to now: `5 minutes ago`. */
export function formatAgo(iso: string, now: number = Date.now()): string {
  const seconds = (new Date(iso).getTime() - now) / 1000;
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
  ];
  for (const [unit, size] of steps) if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  return relative.format(Math.trunc(seconds), "second");
}
