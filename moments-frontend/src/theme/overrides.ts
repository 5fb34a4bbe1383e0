import type { Components, Theme } from "@mui/material/styles";

const SEVERITIES = ["success", "info", "warning", "error"] as const;

/** Changes MUI's components where they differ from their defaults. Colours and type come from the tokens. */
export const overrides: Components<Theme> = {
  MuiCssBaseline: {
    styleOverrides: {
      "html, body, #root": { height: "100%" },
      body: { fontFeatureSettings: '"cv05", "cv11", "ss03"', overflowY: "scroll" },
      ":focus-visible": { outline: "2px solid var(--mui-palette-primary-main)", outlineOffset: 2 },
      "@media (prefers-reduced-motion: reduce)": { "*": { animationDuration: "0.01ms !important", transitionDuration: "0.01ms !important" } },
    },
  },
  MuiButton: {
    defaultProps: { disableElevation: true },
    styleOverrides: {
      root: {
        textTransform: "none",
        fontWeight: 600,
        borderRadius: 8,
        minHeight: 36,
        variants: [{ props: { variant: "outlined", color: "inherit" }, style: { borderColor: "color-mix(in srgb, currentColor 35%, transparent)" } }],
      },
    },
  },
  MuiPaper: { defaultProps: { elevation: 0 }, styleOverrides: { root: { backgroundImage: "none" } } },
  MuiCard: {
    defaultProps: { variant: "outlined" },
    styleOverrides: { root: ({ theme }) => ({ backgroundColor: theme.vars?.palette.background.paper ?? theme.palette.background.paper }) },
  },
  MuiChip: { styleOverrides: { root: { fontWeight: 600, borderRadius: 6 }, sizeSmall: { height: 22, fontSize: 12 } } },
  MuiTextField: { defaultProps: { size: "small" } },
  MuiSelect: { defaultProps: { size: "small" } },
  MuiFormControl: { defaultProps: { size: "small" } },
  MuiTooltip: { defaultProps: { arrow: true, enterDelay: 400 } },
  MuiDialog: { defaultProps: { fullWidth: true, maxWidth: "sm" } },
  // The default white on a middle tone has too little contrast in the dark theme.
  MuiAlert: {
    styleOverrides: {
      root: {
        variants: SEVERITIES.map((severity) => ({
          props: { variant: "filled" as const, severity },
          style: { backgroundColor: `var(--mui-palette-${severity}-main)`, color: "var(--mui-palette-background-default)" },
        })),
      },
    },
  },
  MuiDialogTitle: { styleOverrides: { root: { fontSize: "1.125rem", fontWeight: 650, letterSpacing: "-0.01em" } } },
  MuiDialogActions: { styleOverrides: { root: { padding: "12px 24px 20px" } } },
  MuiLink: { defaultProps: { underline: "hover" } },
  MuiTab: { styleOverrides: { root: { textTransform: "none", fontWeight: 600, minHeight: 44 } } },
  MuiTableCell: { styleOverrides: { head: { fontWeight: 600 } } },
};
