import { styled } from "@mui/material/styles";

/** Steps of 4 px. Texts have two sizes: 15 px for what a moment is, 13 px for all else. */
const [SMALL, GAP, WIDE] = [4, 8, 12];
const [TEXT, NOTE] = [15, 13];
const STILL = { width: 96, height: 54 };
const MUTED = "var(--mui-palette-text-secondary)";
const QUICK = "background-color 120ms ease, border-color 120ms ease, color 120ms ease";
/** Lines of said text. Always so many, so that all cards are equally high, and none moves when its bounds change. */
const LINES = 2;
const NO_MOTION = "@media (prefers-reduced-motion: reduce)";

const clamped = { display: "-webkit-box", WebkitBoxOrient: "vertical", WebkitLineClamp: LINES, overflow: "hidden" } as const;

/** Buttons with and without text, on cards and above them. */
const buttons = {
  "& button": {
    display: "inline-flex",
    alignItems: "center",
    justifyContent: "center",
    gap: SMALL,
    minWidth: 32,
    height: 32,
    padding: 0,
    border: "1px solid transparent",
    borderRadius: GAP,
    background: "none",
    color: MUTED,
    font: "inherit",
    fontSize: NOTE,
    cursor: "pointer",
    flexShrink: 0,
    transition: QUICK,
    [NO_MOTION]: { transition: "none" },
  },
  "& button:hover": { backgroundColor: "var(--mui-palette-action-hover)" },
  "& button.worded": { padding: `0 ${GAP}px`, fontWeight: 600, color: "var(--mui-palette-text-primary)", borderColor: "var(--mui-palette-divider)" },
  "& button.warned": { color: "var(--mui-palette-warning-main)" },
  "& button.keep[aria-pressed=true]": { color: "var(--mui-palette-success-main)", borderColor: "currentColor" },
  "& button.reject[aria-pressed=true]": { color: "var(--mui-palette-error-main)", borderColor: "currentColor" },
  // On the tint of a chosen card the usual ground leaves coloured text too little contrast.
  "& button.worded[aria-pressed=true]:hover": { backgroundColor: "transparent" },
  "& button[role=checkbox] span": {
    display: "grid",
    placeItems: "center",
    width: 20,
    height: 20,
    border: "2px solid",
    borderRadius: 5,
    backgroundColor: "var(--mui-palette-background-paper)",
  },
  "& button[role=checkbox][aria-checked]:not([aria-checked=false]) span": {
    borderColor: "var(--mui-palette-primary-main)",
    backgroundColor: "var(--mui-palette-primary-main)",
    color: "var(--mui-palette-primary-contrastText)",
  },
};

/** The row above the list. Its height is the same whatever it holds, so that the list below stays in its place. */
export const HeadFrame = styled("div")({
  ...buttons,
  display: "flex",
  alignItems: "center",
  gap: GAP,
  height: 52,
  flexShrink: 0,
  padding: `0 ${WIDE}px`,
  borderBottom: "1px solid var(--mui-palette-divider)",
  "& .count": { flex: 1, minWidth: 0, fontSize: NOTE, color: MUTED, whiteSpace: "nowrap" },
  "& .order": { display: "flex", gap: SMALL },
  "& .order button": { padding: `0 ${GAP}px` },
  "& .order [aria-pressed=true]": { color: "var(--mui-palette-text-primary)", backgroundColor: "var(--mui-palette-action-selected)", fontWeight: 600 },
});

/**
 * The style of a moment in the list, in one style for all its parts: rows are mounted and unmounted while the list scrolls, and each
 * component with its own style costs as much as ten plain elements.
 */
