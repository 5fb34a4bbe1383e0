import { expect, it } from "vitest";
import { ApiError } from "./client";
import { overOwn } from "./overOwn";

interface Version {
  etag: string;
}

/** A server whose tags identify content, as ours do: writing makes the version `content`. */
function server(start: string) {
  const sent: string[] = [];
  const now = { etag: start };
  const write = (content: string) => (tag: string) => {
    sent.push(tag);
    if (tag !== now.etag) return Promise.reject<Version>(new ApiError(412, { code: "changed_meanwhile", current: { ...now } }));
    now.etag = content;
    return Promise.resolve<Version>({ ...now });
  };
  return { sent, now, write };
}

it("goes on from this page's own changes", async () => {
  const { now, sent, write } = server("one");
  await overOwn("one", write("two"));
  await overOwn("one", write("three"));
  expect([now.etag, sent]).toEqual(["three", ["one", "two"]]);
});

it("saves over a version that this page had changed and another user has returned to", async () => {
  const { now, sent, write } = server("A");
  await overOwn("A", write("B"));
  now.etag = "A";
  await overOwn("A", write("C"));
  expect([now.etag, sent]).toEqual(["C", ["A", "B", "A"]]);
  await overOwn("A", write("D"));
  expect(sent.at(-1)).toBe("C");
});

it("still refuses where another user has made another version", async () => {
  const { now, sent, write } = server("first");
  await overOwn("first", write("own"));
  now.etag = "theirs";
  await expect(overOwn("first", write("mine"))).rejects.toMatchObject({ stale: true });
  expect([now.etag, sent]).toEqual(["theirs", ["first", "own"]]);
});
