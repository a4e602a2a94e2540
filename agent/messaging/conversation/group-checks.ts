import type { GroupChanges } from './group-changes.ts';
import type { ConversationRecords } from './records.ts';

/**
 * Maximum milliseconds between the last group check and the encryption of a message. After a longer time, a device that may no longer read
 * the conversation could still be in the group.
 */
const FRESH_FOR = 60_000;
const CHECKED_EVERY = 15 * 60_000;

/**
 * Schedule of group checks. A check compares the MLS group of a conversation with the current devices of its people. After a request for
 * all conversations, each one is checked once, including a conversation that begins meanwhile. The schedule is only in memory, and a
 * restart checks all conversations. A lost event therefore delays a check, but never prevents it. All times are those of the machine's own
 * clock.
 */
export interface GroupChecks {
  /**
   * Plans the comparison of a conversation's MLS group with the current devices of its people for the next round of the message loop.
   * `waited`: true if this device has already left time for another member to change the group, so that it now changes the group at once.
   */
  request(conversation: string, waited: boolean): void;
  requestAll(): void;
  schedule(): void;
  /**
   * Compares the group with the current devices of its people if this check is due, and changes the group if necessary. `writing`: a
   * message of the user waits, so a check is due sooner.
   */
  run(conversation: string, writing: boolean): Promise<void>;
  /** True if the last group check is recent and found no device to remove. Only then may the device seal messages. */
  isCurrent(conversation: string): boolean;
}

interface PlannedCheck {
  readonly at: number;
  readonly waited: boolean;
  /** True if a check has run since the newest request for a check, and found no device to remove. */
  readonly isClear: boolean;
}

const DUE: PlannedCheck = { at: 0, waited: false, isClear: false };

export function createGroupChecks(ports: {
  readonly records: Pick<ConversationRecords, 'conversation' | 'pending'>;
  readonly changes: Pick<GroupChanges, 'compare' | 'change'>;
  readonly realNow: () => number;
  readonly wakeAt: (at: number) => void;
}): GroupChecks {
  const { records, changes, realNow, wakeAt } = ports;
  const planned = new Map<string, PlannedCheck>();
  /** Conversations that were checked since the newest request to check all conversations. */
  const checked = new Set<string>();
  const checkOf = (id: string): PlannedCheck | undefined => planned.get(id) ?? (checked.has(id) ? undefined : DUE);
  const checkedAt = (id: string) => records.conversation(id)?.checkedAt ?? 0;
  /** If a check is requested while another check runs, the device checks once more afterward. */
  const planUnlessPlanned = (id: string, check: PlannedCheck) => {
    if (!planned.has(id)) planned.set(id, check);
  };

  return {
    request: (id, waited) => void planned.set(id, { ...DUE, waited }),
    requestAll() {
      planned.clear();
      checked.clear();
    },
    schedule: () => checked.clear(),
    async run(id, writing) {
      // While this device's own commit waits for the server's response, the device cannot compare the group. The response requests another
      // check.
      if (records.pending(id)) return;
      const now = realNow();
      const check = checkOf(id);
      const isOld = now - checkedAt(id) >= FRESH_FOR;
      const isDue = check ? now >= check.at : now - checkedAt(id) >= CHECKED_EVERY;
      if (!isDue && !(writing && (isOld || check?.isClear === false))) {
        if (check) wakeAt(check.at);
        return;
      }
      planned.delete(id);
      checked.add(id);
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
    isCurrent: (id) => realNow() - checkedAt(id) < FRESH_FOR && (checkOf(id)?.isClear ?? true),
  };
}
