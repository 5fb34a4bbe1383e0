import { useSyncExternalStore } from "react";

function subscribe(listener: () => void): () => void {
  document.addEventListener("fullscreenchange", listener);
  return () => {
    document.removeEventListener("fullscreenchange", listener);
  };
}

/** Returns whether an element fills the screen. */
export function useFullScreen(): boolean {
  return useSyncExternalStore(subscribe, () => document.fullscreenElement != null);
}

/** Returns whether this browser can fill the screen; phones of Apple can with the video alone. */
export function canFillScreen(): boolean {
  return document.fullscreenEnabled || "webkitEnterFullscreen" in HTMLVideoElement.prototype;
}

/** Returns whether this browser shows a video in a window of its own when the page asks for it. */
export function canPictureInPicture(): boolean {
  return document.pictureInPictureEnabled && "requestPictureInPicture" in HTMLVideoElement.prototype;
}
