import { useSyncExternalStore } from "react";
import { createStore } from "@/lib/store";

export interface Watched {
  videoId: string;
  title: string;
}

const NAME = "videomoments.watched";
const MOST = 12;

function read(): readonly Watched[] {
  try {
    return JSON.parse(sessionStorage.getItem(NAME) ?? "[]") as Watched[];
  } catch {
    return [];
  }
}

const store = createStore(read());

function save(change: (now: readonly Watched[]) => readonly Watched[]): void {
  store.set(change);
  sessionStorage.setItem(NAME, JSON.stringify(store.get()));
}

/** Returns the runs that this tab has started, newest first. They are shown again after a reload of the page. */
export function useWatched(): readonly Watched[] {
  return useSyncExternalStore(store.subscribe, store.get);
}

export function watch(one: Watched): void {
  save((now) => [one, ...now.filter((other) => other.videoId !== one.videoId)].slice(0, MOST));
}

export function unwatch(videoId: string): void {
  save((now) => now.filter((other) => other.videoId !== videoId));
}
