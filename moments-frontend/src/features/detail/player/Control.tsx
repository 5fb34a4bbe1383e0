import { IconButton, Tooltip } from "@mui/material";
import type { LucideIcon } from "lucide-react";
import { TARGET } from "./controlStyles";

interface Props {
  label: string;
  icon: LucideIcon;
  onClick: () => void;
  /** The key that does the same. */
  keys?: string;
  /** For a button that switches something on and off. */
  pressed?: boolean;
  size?: number;
  main?: boolean;
}

/** Returns where a tooltip or a dialog is put: in full screen nothing outside of the element that fills it is visible. */
export const onScreen = () => document.fullscreenElement ?? document.body;

/** A button of the player, named and with its key in a tooltip. */
export function Control({ label, icon: Icon, onClick, keys, pressed, size = 18, main = false }: Props) {
  return (
    <Tooltip title={keys === undefined ? label : `${label} (${keys})`} slotProps={{ popper: { container: onScreen } }}>
      <IconButton
        aria-label={label}
        aria-pressed={pressed}
        color={main || pressed === true ? "primary" : "default"}
        onClick={onClick}
        sx={{ ...TARGET, p: 0, ...(pressed === true ? { bgcolor: "action.selected" } : {}) }}
      >
        <Icon size={size} aria-hidden />
      </IconButton>
    </Tooltip>
  );
}
