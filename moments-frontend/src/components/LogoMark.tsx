import { Box } from "@mui/material";

/** The logo: a waveform whose middle stands out. */
export function LogoMark({ size = 36 }: { size?: number }) {
  return <Box component="img" src="/favicon.svg" alt="VideoMoments" width={size} height={size} sx={{ display: "block" }} />;
}
