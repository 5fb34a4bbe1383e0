import { Box, Card, Typography } from "@mui/material";
import type { Overview } from "../api/overview";

/** Shows the counts. */
export function Totals({ totals }: { totals: Overview }) {
  const figures: [string, number | string][] = [
    ["Running", totals.active.filter((run) => run.status === "processing").length],
    ["Waiting", totals.ready?.queued ?? "–"],
    ["Failed lately", totals.failed.length],
    ["Workers alive", totals.ready?.workers ?? "–"],
  ];
  return (
    <Box component="dl" sx={{ display: "grid", gap: 1.5, gridTemplateColumns: { xs: "1fr 1fr", md: "repeat(4, 1fr)" }, m: 0 }}>
      {figures.map(([label, value]) => (
        <Card key={label} sx={{ px: 2, py: 1.5, display: "flex", flexDirection: "column-reverse", justifyContent: "flex-end" }}>
          <Typography component="dt" variant="caption" color="text.secondary">
            {label}
          </Typography>
          <Typography component="dd" sx={{ m: 0, fontSize: 28, fontWeight: 700, fontVariantNumeric: "tabular-nums", lineHeight: 1.2 }}>
            {value}
          </Typography>
        </Card>
      ))}
    </Box>
  );
}
