import axios, { AxiosError, type InternalAxiosRequestConfig } from "axios";
import { afterEach, beforeEach, expect, it } from "vitest";
import { request, requestFile } from "./client";
import { forgetKey, storeKey } from "./key";

const KEY = "vm_a_key_of_the_test";

/** Returns where a request for `url` would go and which key it carries, without sending it. */
async function sent(url: string): Promise<{ address: URL; key: string }> {
  let seen: InternalAxiosRequestConfig | undefined;
  await request({
    url,
    adapter: (config) => {
      seen = config;
      return Promise.resolve({ data: null, status: 200, statusText: "OK", headers: {}, config });
    },
  });
  if (seen === undefined) throw new Error("nothing was sent");
  return { address: new URL(axios.getUri(seen), window.location.href), key: String(seen.headers.get("Authorization")) };
}

beforeEach(() => storeKey(KEY, false));
afterEach(() => {
  forgetKey();
  window.history.replaceState(null, "", "/");
});

it.each(["https://evil.test/x", "//evil.test/x", "\\\\evil.test/x", "/\\evil.test/x", "api/videos/../../../x"])(
  "F74: a request for %s goes to the page's own origin",
  async (url) => {
    expect((await sent(url)).address.origin).toBe(window.location.origin);
  },
);

it.each(["?api=https://evil.test", "?baseURL=https://evil.test&apiUrl=//evil.test&host=evil.test", "#https://evil.test"])(
  "F74: nothing on the address line (%s) moves the key",
  async (typed) => {
    window.history.replaceState(null, "", `/library${typed}`);
    const { address, key } = await sent("api/videos");
    expect(address.href).toBe(`${window.location.origin}/api/videos`);
    expect(key).toBe(`Bearer ${KEY}`);
  },
);

/** Makes a request for a file that the server refuses with this body, and returns the error. */
function refusedFile(body: string): Promise<unknown> {
  // jsdom's Blob has no `text`.
  const data = Object.assign(new Blob([body]), { text: () => Promise.resolve(body) });
  const asked = requestFile({
    url: "api/videos/v/export",
    adapter: (config) => Promise.reject(new AxiosError("refused", "ERR_BAD_REQUEST", config, null, { data, status: 409, statusText: "Conflict", headers: {}, config })),
  });
  return asked.catch((error: unknown) => error);
}

it("reads why a file was refused, although the answer arrives as a file", async () => {
  const problem = { code: "no_moments", title: "Conflict", detail: "There are no moments to export.", advice: "Make one first." };
  expect(await refusedFile(JSON.stringify(problem))).toMatchObject({ status: 409, code: "no_moments", message: problem.detail, advice: problem.advice });
  expect(await refusedFile("<html>Conflict</html>")).toMatchObject({ status: 409, code: "unknown" });
});
