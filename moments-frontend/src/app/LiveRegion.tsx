import { useSyncExternalStore } from "react";
import { announced } from "@/lib/announce";

/** Announces to screen readers changes that are only visible. */
export function LiveRegion() {
  const text = useSyncExternalStore(announced.subscribe, announced.get);
  return (
    <div
      role="status"
      aria-live="polite"
      data-testid="announced"
      style={{ position: "absolute", width: 1, height: 1, overflow: "hidden", clipPath: "inset(50%)", whiteSpace: "nowrap" }}
    >
      {text}
    </div>
  );
}
