/** The design tokens: an editing suite by night (charcoal, amber), paper by day. Every pair of text and background reaches WCAG AA. */

export const dark = {
  ground: "#0f1216",
  surface: "#171b21",
  raised: "#1f242c",
  line: "#2d343e",
  text: "#eef1f5",
  muted: "#a3adba",
  accent: "#ffb224",
  onAccent: "#1c1404",
  good: "#4cc38a",
  bad: "#ff7b72",
  warn: "#f5c451",
  calm: "#7ab8ff",
} as const;

export const light = {
  ground: "#f6f4ef",
  surface: "#fffdf9",
  raised: "#ffffff",
  line: "#dfd9cc",
  text: "#1d2026",
  muted: "#5a6170",
  accent: "#8a5200",
  onAccent: "#ffffff",
  good: "#146c43",
  bad: "#b3261e",
  warn: "#7a5600",
  calm: "#1f5fa8",
} as const;

export const fontFamily = '"Inter Variable", system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
export const radius = 10;
/** Colours of moments on the timeline, used in turn. */
export const regionColours = ["#ffb224", "#4cc38a", "#7ab8ff", "#e38ec9", "#c3a6ff", "#5fd0d6"] as const;
