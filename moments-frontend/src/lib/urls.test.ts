import { expect, it } from "vitest";
import { looksLikeList, looksLikeUrl, nameOf, urlsIn } from "./urls";

it("finds each address once, in order", () => {
  expect(urlsIn(" https://a/1 \n\nhttps://b/2 https://a/1 ")).toEqual(["https://a/1", "https://b/2"]);
});

it.each(["https://example.com/a.mp4", "http://x", "s3://bucket/key", "gs://bucket/key"])("takes %s for an address", (url) => {
  expect(looksLikeUrl(url)).toBe(true);
});

it.each(["", "talk.mp4", "javascript:alert(1)", "file:///etc/passwd", "https://"])("does not take %j for one", (url) => {
  expect(looksLikeUrl(url)).toBe(false);
});

it("names an address by its file, else by its host", () => {
  expect(nameOf("https://example.com/a%20b.mp4?x=1")).toBe("a b.mp4");
  expect(nameOf("https://example.com/")).toBe("example.com");
});

it.each([
  "https://www.youtube.com/playlist?list=PL1",
  "https://www.youtube.com/watch?v=a&list=PL1",
  "https://www.youtube.com/@somebody",
  "https://www.youtube.com/@somebody/videos",
  "https://vimeo.com/showcase/12",
])("asks which videos of %s are meant", (url) => {
  expect(looksLikeList(url)).toBe(true);
});

it.each(["https://example.com/talk.mp4", "https://www.youtube.com/watch?v=a", "https://example.com/@somebody/video/12", "no address"])("takes %s for one video", (url) => {
  expect(looksLikeList(url)).toBe(false);
});
