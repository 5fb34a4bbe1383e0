import { describe, expect, it } from "vitest";
import type { ModelOut } from "@/api/types";
import { bodyOf, EMPTY_MODEL, toForm } from "./modelForm";

const MODEL: ModelOut = {
  ...bodyOf({ ...EMPTY_MODEL, key: "m", base_url: "http://a" }, null),
  ssh_port: null,
  local_port: null,
  top_p: null,
  top_k: null,
  builtin: false,
  configured: true,
  default_for: [],
  learned: ["the server takes no temperature but its own"],
  etag: '"1"',
} as unknown as ModelOut;

describe("how a chat server is asked (F89)", () => {
  it("is left to be learned where nothing is said", () => {
    const body = bodyOf(toForm(MODEL), MODEL);
    expect(body).toMatchObject({ tokens_field: null, system_role: null, answer_format: null, stream: null, answer_seconds: null, temperature: 0.3, max_tokens: 4096 });
    expect(body).not.toHaveProperty("learned");
  });

  it("is said outright", () => {
    const form = { ...toForm(MODEL), temperature: "", stream: "false", tokens_field: "max_completion_tokens", answer_seconds: "1200" };
    const body = bodyOf(form, MODEL);
    expect(body).toMatchObject({ temperature: null, stream: false, tokens_field: "max_completion_tokens", answer_seconds: 1200 });
    expect(toForm({ ...MODEL, ...body })).toEqual(form);
  });
});
