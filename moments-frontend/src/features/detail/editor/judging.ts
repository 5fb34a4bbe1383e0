import type { MomentOut } from "@/api/types";
import type { Changes } from "./changes";

export interface Judging {
  /** Keeps or rejects several moments at once, as one change that can be undone. */
  judge: (moments: readonly MomentOut[], review: "kept" | "rejected") => void;
}

export function judging({ undo, notify, later, patch }: Changes): Judging {
  return {
    judge: (moments, review) => {
      const latest = new Map(moments.filter((moment) => moment.review !== review).map((moment) => [moment.identifier, moment]));
      const before = [...latest.values()];
      const back = () => {
        for (const { identifier, review: earlier } of before) {
          const now = latest.get(identifier);
          if (now !== undefined) later(patch(now, { review: earlier }));
        }
      };
      const done = { label: review === "kept" ? "Keep" : "Reject", undo: back };
      // By the message: then the undo key must not do it once more.
      const takeBack = () => {
        undo.drop(done);
        back();
      };
      if (before.length > 0) undo.push(done);
      const all = before.map((moment) => {
        const work = patch(moment, { review }).then(
          (now) => {
            latest.set(now.identifier, now);
          },
          (refused: unknown) => {
            latest.delete(moment.identifier);
            throw refused;
          },
        );
        later(work);
        return work;
      });
      void Promise.allSettled(all).then(() => {
        const count = latest.size;
        if (count === 0 && before.length > 0) {
          undo.drop(done);
          return;
        }
        const which = count === 1 ? "One moment" : `${count} moments`;
        if (count === 0) notify({ message: `They are all ${review} already.`, severity: "info" });
        else notify({ message: `${which} ${review}.`, action: { label: "Undo", run: takeBack } });
      });
    },
  };
}
