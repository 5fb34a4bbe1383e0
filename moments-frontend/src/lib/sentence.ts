/** Returns a remark of the server, which begins small and mostly has no full stop, as a sentence. */
export function sentence(remark: string): string {
  return `${remark.charAt(0).toUpperCase()}${remark.slice(1)}${/[.!?]$/.test(remark) ? "" : "."}`;
}
