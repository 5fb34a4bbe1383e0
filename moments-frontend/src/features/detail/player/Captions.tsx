import { styled } from "@mui/material/styles";
import type { CaptionSize } from "./preferences";
import { type Cue, cueAt } from "./cues";
import { useTimeOf } from "./player";

interface Props {
  cues: readonly Cue[];
  language: string | null;
  size: CaptionSize;
  /** Whether they stand below what is heard instead of over a picture. */
  below: boolean;
}

/** Shows what is said now, over the picture. It grows with the picture, in full screen too. */
export function Captions({ cues, language, size, below }: Props) {
  const index = useTimeOf((time) => cueAt(cues, time));
  const text = cues[index]?.text;
  return (
    <CaptionFrame data-testid="captions" data-size={size} data-below={below || undefined} lang={language ?? undefined} dir="auto">
      {text !== undefined && <span>{text}</span>}
    </CaptionFrame>
  );
}

const CaptionFrame = styled("div")({
  position: "absolute",
  insetInline: "4%",
  bottom: "5%",
  textAlign: "center",
  textWrap: "balance",
  lineHeight: 1.45,
  // A click goes to the picture.
  pointerEvents: "none",
  "&[data-below]": { position: "static", minHeight: "3em", padding: "4px 4% 10px" },
  "& span": { padding: "2px 8px", borderRadius: 4, color: "#fff", backgroundColor: "rgb(0 0 0 / 82%)", boxDecorationBreak: "clone", WebkitBoxDecorationBreak: "clone" },
  // Parts of the width of the picture, within what can be read.
  "&[data-size=small]": { fontSize: "clamp(12px, 1.8cqi, 34px)" },
  "&[data-size=medium]": { fontSize: "clamp(15px, 2.6cqi, 50px)" },
  "&[data-size=large]": { fontSize: "clamp(20px, 3.8cqi, 72px)" },
});
