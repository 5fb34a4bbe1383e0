import { memo, useMemo } from "react";
import type { Word } from "@/api/types";
import { piecesOf, strongSentence } from "./strongSentence";

interface Props {
  words: readonly Word[];
  start: number;
  end: number;
  /** Whether the recogniser's confidence is informative: then doubtful words are marked. */
  doubts: boolean;
}

/** Shows the first strong sentence of what is said in a moment. */
export const Said = memo(function Said({ words, start, end, doubts }: Props) {
  const pieces = useMemo(() => {
    const found = strongSentence(words, start, end);
    return found === null ? [] : piecesOf(words, found, doubts);
  }, [words, start, end, doubts]);
  return (
    <p className="said">
      {pieces.map(({ text, unsure }, index) =>
        unsure ? (
          <span key={index} data-unsure title="Hardly heard: likely wrong">
            {text}
          </span>
        ) : (
          text
        ),
      )}
    </p>
  );
});
