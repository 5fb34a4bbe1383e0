import { Chip } from "@mui/material";

const LOOKS: Record<string, { label: string; color: "default" | "success" | "error" | "warning" | "info" | "primary" }> = {
  new: { label: "Not run yet", color: "default" },
  queued: { label: "Queued", color: "info" },
  processing: { label: "Working", color: "primary" },
  completed: { label: "Done", color: "success" },
  failed: { label: "Failed", color: "error" },
  cancelled: { label: "Cancelled", color: "default" },
  stalled: { label: "Stalled", color: "warning" },
};

/** How a run or a video is. The word says it, the colour only helps. */
export function StatusChip({ status, stalled = false }: { status: string; stalled?: boolean }) {
  const look = LOOKS[stalled ? "stalled" : status] ?? { label: status, color: "default" as const };
  return <Chip size="small" variant="outlined" label={look.label} color={look.color} />;
}
