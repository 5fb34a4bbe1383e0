import { Box, Card, Skeleton, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { figures } from "../api/figures";

/** Shows what an operator watches: how much runs, waits and has failed, and how many workers there are. */
export function OperatorFigures() {
  const { data } = useQuery(figures);
  const shown: [string, number | string | null | undefined][] = [
    ["Running", data?.running],
    ["In the queue", data?.waiting],
    ["Failed, not dismissed", data?.failed],
    ["Workers", data?.workers],
  ];
  return (
    <Box component="dl" sx={{ display: "grid", gap: 1.5, gridTemplateColumns: { xs: "1fr 1fr", md: "repeat(4, 1fr)" }, m: 0, mb: 3 }}>
      {shown.map(([label, value]) => (
        <Card key={label} sx={{ px: 2, py: 1.5, display: "flex", flexDirection: "column-reverse", justifyContent: "flex-end" }}>
          <Typography component="dt" variant="caption" color="text.secondary">
            {label}
          </Typography>
          <Typography component="dd" sx={{ m: 0, fontSize: 28, fontWeight: 700, fontVariantNumeric: "tabular-nums", lineHeight: 1.2 }}>
            {data === undefined ? <Skeleton width={32} /> : (value ?? "–")}
          </Typography>
        </Card>
      ))}
    </Box>
  );
}
