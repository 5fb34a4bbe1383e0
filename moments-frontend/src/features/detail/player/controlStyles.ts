import { styled } from "@mui/material/styles";

/** A button of at least 32 px, on touch screens of 44 px. */
export const TARGET = { minWidth: 32, minHeight: 32, "@media (pointer: coarse)": { minWidth: 44, minHeight: 44 } } as const;

/** Native choices and the volume, in one row with the buttons of the player. */
export const ControlRow = styled("div")({
  display: "flex",
  flexWrap: "wrap",
  alignItems: "center",
  columnGap: 8,
  padding: "6px 12px",
  "& .group": { display: "flex", flexWrap: "wrap", alignItems: "center", minWidth: 0 },
  "& .group + .group": { marginLeft: "auto" },
  "& .clock": { fontSize: 14, marginInline: 8, whiteSpace: "nowrap", fontVariantNumeric: "tabular-nums" },
  "& .clock span": { color: "var(--mui-palette-text-secondary)" },
  "& select": {
    font: "inherit",
    fontSize: 13,
    color: "var(--mui-palette-text-primary)",
    backgroundColor: "var(--mui-palette-background-paper)",
    border: "1px solid color-mix(in srgb, var(--mui-palette-text-primary) 45%, transparent)",
    borderRadius: 8,
    padding: "0 6px",
    marginInline: 2,
    minHeight: 32,
  },
  "& input[type=range]": { width: 84, minHeight: 32, margin: "0 4px", accentColor: "var(--mui-palette-primary-main)", cursor: "pointer" },
  // The volume of a phone is set by its own keys; its browsers ignore a page's.
  "@media (pointer: coarse)": { "& select": { minHeight: 44 }, "& input[type=range]": { display: "none" } },
  "@media (max-width: 599px)": { padding: "4px", "& .clock": { fontSize: 13, marginInline: 4 }, "& input[type=range]": { width: 60 } },
});
