import type { StageName } from "@/api/types";

/** The names of the eight stages. */
export const STAGE_LABELS: Record<StageName, string> = {
  VIDEO_DOWNLOAD: "Get the video",
  AUDIO_EXTRACTION: "Read the sound",
  AUDIO_UPLOAD: "Store the sound",
  TRANSCRIPTION: "Transcribe the speech",
  MOMENT_GENERATION: "Find moments",
  CLIP_EXTRACTION: "Cut previews for the model",
  CLIP_UPLOAD: "Store the previews",
  MOMENT_REFINEMENT: "Adjust the edges and cut the clips",
};

/** What a run is doing in each stage. */
export const STAGE_DOING: Record<StageName, string> = {
  VIDEO_DOWNLOAD: "Getting the video",
  AUDIO_EXTRACTION: "Reading the sound",
  AUDIO_UPLOAD: "Storing the sound",
  TRANSCRIPTION: "Transcribing the speech",
  MOMENT_GENERATION: "Finding moments",
  CLIP_EXTRACTION: "Cutting previews for the model",
  CLIP_UPLOAD: "Storing the previews",
  MOMENT_REFINEMENT: "Adjusting the edges and cutting the clips",
};

const PARTS = new Map([
  ["source", "the site of the video"],
  ["storage", "the file storage"],
]);

/** Returns what a run waits for, in words; a model is named by its key. */
export function partName(waitingFor: string): string {
  return PARTS.get(waitingFor) ?? waitingFor;
}
