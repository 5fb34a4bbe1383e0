import { styled } from "@mui/material/styles";
import { AudioLines } from "lucide-react";
import { useState } from "react";

/** Shows a still, 16:9, without a change of layout when it loads; an icon where there is none. */
export function Thumbnail({ url, alt = "" }: { url: string | null | undefined; alt?: string }) {
  const [broken, setBroken] = useState<string | null>(null);
  return (
    <Frame>
      {url != null && broken !== url ? (
        <img
          src={url}
          alt={alt}
          loading="lazy"
          onError={() => {
            setBroken(url);
          }}
        />
      ) : (
        <AudioLines size={32} aria-hidden />
      )}
    </Frame>
  );
}

const Frame = styled("div")({
  position: "relative",
  aspectRatio: "16 / 9",
  overflow: "hidden",
  display: "grid",
  placeItems: "center",
  color: "var(--mui-palette-text-secondary)",
  backgroundColor: "var(--mui-palette-action-hover)",
  "& img": { position: "absolute", inset: 0, width: "100%", height: "100%", objectFit: "cover" },
  "& svg": { opacity: 0.6 },
});
