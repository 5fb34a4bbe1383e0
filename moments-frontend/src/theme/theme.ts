import { createTheme } from "@mui/material/styles";
import { overrides } from "./overrides";
import { dark, fontFamily, light, radius } from "./tokens";

type Tokens = { readonly [Name in keyof typeof dark]: string };

const palette = (tokens: Tokens) => ({
  primary: { main: tokens.accent, contrastText: tokens.onAccent },
  secondary: { main: tokens.calm },
  success: { main: tokens.good },
  error: { main: tokens.bad },
  warning: { main: tokens.warn },
  info: { main: tokens.calm },
  background: { default: tokens.ground, paper: tokens.surface },
  text: { primary: tokens.text, secondary: tokens.muted },
  divider: tokens.line,
});

/** Both themes in one, as CSS variables: a change of theme repaints and re-renders nothing. */
export const theme = createTheme({
  cssVariables: { colorSchemeSelector: "data-theme" },
  colorSchemes: { dark: { palette: palette(dark) }, light: { palette: palette(light) } },
  defaultColorScheme: "dark",
  shape: { borderRadius: radius },
  typography: {
    fontFamily,
    h1: { fontSize: "1.625rem", fontWeight: 700, letterSpacing: "-0.02em", lineHeight: 1.25 },
    h2: { fontSize: "1.125rem", fontWeight: 650, letterSpacing: "-0.01em", lineHeight: 1.35 },
    h3: { fontSize: "1rem", fontWeight: 600, lineHeight: 1.4 },
    body1: { fontSize: "0.9375rem" },
    body2: { fontSize: "0.875rem" },
    caption: { fontSize: "0.8125rem" },
    button: { fontSize: "0.875rem" },
  },
  components: overrides,
});
