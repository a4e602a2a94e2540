/**
 * When each conversation is compared with its people. Kept in memory alone: a restart compares all of them, and a lost word of a change delays and
 * never loses. All of its time is real time.
 */
import type { Context } from './context.ts';
import { compare, follow } from './groups.ts';

/** A conversation whose members were compared longer ago is compared before somebody writes in it. */
const CHECKED_FOR = 60_000;
/** And in any case after this. */
const CHECKED_AT_LEAST = 15 * 60_000;

export interface Turns {
  /** Somebody may have come or gone: at once. `waited`: others need not be given the first word. */
  soon(conversation: string, waited: boolean): void;
  allSoon(): void;
  /** Those that have none get one. */
  maintain(): void;
  /** Compares when it is time. `writing`: somebody is about to write, and who is in it counts. */
  take(conversation: string, writing: boolean): Promise<void>;
  /** Whoever should not read it any more is out of it, as far as is known. */
  checked(conversation: string): boolean;
}

interface Turn {
  readonly at: number;
  readonly waited: boolean;
  /** It was compared since it was set, and nobody is in it who should not read it any more. */
  readonly isClear: boolean;
}

export function createTurns(context: Context, wakeAt: (at: number) => void): Turns {
  const { records, store, realNow } = context;
  const turns = new Map<string, Turn>();
  const checkedAt = (id: string) => records.conversation(id)?.checkedAt ?? 0;
  /** A word of a change that came meanwhile keeps its place. */
  const setFirst = (id: string, turn: Turn) => {
    if (!turns.has(id)) turns.set(id, turn);
  };

  return {
    soon: (id, waited) => void turns.set(id, { at: 0, waited, isClear: false }),
    allSoon() {
      for (const id of store.conversationIds()) turns.set(id, { at: 0, waited: false, isClear: false });
    },
    maintain() {
      for (const id of store.conversationIds()) setFirst(id, { at: realNow(), waited: false, isClear: false });
    },
    async take(id, writing) {
      // While a change of one's own is on its way there is nothing to compare with; its answer brings us back here.
      if (records.pending(id)) return;
      const now = realNow();
      const turn = turns.get(id);
      const isOld = now - checkedAt(id) >= CHECKED_FOR;
      const due = turn ? now >= turn.at : now - checkedAt(id) >= CHECKED_AT_LEAST;
      if (!due && !(writing && (isOld || turn?.isClear === false))) {
        // An earlier time may have taken this one's place.
        if (turn) wakeAt(turn.at);
        return;
      }
      turns.delete(id);
      let isClear = turn?.isClear ?? false;
      try {
        const compared = await compare(context, id);
        if (!compared) return;
        isClear = !compared.isToPutOut;
        // Newcomers may wait for whose turn it is, unless they have for long.
        const hurry = writing && (isOld || compared.isToPutOut);
        const wait = await follow(context, compared, hurry, turn?.waited ?? false);
        if (wait === null) return;
        // What is waited for may come before its time.
        const at = realNow() + Math.min(wait, CHECKED_FOR);
        setFirst(id, { at, waited: true, isClear });
        wakeAt(at);
      } catch (error) {
        setFirst(id, { at: now, waited: turn?.waited ?? false, isClear });
        throw error;
      }
    },
    checked: (id) => realNow() - checkedAt(id) < CHECKED_FOR && (turns.get(id)?.isClear ?? true),
  };
}
