import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { ShotsOut, Word } from "@/api/types";
import { video } from "@/api/videos";
import { shots, silences, transcript } from "../api/media";
import { moments } from "../api/moments";
import type { Material } from "./edit";

const NO_WORDS: readonly Word[] = [];

/** Returns the changes of scene, in seconds. */
export function useCuts(videoId: string): readonly number[] {
  const { data } = useQuery(shots(videoId));
  return useMemo(() => cutsOf(data), [data]);
}

/** Returns what the edges of a video's moments snap to. */
export function useMaterial(videoId: string): Material {
  const said = useQuery(transcript(videoId));
  const cuts = useCuts(videoId);
  const found = useQuery(moments(videoId));
  const quiet = useQuery({ ...silences(videoId), enabled: found.isSuccess }).data?.items;
  // Before a run has measured the recording, only the server can refuse what lies past its end.
  const duration = useQuery(video(videoId)).data?.duration ?? Infinity;
  const words = said.data?.word_timestamps ?? NO_WORDS;
  const marks = useMemo(() => ({ cuts, silences: quiet ?? [] }), [cuts, quiet]);
  return useMemo(() => ({ words, marks, duration }), [words, marks, duration]);
}

function cutsOf(found: ShotsOut | null | undefined): number[] {
  return (found?.items ?? []).map((shot) => shot.latest);
}
