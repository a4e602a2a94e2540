import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import type { Notes } from '../conversation/notes.ts';
import type { ConversationRecord, ConversationRecords, PersonName } from '../conversation/records.ts';
import type { Member } from './member.ts';
import { peopleOf } from './roster.ts';

const MOST_KNOWN = 32;

type Known = ConversationRecord['knownDevices'];
type Before = Pick<ConversationRecord, 'knownDevices'>;

/**
 * Notes about new devices of known people. A note is stored together with the conversation's new state, so the user can read it before this
 * device seals anything for the new device.
 */
export interface NewDeviceNotes {
  /**
   * Adds notes about new devices, and returns the devices that are known afterward. Runs in the transaction that stores the new state.
   * `before`: the conversation's record before the change; null if this device begins or joins the conversation.
   */
  add(conversation: string, before: Before | null, members: readonly Member[]): Known;
}

export function createNewDeviceNotes(ports: {
  readonly device: DeviceId;
  readonly own: () => PersonName;
  readonly records: Pick<ConversationRecords, 'conversations'>;
  readonly notes: Pick<Notes, 'add'>;
  readonly now: () => Instant;
  readonly announce: (conversation: string, text: string) => void;
}): NewDeviceNotes {
  const knownInAll = (): Known => {
    const all: Record<string, readonly string[]> = {};
    for (const record of ports.records.conversations()) {
      for (const [person, enrollments] of Object.entries(record.knownDevices)) {
        all[person] = [...new Set([...(all[person] ?? []), ...enrollments])];
      }
    }
    return all;
  };

  return {
    add(conversation, before, members) {
      const known = before?.knownDevices ?? {};
      const knownElsewhere = before === null || members.some(({ person }) => !known[person]) ? knownInAll() : {};
      const own = ports.own().person;
      const next: Record<string, readonly string[]> = {};
      for (const { person } of peopleOf(members)) {
        const theirs = members.filter((member) => member.person === person);
        const seen = known[person] ?? knownElsewhere[person] ?? [];
        const added = seen.length === 0 ? [] : theirs.filter((member) => !seen.includes(enrollmentOf(member)));
        for (const member of added.filter(({ device }) => device !== ports.device)) {
          const text = newDeviceText(member, { isOwn: person === own, isAgain: wasSeen(seen, member) });
          ports.notes.add(conversation, ports.now(), text);
          ports.announce(conversation, text);
        }
        next[person] = [...new Set([...seen, ...theirs.map(enrollmentOf)])].slice(-MOST_KNOWN);
      }
      // If a person has no device any more, the earlier devices stay known. The next device then causes a note.
      return { ...known, ...next };
    },
  };
}

const enrollmentOf = ({ device, generation }: Member): string => `${device} ${generation}`;

const wasSeen = (seen: readonly string[], { device }: Member): boolean =>
  seen.some((enrollment) => enrollment.startsWith(`${device} `));

function newDeviceText(
  { name, group }: Member,
  { isOwn, isAgain }: { readonly isOwn: boolean; readonly isAgain: boolean },
): string {
  const where = group ? ` (group ${group})` : '';
  const event = isAgain ? 'was enrolled again and added' : 'was added';
  return isOwn
    ? `A new device of yours${where} ${event}. It can read new messages in this conversation. If you did not enroll it, tell your admin.`
    : `A new device of ${name}${where} ${event}. It can read new messages in this conversation. If you did not expect it, ask ${name} by phone or in person.`;
}
