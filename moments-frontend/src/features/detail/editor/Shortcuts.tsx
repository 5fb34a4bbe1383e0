import { lazy, Suspense, useEffect, useEffectEvent, useState } from "react";
import { useMay } from "@/api/me";
import type { MomentOut } from "@/api/types";
import { announce } from "@/lib/announce";
import { NEITHER, type Player, usePlayer } from "../player/player";
import { isSilent, prefer, preferences, stepRate, toggleMute } from "../player/preferences";
import { makeMoment, withIn, withOut } from "../timeline/newMoment";
import { type Editor, useEditor, useSelected } from "./editor";

interface Props {
  moments: readonly MomentOut[];
  /** Frames per second, or null where they are not known. */
  frameRate: number | null;
}

const KeysDialog = lazy(async () => ({ default: (await import("./KeysDialog")).KeysDialog }));
const USUAL_RATE = 25;

/** Handles the editor's keys while the user does not type. */
export function Shortcuts({ moments, frameRate }: Props) {
  const [help, setHelp] = useState(false);
  const player = usePlayer();
  const writes = useMay("write");
  const editor = useEditor();
  const selected = useSelected();
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    if (isTyping(event, target) || target.closest("[role=dialog], [role=menu], [role=listbox]")) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") {
      event.preventDefault();
      if (writes) editor.undo();
      return;
    }
    const edge = event.code === "KeyI" || event.code === "KeyO";
    if (event.ctrlKey || event.metaKey || (event.altKey && !edge)) return;
    // A focused button handles its own keys.
    if ((event.key === " " || event.key === "Enter") && target.closest("button, a, [role=button], [role=tab]")) return;
    const act = actionOf(event, { moments, selected, editor, player, frameRate, writes, help: () => setHelp(true) });
    if (act !== null) {
      event.preventDefault();
      act();
    }
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => onKey(event);
    window.addEventListener("keydown", listener);
    return () => {
      window.removeEventListener("keydown", listener);
    };
  }, []);
  return <Suspense fallback={null}>{help && <KeysDialog onClose={() => setHelp(false)} />}</Suspense>;
}

/** Returns whether the element itself uses the key. A slider, the volume for one, uses only those that move it. */
function isTyping(event: KeyboardEvent, target: HTMLElement): boolean {
  if (target instanceof HTMLInputElement && target.type === "range") return /^(Arrow|Home|End|Page)/.test(event.key);
  return /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable;
}

/** What the player's own keys do. Their effect is read out, since the focus is elsewhere. */
function playing(player: Player): Record<string, () => void> {
  const now = () => preferences.get();
  return {
    m: () => {
      toggleMute();
      announce(isSilent(now()) ? "Muted." : "Unmuted.");
    },
    c: () => {
      prefer({ captions: !now().captions });
      announce(now().captions ? "Captions on." : "Captions off.");
    },
    f: player.toggleFullScreen,
    "<": () => {
      stepRate(-1);
      announce(`Speed ${now().rate}.`);
    },
    ">": () => {
      stepRate(1);
      announce(`Speed ${now().rate}.`);
    },
  };
}

interface Reach extends Props {
  selected: string | null;
  editor: Editor;
  player: Player;
  writes: boolean;
  help: () => void;
}

/** Returns what a key does, or null where it does nothing. */
function actionOf(event: KeyboardEvent, { moments, selected, editor, player, frameRate, writes, help }: Reach): (() => void) | null {
  const now = player.time.get();
  const index = moments.findIndex((moment) => moment.identifier === selected);
  const moment = moments[index];
  const step = (by: number) => () => {
    const next = moments[index < 0 ? (by > 0 ? 0 : moments.length - 1) : Math.min(moments.length - 1, Math.max(0, index + by))];
    if (next) {
      editor.select(next.identifier);
      player.seek(next.start_time);
    }
  };
  const frame = event.shiftKey ? 1 : 1 / (frameRate ?? USUAL_RATE);
  const always: Record<string, () => void> = {
    " ": player.toggle,
    k: player.toggle,
    j: () => player.seek(now - 5),
    l: () => player.seek(now + 5),
    arrowleft: () => player.seek(now - frame),
    arrowright: () => player.seek(now + frame),
    n: step(1),
    p: step(-1),
    t: () => document.querySelector<HTMLElement>("[aria-label='Words']")?.focus(),
    "?": help,
  };
  const letGo: Record<string, () => void> =
    selected !== null || player.inOut.get() !== NEITHER
      ? {
          escape: () => {
            editor.select(null);
            player.inOut.set(() => NEITHER);
          },
        }
      : {};
  const made: Record<string, () => void> = writes
    ? {
        i: () => player.inOut.set((marks) => withIn(marks, now)),
        o: () => player.inOut.set((marks) => withOut(marks, now)),
        "+": () => makeMoment(editor, player),
      }
    : {};
  const looked: Record<string, () => void> = moment ? { enter: () => player.playRange(moment.start_time, moment.end_time) } : {};
  const chosen: Record<string, () => void> =
    moment && writes
      ? {
          ...(event.shiftKey
            ? {}
            : {
                i: () => editor.move(moment, now, moment.end_time, event.altKey),
                o: () => editor.move(moment, moment.start_time, now, event.altKey),
              }),
          s: () => editor.split(moment, now),
          x: () => editor.edit(moment, { review: moment.review === "kept" ? "rejected" : "kept" }, "Judgement"),
          delete: () => editor.remove(moment),
        }
      : {};
  return { ...always, ...playing(player), ...letGo, ...made, ...looked, ...chosen }[event.altKey ? event.code.slice(-1).toLowerCase() : event.key.toLowerCase()] ?? null;
}
