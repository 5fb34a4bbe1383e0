import type { StageName } from "@/api/types";

/** The eight stages in words. */
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
