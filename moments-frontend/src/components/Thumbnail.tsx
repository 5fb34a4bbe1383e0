import { Box } from "@mui/material";
import { AudioLines } from "lucide-react";
import { useState } from "react";

/** A still, 16:9, that never makes the page jump; a sign in its place where there is none. */
export function Thumbnail({ url, alt = "" }: { url: string | null | undefined; alt?: string }) {
  const [broken, setBroken] = useState<string | null>(null);
  return (
    <Box sx={{ position: "relative", aspectRatio: "16 / 9", bgcolor: "action.hover", overflow: "hidden", display: "grid", placeItems: "center" }}>
      {url != null && broken !== url ? (
        <Box
          component="img"
          src={url}
          alt={alt}
          loading="lazy"
          onError={() => {
            setBroken(url);
          }}
          sx={{ position: "absolute", inset: 0, width: 1, height: 1, objectFit: "cover" }}
        />
      ) : (
        <Box sx={{ color: "text.secondary", lineHeight: 0, opacity: 0.6 }}>
          <AudioLines size={32} aria-hidden />
        </Box>
      )}
    </Box>
  );
}
