import { createStore } from "./store";

/** What a screen reader is told next, for changes that are only to be seen. */
export const announced = createStore("");

/** The same words again are read again: a space that nobody hears makes them new. */
export function announce(text: string): void {
  announced.set((before) => (before === text ? `${text}\u00a0` : text));
}
