/** Stores the API key in this browser: for this tab, or permanently where the user chooses so. Nothing else reads it. */

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

/** Opens the sign-in, because the server asked for a key. */
export function requireKey(): void {
  setAsked(true);
}

/** Returns whether the server asked for a key that this browser does not have. For useSyncExternalStore. */
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
