import { styled } from "@mui/material/styles";
import { partName } from "@/lib/stages";

const LOOKS: Record<string, { label: string; color: string }> = {
  new: { label: "Not started", color: "var(--mui-palette-text-secondary)" },
  queued: { label: "In the queue", color: "var(--mui-palette-info-main)" },
  processing: { label: "In progress", color: "var(--mui-palette-primary-main)" },
  completed: { label: "Done", color: "var(--mui-palette-success-main)" },
  failed: { label: "Failed", color: "var(--mui-palette-error-main)" },
  cancelled: { label: "Cancelled", color: "var(--mui-palette-text-secondary)" },
  stalled: { label: "No worker", color: "var(--mui-palette-warning-main)" },
};

const Pill = styled("span")({
  display: "inline-block",
  padding: "0 7px",
  border: "1px solid color-mix(in srgb, currentColor 60%, transparent)",
  borderRadius: 6,
  fontSize: 12,
  fontWeight: 600,
  lineHeight: "20px",
  whiteSpace: "nowrap",
});

/** Shows the status of a run or a video. The word is enough; the colour only helps. */
export function StatusChip({ status, stalled = false, waitingFor }: { status: string; stalled?: boolean; waitingFor?: string | null | undefined }) {
  const look =
    waitingFor != null
      ? { label: `Waiting for ${partName(waitingFor)}`, color: "var(--mui-palette-warning-main)" }
      : (LOOKS[stalled ? "stalled" : status] ?? { label: status, color: "var(--mui-palette-text-primary)" });
  return <Pill style={{ color: look.color }}>{look.label}</Pill>;
}
