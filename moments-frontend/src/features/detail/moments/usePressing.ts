import { type RefObject, useEffect, useState } from "react";

/** A finger's click comes a little after it is lifted. */
const CLICK_MS = 350;

/** Returns whether a pointer is down in an element, or its click is still to come. */
export function usePressing(pane: RefObject<HTMLElement | null>): boolean {
  const [pressing, setPressing] = useState(false);
  useEffect(() => {
    let timer = 0;
    const end = () => {
      window.clearTimeout(timer);
      setPressing(false);
    };
    const down = (event: PointerEvent) => {
      if (!(event.target instanceof Node) || pane.current?.contains(event.target) !== true) return;
      window.clearTimeout(timer);
      setPressing(true);
    };
    const up = () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(end, CLICK_MS);
    };
    window.addEventListener("pointerdown", down, true);
    window.addEventListener("pointerup", up, true);
    window.addEventListener("pointercancel", up, true);
    // After the handlers of the click itself: what they do is shown at once.
    window.addEventListener("click", end);
    return () => {
      window.clearTimeout(timer);
      window.removeEventListener("pointerdown", down, true);
      window.removeEventListener("pointerup", up, true);
      window.removeEventListener("pointercancel", up, true);
      window.removeEventListener("click", end);
    };
  }, [pane]);
  return pressing;
}

/**
 * Returns the value, or, while `pressing`, the one from before: a press takes the focus from a field, whose change may move a button away
 * from under the pointer before its click has come.
 */
export function useSteady<Value>(value: Value, pressing: boolean): Value {
  const [steady, setSteady] = useState(value);
  if (!pressing && steady !== value) setSteady(value);
  return pressing ? steady : value;
}
