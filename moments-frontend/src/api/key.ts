/** The API key of this browser: kept for this tab, or for good where the person says so. Nothing else ever sees it. */

const NAME = "videomoments.key";
type Listener = () => void;
const listeners = new Set<Listener>();
let asked = false;

export function readKey(): string | null {
  return sessionStorage.getItem(NAME) ?? localStorage.getItem(NAME);
}

export function storeKey(key: string, remember: boolean): void {
  forgetKey();
  (remember ? localStorage : sessionStorage).setItem(NAME, key);
  setAsked(false);
}

export function forgetKey(): void {
  sessionStorage.removeItem(NAME);
  localStorage.removeItem(NAME);
  tell();
}

/** The server asked for a key: the sign-in opens. */
export function requireKey(): void {
  setAsked(true);
}

/** For useSyncExternalStore: whether the server asked for a key that we don't have. */
export function keyAsked(): boolean {
  return asked;
}

export function subscribeKey(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function setAsked(value: boolean): void {
  asked = value;
  tell();
}

function tell(): void {
  for (const listener of listeners) listener();
}
