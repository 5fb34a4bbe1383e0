import axios, { type InternalAxiosRequestConfig } from "axios";
import { afterEach, beforeEach, expect, it } from "vitest";
import { request } from "./client";
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
