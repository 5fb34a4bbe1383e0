import type { RunOut, StageName, StageOut } from "@/api/types";

/** The share of a run's time that each stage is expected to take; together 1. */
export type Shares = Readonly<Record<StageName, number>>;

/** Used until runs of this installation have completed. Speech recognition takes most of the time on an ordinary processor. */
export const USUAL_SHARES: Shares = {
  VIDEO_DOWNLOAD: 0.08,
  AUDIO_EXTRACTION: 0.05,
  AUDIO_UPLOAD: 0.01,
  TRANSCRIPTION: 0.62,
  MOMENT_GENERATION: 0.06,
  CLIP_EXTRACTION: 0.01,
  CLIP_UPLOAD: 0.01,
  MOMENT_REFINEMENT: 0.16,
};

/** No stage's bar disappears, however quick it is. */
const LEAST_SHARE = 0.01;
/** A stage's own progress says too little before this, and a stage that took less time says nothing about the others. */
const LEAST_PROGRESS = 0.05;
const LEAST_SECONDS = 1;

/** Returns the mean shares of runs that did all the work themselves; a run of a known recording does not transcribe it again. */
export function sharesOf(runs: readonly Pick<RunOut, "kind" | "stages">[]): Shares {
  const names = Object.keys(USUAL_SHARES) as StageName[];
  const whole = runs
    .filter((run) => run.kind === "pipeline")
    .map((run) => new Map(run.stages.map((stage) => [stage.name, stageSeconds(stage)])))
    .filter((seconds) => (seconds.get("TRANSCRIPTION") ?? 0) >= LEAST_SECONDS);
  if (whole.length === 0) return USUAL_SHARES;
  const means = names.map((name) => {
    const shares = whole.map((seconds) => (seconds.get(name) ?? 0) / [...seconds.values()].reduce((sum, value) => sum + value, 0));
    return Math.max(LEAST_SHARE, shares.reduce((sum, value) => sum + value, 0) / shares.length);
  });
  const all = means.reduce((sum, value) => sum + value, 0);
  return Object.fromEntries(names.map((name, index) => [name, (means[index] ?? 0) / all])) as Record<StageName, number>;
}

export interface Part {
  stage: StageOut;
  /** Its expected share of this run's time. A skipped stage has none. */
  share: number;
  /** How much of it is done, from 0 to 1. */
  done: number;
}

export interface RunProgress {
  parts: readonly Part[];
  /** How much of the run is done, from 0 to 1. */
  done: number;
  /** The seconds that are left; null while too little is known. */
  secondsLeft: number | null;
}

/**
 * Returns how far a run is, and an estimate of the time left: from the stage that works, else from the longest stage that is done. A stage
 * may report its progress in large steps: `reported` is when the newest one came, in milliseconds. Between two the time left only shrinks.
 */
export function progressOf(stages: readonly StageOut[], shares: Shares, now: number, reported: number = now): RunProgress {
  const weights = stages.map((stage) => (stage.status === "skipped" ? 0 : shares[stage.name]));
  const all = weights.reduce((sum, weight) => sum + weight, 0) || 1;
  const pace = secondsPerShare(stages, shares, reported);
  const parts = stages.map((stage, index): Part => ({ stage, share: (weights[index] ?? 0) / all, done: doneOf(stage, shares, pace, now) }));
  const done = parts.reduce((sum, part) => sum + part.share * part.done, 0);
  const left = stages.reduce((sum, stage) => sum + leftOf(stage, shares, pace ?? 0, now, reported), 0);
  return { parts, done, secondsLeft: pace === null ? null : left };
}

/** Says how much time is left, no more exactly than it is known. */
export function leftInWords(seconds: number): string {
  if (seconds < 15) return "a few seconds left";
  if (seconds < 50) return "less than a minute left";
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes < 60) return minutes === 1 ? "about a minute left" : `about ${minutes} minutes left`;
  const [hours, rest] = [Math.floor(minutes / 60), Math.round((minutes % 60) / 15) * 15];
  if (rest === 60) return `about ${hours + 1} hours left`;
  return rest === 0 ? (hours === 1 ? "about an hour left" : `about ${hours} hours left`) : `about ${hours} h ${rest} min left`;
}

function secondsPerShare(stages: readonly StageOut[], shares: Shares, reported: number): number | null {
  const current = stages.find((stage) => stage.status === "processing");
  if (current?.progress != null && current.progress >= LEAST_PROGRESS) return elapsed(current, reported) / current.progress / shares[current.name];
  const telling = stages.filter((stage) => stage.status === "completed" && stageSeconds(stage) >= LEAST_SECONDS);
  const longest = telling.reduce<StageOut | null>((best, stage) => (best === null || shares[stage.name] > shares[best.name] ? stage : best), null);
  return longest === null ? null : stageSeconds(longest) / shares[longest.name];
}

function doneOf(stage: StageOut, shares: Shares, pace: number | null, now: number): number {
  if (stage.status === "completed") return 1;
  if (stage.status !== "processing") return 0;
  if (stage.progress != null) return stage.progress;
  // Never full: only its end fills a stage that reports no progress.
  return pace === null || pace === 0 ? 0 : Math.min(0.95, elapsed(stage, now) / (pace * shares[stage.name]));
}

function leftOf(stage: StageOut, shares: Shares, pace: number, now: number, reported: number): number {
  if (stage.status === "pending") return pace * shares[stage.name];
  if (stage.status !== "processing") return 0;
  if (stage.progress != null && stage.progress >= LEAST_PROGRESS) {
    const then = (elapsed(stage, reported) / stage.progress) * (1 - stage.progress);
    // Where the next report is overdue, half of what was left may be done, but nobody has said so.
    return Math.max(then / 2, then - (now - reported) / 1000);
  }
  return Math.max(0, pace * shares[stage.name] - elapsed(stage, now));
}

function elapsed(stage: StageOut, now: number): number {
  return stage.started_at === null ? 0 : Math.max(0, (now - Date.parse(stage.started_at)) / 1000);
}

/** Returns how many seconds a stage took; 0 before its end, and for one that was skipped. */
export function stageSeconds(stage: StageOut): number {
  if (stage.started_at === null || stage.completed_at === null || stage.status === "skipped") return 0;
  return Math.max(0, (Date.parse(stage.completed_at) - Date.parse(stage.started_at)) / 1000);
}
