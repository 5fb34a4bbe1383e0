import { type RefObject, useEffect, useEffectEvent, useRef } from "react";

/**
 * Scrolls the selected moment into view, unless a pointer in the list selected it: what is pressed must stay where it is until the pointer
 * is lifted, or the click goes to nothing. Keys and the timeline do scroll.
 */
export function useInView(pane: RefObject<HTMLElement | null>, selected: string | null, index: number, show: (index: number) => void): void {
  const pressed = useRef<string | null>(null);
  useEffect(() => {
    const onPointer = (event: PointerEvent) => {
      const target = event.target instanceof Element && pane.current?.contains(event.target) === true ? event.target : null;
      pressed.current = target?.closest<HTMLElement>("[data-moment]")?.dataset.moment ?? null;
    };
    const onKey = () => {
      pressed.current = null;
    };
    window.addEventListener("pointerdown", onPointer, true);
    window.addEventListener("keydown", onKey, true);
    return () => {
      window.removeEventListener("pointerdown", onPointer, true);
      window.removeEventListener("keydown", onKey, true);
    };
  }, [pane]);
  const onChosen = useEffectEvent(() => {
    if (index >= 0 && selected !== pressed.current) show(index);
  });
  useEffect(() => onChosen(), [index, selected]);
}
