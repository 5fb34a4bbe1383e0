import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { forgetKey, readKey, requireKey, storeKey } from "@/api/key";
import { Allowed } from "@/components/Allowed";
import { Caller } from "./Caller";

const asked = vi.hoisted(() => ({ answer: (): Promise<unknown> => Promise.resolve() }));
vi.mock("@/api/client", () => ({ request: () => asked.answer() }));

afterEach(() => {
  cleanup();
  forgetKey();
});

it("takes over the rights of another key once the server has said what they are, and keeps what is shown until then", async () => {
  const scopes: Record<string, string> = { vm_works: "write", vm_looks: "read" };
  let answered: () => void = () => undefined;
  asked.answer = () => {
    const name = readKey() ?? "";
    return new Promise((resolve) => (answered = () => resolve({ kind: "key", name, scope: scopes[name], hint: null })));
  };
  const answer = () =>
    act(async () => {
      answered();
      await Promise.resolve();
    });
  storeKey("vm_works", false);
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Caller />
      <Allowed>what was typed</Allowed>
    </QueryClientProvider>,
  );
  await answer();
  await screen.findByText("what was typed");
  act(requireKey);
  act(() => storeKey("vm_looks", false));
  expect(screen.queryByText("what was typed")).not.toBeNull();
  await answer();
  await screen.findByText("vm_looks");
  expect(screen.queryByText("what was typed")).toBeNull();
});
