import type { StageName } from "@/api/types";

/** The names of the eight stages. */
export const STAGE_LABELS: Record<StageName, string> = {
  VIDEO_DOWNLOAD: "Get the video",
  AUDIO_EXTRACTION: "Extract the audio",
  AUDIO_UPLOAD: "Store the audio",
  TRANSCRIPTION: "Transcribe the speech",
  MOMENT_GENERATION: "Find moments",
  CLIP_EXTRACTION: "Cut clips for the model",
  CLIP_UPLOAD: "Store these clips",
  MOMENT_REFINEMENT: "Refine and cut",
};

const PARTS = new Map([
  ["source", "the server of its source"],
  ["storage", "the object store"],
]);

/** Returns what a run waits for, in words; a model is named by its key. */
export function partName(waitingFor: string): string {
  return PARTS.get(waitingFor) ?? waitingFor;
}
