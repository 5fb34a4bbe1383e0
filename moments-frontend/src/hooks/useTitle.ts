import { useEffect } from "react";

/** The tab's title while this page is shown. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · VideoMoments`;
  }, [title]);
}
