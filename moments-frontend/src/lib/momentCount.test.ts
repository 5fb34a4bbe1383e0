import { expect, test } from "vitest";
import { momentsInWords } from "./momentCount";

test("a video says how many moments it shows, or that nothing was found", () => {
  const nothing = { code: "nothing_found", message: "Nobody speaks in this recording." };
  expect(momentsInWords({ moment_count: 3, nothing: null })).toBe("3 moments");
  expect(momentsInWords({ moment_count: 1, nothing: null })).toBe("1 moment");
  expect(momentsInWords({ moment_count: 0, nothing })).toBe("no moments found");
  expect(momentsInWords({ moment_count: 0, nothing: { code: "run_failed", message: "The run failed." } })).toBe("");
  expect(momentsInWords({ moment_count: 0, nothing: null })).toBe("");
});
