import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Notification, useNotify, useWithdraw } from "@/hooks/useNotify";
import { NotificationsProvider } from "./notifications";

let notify: (notification: Notification) => void;
let withdraw: (topic?: string) => void;

function Page() {
  const hooks = { notify: useNotify(), withdraw: useWithdraw() };
  return <button onClick={() => ({ notify, withdraw } = hooks)}>Begin</button>;
}

beforeEach(() => {
  vi.useFakeTimers();
  render(
    <NotificationsProvider>
      <Page />
    </NotificationsProvider>,
  );
  fireEvent.click(screen.getByText("Begin"));
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const say = (notification: Notification) => act(() => notify(notification));
const pass = (milliseconds: number) => act(() => void vi.advanceTimersByTime(milliseconds));
const texts = () => screen.queryAllByRole("alert").map((alert) => alert.querySelector(".MuiAlert-message")?.textContent);

it("shows a message at once, in place of the one before", () => {
  const undo = vi.fn();
  say({ message: "Deleted.", action: { label: "Undo", run: undo } });
  say({ message: "Undone." });
  expect(texts()).toEqual(["Undone."]);
  expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
  pass(5_000);
  expect(texts()).toEqual([]);
});

it("shows an error beside what else was said, and each topic by itself, three at most", () => {
  say({ message: "Saved." });
  say({ message: "The disk is full.", severity: "error" });
  say({ message: "Video deleted.", topic: "videos" });
  expect(texts()).toEqual(["Saved.", "The disk is full.", "Video deleted."]);
  say({ message: "The video is back.", topic: "videos" });
  say({ message: "A fourth.", topic: "other" });
  expect(texts()).toEqual(["The disk is full.", "The video is back.", "A fourth."]);
});

it("goes with its act: undone, withdrawn, or its page left", () => {
  const undo = vi.fn();
  say({ message: "Deleted.", topic: "videos", action: { label: "Undo", run: undo } });
  say({ message: "Queued again." });
  act(() => withdraw());
  expect(texts()).toEqual(["Deleted."]);
  fireEvent.click(screen.getByRole("button", { name: "Undo" }));
  expect(undo).toHaveBeenCalledOnce();
  expect(texts()).toEqual([]);
  say({ message: "Deleted.", topic: "videos", action: { label: "Undo", run: undo } });
  act(() => withdraw("moments"));
  expect(texts()).toEqual(["Deleted."]);
  act(() => withdraw("videos"));
  expect(texts()).toEqual([]);
});

it("waits while somebody is at it, and is closed by its button or Escape", () => {
  say({ message: "Deleted.", action: { label: "Undo", run: () => undefined } });
  fireEvent.mouseEnter(screen.getByRole("alert"));
  pass(60_000);
  expect(texts()).toEqual(["Deleted."]);
  fireEvent.mouseLeave(screen.getByRole("alert"));
  pass(11_999);
  expect(texts()).toEqual(["Deleted."]);
  pass(1);
  expect(texts()).toEqual([]);
  say({ message: "Deleted.", action: { label: "Undo", run: () => undefined } });
  fireEvent.click(screen.getByRole("button", { name: "Close" }));
  expect(texts()).toEqual([]);
  say({ message: "Deleted.", action: { label: "Undo", run: () => undefined } });
  fireEvent.keyDown(screen.getByRole("button", { name: "Undo" }), { key: "Escape" });
  expect(texts()).toEqual([]);
});
