import { Box, IconButton, Stack, Typography } from "@mui/material";
import { useColorScheme } from "@mui/material/styles";
import { Activity, House, Library, type LucideIcon, Moon, Settings, Sun } from "lucide-react";
import { NavLink } from "react-router";
import { LogoMark } from "@/components/LogoMark";
import { Caller } from "./Caller";

const PLACES: readonly { to: string; label: string; icon: LucideIcon }[] = [
  { to: "/", label: "Home", icon: House },
  { to: "/library", label: "Library", icon: Library },
  { to: "/pipelines", label: "Pipelines", icon: Activity },
  { to: "/settings", label: "Settings", icon: Settings },
];

/** The navigation: a rail at the side, or a bar at the foot on a phone. */
export function Navigation() {
  return (
    <Box
      component="nav"
      aria-label="Main"
      sx={{
        position: { xs: "fixed", md: "sticky" },
        inset: { xs: "auto 0 0 0", md: "0 auto auto 0" },
        height: { md: "100vh" },
        width: { md: 92 },
        flexShrink: 0,
        zIndex: 1200,
        display: "flex",
        flexDirection: { xs: "row", md: "column" },
        alignItems: "center",
        gap: { md: 0.5 },
        py: { md: 2 },
        bgcolor: "background.paper",
        borderRight: { md: 1 },
        borderTop: { xs: 1, md: 0 },
        borderColor: { xs: "divider", md: "divider" },
      }}
    >
      <Box sx={{ display: { xs: "none", md: "block" }, mb: 2 }}>
        <LogoMark />
      </Box>
      {PLACES.map((place) => (
        <Place key={place.to} {...place} />
      ))}
      <Box sx={{ display: { xs: "none", md: "flex" }, flexDirection: "column", alignItems: "center", gap: 1, mt: "auto" }}>
        <Caller />
        <ThemeToggle />
      </Box>
    </Box>
  );
}

function Place({ to, label, icon: Icon }: (typeof PLACES)[number]) {
  return (
    <Stack
      component={NavLink}
      to={to}
      end={to === "/"}
      sx={{
        alignItems: "center",
        justifyContent: "center",
        gap: 0.5,
        flex: { xs: 1, md: "none" },
        width: { md: 76 },
        minHeight: 60,
        borderRadius: { md: 2 },
        textDecoration: "none",
        color: "text.secondary",
        "&:hover": { color: "text.primary", bgcolor: "action.hover" },
        "&.active": { color: "primary.main" },
      }}
    >
      <Icon size={21} aria-hidden />
      <Typography component="span" sx={{ fontSize: 12, fontWeight: 600, lineHeight: 1 }}>
        {label}
      </Typography>
    </Stack>
  );
}

export function ThemeToggle() {
  const { mode, systemMode, setMode } = useColorScheme();
  const shown = mode === "system" ? systemMode : mode;
  const next = shown === "light" ? "dark" : "light";
  return (
    <IconButton
      title={`Switch to the ${next} theme`}
      aria-label={`Switch to the ${next} theme`}
      onClick={() => {
        setMode(next);
      }}
    >
      {next === "light" ? <Sun size={20} aria-hidden /> : <Moon size={20} aria-hidden />}
    </IconButton>
  );
}
