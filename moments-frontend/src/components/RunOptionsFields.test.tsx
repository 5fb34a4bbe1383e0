import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { queryClient } from "@/api/queryClient";
import { NO_OPTIONS, RunOptionsFields } from "./RunOptionsFields";

const model = (key: string, fields: object) => ({
  key,
  kind: "chat",
  builtin: false,
  configured: true,
  supports_video: false,
  supports_generation: true,
  supports_refinement: true,
  default_for: [],
  ...fields,
});

vi.mock("@/api/client", async (original) => ({
  ...(await original<typeof import("@/api/client")>()),
  request: ({ url }: { url: string }) =>
    url === "api/admin/models"
      ? Promise.resolve({
          items: [
            model("extractive", { builtin: true, supports_refinement: false, default_for: ["generation"] }),
            model("signal", { builtin: true, supports_generation: false, default_for: ["refinement"] }),
            model("awake", {}),
            model("away", {}),
            model("unset", { configured: false }),
          ],
        })
      : Promise.resolve({ ok: url.includes("awake") }),
}));

afterEach(() => {
  cleanup();
  queryClient.clear();
});

it("offers the models that are up, and says which do not answer", async () => {
  render(
    <QueryClientProvider client={queryClient}>
      <RunOptionsFields form={NO_OPTIONS} onChange={() => undefined} />
    </QueryClientProvider>,
  );
  fireEvent.mouseDown(await screen.findByRole("combobox", { name: "Model that finds moments" }));
  const list = within(await screen.findByRole("listbox"));
  expect((await list.findByRole("option", { name: "away, does not answer" })).getAttribute("aria-disabled")).toBe("true");
  expect(list.getByRole("option", { name: "awake" }).getAttribute("aria-disabled")).toBeNull();
  expect(list.queryByRole("option", { name: /unset/ })).toBeNull();
});

it.each([
  ["Model that finds moments", "extractive (default)", /signal/],
  ["Model that adjusts start and end", "signal (default)", /extractive/],
])("%s: offers only models that can", async (name, usual, unable) => {
  render(
    <QueryClientProvider client={queryClient}>
      <RunOptionsFields form={NO_OPTIONS} onChange={() => undefined} />
    </QueryClientProvider>,
  );
  fireEvent.mouseDown(await screen.findByRole("combobox", { name }));
  const list = within(await screen.findByRole("listbox"));
  expect(await list.findByRole("option", { name: usual })).toBeTruthy();
  expect(list.queryByRole("option", { name: unable })).toBeNull();
});
