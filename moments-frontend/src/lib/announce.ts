import { createStore } from "./store";

/** The next text for screen readers, for changes that are only visible. */
export const announced = createStore("");

/** Announces a text. A repeated text is read again, because an added space makes it new. */
export function announce(text: string): void {
  announced.set((before) => (before === text ? `${text}\u00a0` : text));
}
