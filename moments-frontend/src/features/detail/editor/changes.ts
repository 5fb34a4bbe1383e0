import { toApiError } from "@/api/client";
import type { EditMoment, MomentOut } from "@/api/types";
import type { Notification } from "@/hooks/useNotify";
import type { MomentWrites } from "../api/moments";
import { addConflict, hasAll } from "./conflictStore";
import type { Undo } from "./undo";

/** Rejects a change that is not saved and waits in `conflicts` for the user. */
export class Undecided extends Error {}

export interface Around {
  videoId: string;
  writes: MomentWrites;
  undo: Undo;
  notify: (notification: Notification) => void;
  onError: (refused: unknown) => void;
}

/** The steps of which edits of moments consist. None overwrites another user's change. */
export interface Changes extends Around {
  /** Lets `work` continue without its caller. A refusal is shown, unless it waits for a decision. */
  later: (work: Promise<unknown>) => void;
  /** Saves `fields` over the moment as the user had `seen` it. Rejects with `Undecided` where another user has changed it since. */
  patch: (seen: MomentOut, fields: EditMoment) => Promise<MomentOut>;
  /** Deletes a moment. Rejects with `Undecided` where another user has changed it since. */
  take: (moment: MomentOut) => Promise<unknown>;
  bringBack: (id: string) => Promise<MomentOut>;
}

export function createChanges(around: Around): Changes {
  const { videoId, writes, notify, onError } = around;
  // The mutations' own callbacks would only be called for the newest of several quick changes.
  const later = (work: Promise<unknown>) =>
    void work.catch((refused: unknown) => {
      if (!(refused instanceof Undecided)) onError(refused);
    });
  const bringBack = (id: string) => writes.restore(id);
  const patch = (seen: MomentOut, fields: EditMoment): Promise<MomentOut> =>
    writes.edit({ id: seen.identifier, fields, etag: seen.etag }).catch((refused: unknown) => {
      const known = toApiError(refused);
      if (known.code === "moment_not_found") offerBack(seen, fields);
      if (!known.stale) throw refused;
      const theirs = known.current as MomentOut;
      if (hasAll(theirs, fields)) return theirs;
      addConflict({ videoId, seen, theirs, mine: fields });
      throw new Undecided();
    });
  const offerBack = (seen: MomentOut, fields: EditMoment) => {
    const again = () => later(bringBack(seen.identifier).then((now) => patch(now, fields)));
    notify({ message: `“${seen.title}” was deleted meanwhile.`, severity: "warning", action: { label: "Bring it back with my change", run: again } });
    throw new Undecided();
  };
  const take = (moment: MomentOut): Promise<unknown> =>
    writes.remove({ id: moment.identifier, etag: moment.etag }).catch((refused: unknown) => {
      if (!toApiError(refused).stale) throw refused;
      notify({ message: `Somebody else changed “${moment.title}” meanwhile: it is still there. Look at it, then delete it again.`, severity: "warning" });
      throw new Undecided();
    });
  return { ...around, later, patch, take, bringBack };
}

/** Returns the values that `moment` has in those fields. */
export function fieldsOf(moment: MomentOut, fields: EditMoment): EditMoment {
  return Object.fromEntries(Object.keys(fields).map((name) => [name, moment[name as keyof MomentOut]]));
}
