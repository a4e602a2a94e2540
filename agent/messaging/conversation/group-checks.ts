import type { ConversationStore } from '../message-store.ts';
import type { GroupChanges } from './group-changes.ts';
import type { ConversationRecords } from './records.ts';

/** Maximum age in milliseconds of a group check when a message is sealed. */
const FRESH_FOR = 60_000;
/** Milliseconds between two checks of a conversation's group. */
const CHECKED_EVERY = 15 * 60_000;

/**
 * Schedule of group checks. A check compares a conversation's MLS group with the current devices of its people. The schedule is only in
 * memory: a restart checks all conversations, so a lost event delays a check but never loses it. All times are real time.
 */
export interface GroupChecks {
  /** Requests a group check in the next round, because members may have changed. `waited`: other members had time to commit first. */
  request(conversation: string, waited: boolean): void;
  requestAll(): void;
  /** Schedules a check for each conversation that has no scheduled check. */
  schedule(): void;
  /** Checks the conversation's group if a check is due. `writing`: a message waits to be sealed. */
  run(conversation: string, writing: boolean): Promise<void>;
  /** Returns true if the last group check is recent and found no device that must be removed. */
  isCurrent(conversation: string): boolean;
}

interface PlannedCheck {
  readonly at: number;
  readonly waited: boolean;
  /** True if the last check ran after the newest request and found no device to remove. */
  readonly isClear: boolean;
}

export function createGroupChecks(ports: {
  readonly records: Pick<ConversationRecords, 'conversation' | 'pending'>;
  readonly store: Pick<ConversationStore, 'conversationIds'>;
  readonly changes: Pick<GroupChanges, 'compare' | 'change'>;
  readonly realNow: () => number;
  readonly wakeAt: (at: number) => void;
}): GroupChecks {
  const { records, store, changes, realNow, wakeAt } = ports;
  const planned = new Map<string, PlannedCheck>();
  const checkedAt = (id: string) => records.conversation(id)?.checkedAt ?? 0;
  /** A check that is requested while another check is running runs afterward. */
  const planUnlessPlanned = (id: string, check: PlannedCheck) => {
    if (!planned.has(id)) planned.set(id, check);
  };

  return {
    request: (id, waited) => void planned.set(id, { at: 0, waited, isClear: false }),
    requestAll() {
      for (const id of store.conversationIds()) planned.set(id, { at: 0, waited: false, isClear: false });
    },
    schedule() {
      for (const id of store.conversationIds()) planUnlessPlanned(id, { at: realNow(), waited: false, isClear: false });
    },
    async run(id, writing) {
      // The device cannot compare the group while its own commit is pending. The server's response to the commit requests another check.
      if (records.pending(id)) return;
      const now = realNow();
      const check = planned.get(id);
      const isOld = now - checkedAt(id) >= FRESH_FOR;
      const isDue = check ? now >= check.at : now - checkedAt(id) >= CHECKED_EVERY;
      if (!isDue && !(writing && (isOld || check?.isClear === false))) {
        if (check) wakeAt(check.at);
        return;
      }
      planned.delete(id);
      let isClear = check?.isClear ?? false;
      try {
        const comparison = await changes.compare(id);
        if (!comparison) return;
        isClear = !comparison.mustRemove;
        const urgent = writing && (isOld || comparison.mustRemove);
        const wait = await changes.change(comparison, urgent, check?.waited ?? false);
        if (wait === null) return;
        const at = realNow() + Math.min(wait, FRESH_FOR);
        planUnlessPlanned(id, { at, waited: true, isClear });
        wakeAt(at);
      } catch (error) {
        planUnlessPlanned(id, { at: now, waited: check?.waited ?? false, isClear });
        throw error;
      }
    },
    isCurrent: (id) => realNow() - checkedAt(id) < FRESH_FOR && (planned.get(id)?.isClear ?? true),
  };
}
