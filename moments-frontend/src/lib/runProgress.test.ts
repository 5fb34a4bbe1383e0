import { expect, it } from "vitest";
import type { StageName, StageOut, StageStatus } from "@/api/types";
import { leftInWords, progressOf, sharesOf, USUAL_SHARES } from "./runProgress";

const START = Date.parse("2026-02-18T10:00:00Z");
const at = (seconds: number) => new Date(START + seconds * 1000).toISOString();

/** The eight stages, of which those named have this status, start, end and progress. */
function stages(known: Partial<Record<StageName, [StageStatus, number, number | null, number?]>>): StageOut[] {
  return (Object.keys(USUAL_SHARES) as StageName[]).map((name) => {
    const [status, start, end, progress] = known[name] ?? ["pending", null, null];
    return {
      name,
      status,
      started_at: start === null ? null : at(start),
      completed_at: end === null ? null : at(end),
      reason: null,
      progress: progress ?? null,
      waiting_for: null,
    };
  });
}

const EVEN = Object.fromEntries(Object.keys(USUAL_SHARES).map((name) => [name, 0.125])) as Record<StageName, number>;

it("expects the usual shares until a run has transcribed something, and then those of such runs", () => {
  const known = stages({ VIDEO_DOWNLOAD: ["completed", 0, 5], TRANSCRIPTION: ["skipped", 5, 5] });
  expect(sharesOf([{ kind: "pipeline", stages: known }])).toEqual(USUAL_SHARES);
  const refined = stages({ TRANSCRIPTION: ["completed", 0, 100] });
  expect(sharesOf([{ kind: "refine", stages: refined }])).toEqual(USUAL_SHARES);
  const first = stages({ VIDEO_DOWNLOAD: ["completed", 0, 20], TRANSCRIPTION: ["completed", 20, 100] });
  const second = stages({ VIDEO_DOWNLOAD: ["completed", 0, 40], TRANSCRIPTION: ["completed", 40, 100] });
  const shares = sharesOf([
    { kind: "pipeline", stages: first },
    { kind: "pipeline", stages: second },
  ]);
  // 0.3 and 0.7 of the time, beside six stages that keep a hundredth each.
  expect(shares.VIDEO_DOWNLOAD).toBeCloseTo(0.3 / 1.06);
  expect(shares.TRANSCRIPTION).toBeCloseTo(0.7 / 1.06);
  expect(Object.values(shares).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1);
});

it("estimates from the progress of the stage that works", () => {
  const now = stages({ VIDEO_DOWNLOAD: ["completed", 0, 1], AUDIO_EXTRACTION: ["completed", 1, 2], AUDIO_UPLOAD: ["skipped", 2, 2], TRANSCRIPTION: ["processing", 2, null, 0.25] });
  const { parts, done, secondsLeft } = progressOf(now, EVEN, START + 12_000);
  // Ten seconds were a quarter of it: thirty are left, and forty for each of the four that follow.
  expect(secondsLeft).toBeCloseTo(30 + 4 * 40);
  expect(done).toBeCloseTo(2.25 / 7);
  expect(parts.map((part) => part.share)).toEqual([1 / 7, 1 / 7, 0, 1 / 7, 1 / 7, 1 / 7, 1 / 7, 1 / 7]);
});

it("lets the time left only shrink between two reports of progress, and never to nothing before the next", () => {
  const now = stages({ TRANSCRIPTION: ["processing", 0, null, 0.5] });
  const left = (seconds: number) => progressOf(now, { ...EVEN, TRANSCRIPTION: 0.5 }, START + seconds * 1000, START + 40_000).secondsLeft;
  const rest = 7 * 20;
  expect([40, 50, 60, 600].map(left)).toEqual([rest + 40, rest + 30, rest + 20, rest + 20]);
});

it("estimates from the longest stage that is done where the one that works reports nothing, and never calls that one complete", () => {
  const shares = { ...EVEN, TRANSCRIPTION: 0.5 };
  const now = stages({ VIDEO_DOWNLOAD: ["completed", 0, 30], TRANSCRIPTION: ["completed", 30, 80], MOMENT_GENERATION: ["processing", 80, null] });
  const early = progressOf(now, shares, START + 85_000);
  expect(early.secondsLeft).toBeCloseTo(7.5 + 5 * 12.5);
  expect(early.parts[4]?.done).toBeCloseTo(5 / 12.5);
  const late = progressOf(now, shares, START + 500_000);
  expect(late.secondsLeft).toBeCloseTo(5 * 12.5);
  expect(late.parts[4]?.done).toBe(0.95);
});

it("claims nothing while nothing is known", () => {
  expect(progressOf(stages({}), EVEN, START)).toMatchObject({ done: 0, secondsLeft: null });
  const begun = stages({ VIDEO_DOWNLOAD: ["processing", 0, null, 0.01] });
  expect(progressOf(begun, EVEN, START + 1000).secondsLeft).toBeNull();
  const quick = stages({ VIDEO_DOWNLOAD: ["completed", 0, 0.2], AUDIO_EXTRACTION: ["processing", 0.2, null] });
  expect(progressOf(quick, EVEN, START + 1000).secondsLeft).toBeNull();
});

it("says the time left no more exactly than it is known", () => {
  const said = [3, 40, 55, 89, 91, 600, 3600, 5400, 7100, 7200].map(leftInWords);
  expect(said).toEqual([
    "a few seconds left",
    "less than a minute left",
    "about a minute left",
    "about a minute left",
    "about 2 minutes left",
    "about 10 minutes left",
    "about an hour left",
    "about 1 h 30 min left",
    "about 2 hours left",
    "about 2 hours left",
  ]);
});