export const MomentFrame = styled("div")({
  ...buttons,
  display: "grid",
  gridTemplateColumns: `${STILL.width}px minmax(0, 1fr)`,
  gridTemplateAreas: '"still what" "said said" "acts acts"',
  columnGap: WIDE,
  rowGap: SMALL,
  padding: `${GAP}px ${WIDE}px`,
  borderBottom: "1px solid var(--mui-palette-divider)",
  borderLeft: "4px solid",
  "&[aria-current]": { backgroundColor: "color-mix(in srgb, var(--mui-palette-primary-main) 10%, transparent)" },
  "&[data-review=rejected] .title": { color: MUTED, textDecoration: "line-through" },
  "& .still": { gridArea: "still", position: "relative", height: STILL.height, borderRadius: GAP, overflow: "hidden", backgroundColor: "var(--mui-palette-action-hover)" },
  "& .still img": { position: "absolute", inset: 0, width: "100%", height: "100%", objectFit: "cover" },
  "& .still .play": { position: "absolute", inset: 0, width: "100%", height: "100%", borderRadius: GAP },
  "& .still .play:focus-visible": { outlineOffset: -2 },
  "& .still .play svg": { position: "relative", color: "#fff", filter: "drop-shadow(0 1px 3px rgb(0 0 0 / 0.9))" },
  "& .still.bare .play svg": { color: "var(--mui-palette-primary-main)", filter: "none" },
  "& .still .length": {
    position: "absolute",
    right: SMALL,
    bottom: SMALL,
    padding: "0 4px",
    borderRadius: 4,
    fontSize: 12,
    lineHeight: "16px",
    fontVariantNumeric: "tabular-nums",
    color: "#fff",
    backgroundColor: "rgb(0 0 0 / 0.8)",
    pointerEvents: "none",
  },
  "& .still [role=checkbox]": { position: "absolute", left: 0, top: 0, minWidth: 28, height: 28, padding: 0 },
  "& .still [role=checkbox]:focus-visible": { outlineOffset: -2 },
  "& .still [role=checkbox]:hover": { backgroundColor: "transparent" },
  "& .what": { gridArea: "what", minWidth: 0 },
  "& .when": { display: "flex", alignItems: "center", gap: 2, fontSize: NOTE, lineHeight: "24px", color: MUTED, fontVariantNumeric: "tabular-nums" },
  "& input, & textarea": { font: "inherit", color: "inherit", background: "none", border: "1px solid transparent", borderRadius: 6, padding: "2px 4px", minWidth: 0 },
  "& .what input, & .what textarea": { marginLeft: -5 },
  "& .when span + .time input": { marginLeft: 0 },
  "& input:hover, & input:focus, & textarea:hover, & textarea:focus": { backgroundColor: "var(--mui-palette-action-hover)" },
  "& input[aria-invalid]": { borderColor: "var(--mui-palette-error-main)" },
  "& textarea.title": { display: "block", width: "calc(100% + 5px)", maxHeight: 46, fontWeight: 600, fontSize: TEXT, lineHeight: "20px", resize: "none", fieldSizing: "content" },
  "& span.title": { ...clamped, fontWeight: 600, fontSize: TEXT, lineHeight: "20px", overflowWrap: "anywhere" },
  "& .time": { display: "inline-flex" },
  "& .time input": { width: 76, fontSize: NOTE, lineHeight: "18px", "@supports (field-sizing: content)": { width: "auto", fieldSizing: "content" } },
  "& .said": { ...clamped, gridArea: "said", height: LINES * 18, margin: 0, fontSize: NOTE, lineHeight: "18px", color: MUTED, overflowWrap: "anywhere" },
  "& .said [data-unsure]": { textDecoration: "underline dotted", textUnderlineOffset: 3 },
  "& .acts": { gridArea: "acts", display: "flex", alignItems: "center", gap: GAP, marginTop: SMALL },
  "& .acts .rest": { display: "flex", marginLeft: "auto" },
  "& .rating": { fontSize: NOTE, color: MUTED, whiteSpace: "nowrap" },
  "& .rating[data-rating=Strong]": { fontWeight: 600, color: "var(--mui-palette-primary-main)" },
  // Where the list is wide, the picture stands beside all of the text.
  "@container (min-width: 560px)": {
    gridTemplateColumns: "160px minmax(0, 1fr)",
    gridTemplateAreas: '"still what" "still said" "still acts"',
    columnGap: 16,
    padding: `${WIDE}px 16px`,
    "& .still": { height: 90 },
  },
});
