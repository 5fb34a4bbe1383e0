import { ApiError } from "@/api/client";
import type { MomentOut } from "@/api/types";
import type { Notification } from "@/hooks/useNotify";
import type { MomentWrites } from "../api/moments";
import { type Changes, createChanges } from "./changes";
import { createUndo, type Undo } from "./undo";

type Write = keyof MomentWrites;

/** Simulates a server's moments for tests. It refuses writes based on an older version, and those that `refuse` names. */
export interface FakeServer {
  changes: Changes;
  undo: Undo;
  messages: Notification[];
  errors: unknown[];
  /** Refuses the next write of that kind. */
  refuse: (write: Write) => void;
  /** Makes another user's change. */
  meanwhile: (id: string, fields: Partial<MomentOut>) => void;
  /** Deletes it as another user. */
  gone: (id: string) => void;
  /** Returns what is stored, as title, start and end, in time order. */
  shown: () => [string, number, number][];
  moment: (id: string) => MomentOut;
  /** Waits until everything that was begun has ended. */
  settled: () => Promise<void>;
}

export function fakeServer(...moments: readonly Partial<MomentOut>[]): FakeServer {
  const stored = new Map<string, MomentOut>();
  const deleted = new Map<string, MomentOut>();
  const refused: Write[] = [];
  let version = 0;
  const put = (moment: MomentOut, fields: Partial<MomentOut>): MomentOut => {
    version += 1;
    const now = { ...moment, ...fields, etag: `"${version}"` };
    stored.set(now.identifier, now);
    return now;
  };
  moments.forEach((fields, index) => put({ identifier: `m${index + 1}`, review: "new" } as MomentOut, fields));
  const check = (write: Write) => {
    if (refused[0] !== write) return;
    refused.shift();
    throw new ApiError(400, { code: "refused", title: "Refused." });
  };
  const current = (id: string, etag: string): MomentOut => {
    const found = stored.get(id);
    if (found === undefined) throw new ApiError(404, { code: "moment_not_found" });
    if (found.etag !== etag) throw new ApiError(412, { code: "changed_meanwhile", current: { ...found } });
    return found;
  };
  // The page's own writes follow each other: `followed` of `lib/ownTags` looks up the newest tag. Here the newest own version is stored.
  const own = new Map<string, string>();
  const follow = (etag: string): string => {
    let newest = etag;
    for (let after = own.get(newest); after !== undefined; after = own.get(newest)) newest = after;
    return newest;
  };
  const asked = async <Answer>(write: Write, answer: () => Answer): Promise<Answer> => {
    await Promise.resolve();
    check(write);
    return answer();
  };
  const writes: MomentWrites = {
    edit: ({ id, fields, etag }) =>
      asked("edit", () => {
        const before = current(id, follow(etag));
        const now = put(before, Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null)));
        own.set(before.etag, now.etag);
        return now;
      }),
    create: ({ title, start_time, end_time }) =>
      asked("create", () => put({ identifier: `m${stored.size + deleted.size + 1}`, review: "new" } as MomentOut, { title, start_time, end_time })),
    remove: ({ id, etag }) =>
      asked("remove", () => {
        deleted.set(id, current(id, follow(etag)));
        stored.delete(id);
      }),
    restore: (id) =>
      asked("restore", () => {
        const back = deleted.get(id);
        if (back === undefined) throw new ApiError(404, { code: "moment_not_found" });
        deleted.delete(id);
        stored.set(id, back);
        return back;
      }),
  };
  const messages: Notification[] = [];
  const errors: unknown[] = [];
  const undo = createUndo();
  const changes = createChanges({ videoId: "v", writes, undo, notify: (message) => messages.push(message), onError: (error) => errors.push(error) });
  const moment = (id: string): MomentOut => {
    const found = stored.get(id);
    if (found === undefined) throw new Error(`${id} is not stored`);
    return found;
  };
  return {
    changes,
    undo,
    messages,
    errors,
    refuse: (write) => refused.push(write),
    meanwhile: (id, fields) => put(moment(id), fields),
    gone: (id) => {
      deleted.set(id, moment(id));
      stored.delete(id);
    },
    shown: () => [...stored.values()].map((one): [string, number, number] => [one.title, one.start_time, one.end_time]).sort((a, b) => a[1] - b[1]),
    moment,
    settled: async () => {
      // A write takes a few turns of the event loop; nothing here waits for a clock.
      for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
    },
  };
}
