/** What was verified of members, for a minute: whether asked about by person or by device. Bounded, the oldest goes first. */
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Member } from './membership.ts';

/** A wake that was lost delays by so much at most. */
const KEPT_FOR = 60_000;
const MOST_PEOPLE = 1000;
const MOST_DEVICES = 4000;

export interface About {
  readonly people: readonly string[];
  readonly devices: readonly DeviceId[];
}

interface Known {
  readonly at: number;
  readonly members: readonly Member[];
}

export interface MemberCache {
  /** Null when nothing is known, or no more. */
  ofPerson(person: string): readonly Member[] | null;
  ofDevice(device: DeviceId): readonly Member[] | null;
  /** All members among those that were asked about. */
  keep(members: readonly Member[], about: About): void;
  forget(person: string): void;
  clear(): void;
}

/** `monotonic`: milliseconds that only run forward. */
export function createMemberCache(monotonic: () => number): MemberCache {
  const people = new Map<string, Known>();
  const devices = new Map<DeviceId, Known>();
  const fresh = (known: Known | undefined): readonly Member[] | null =>
    known && monotonic() - known.at < KEPT_FOR ? known.members : null;

  return {
    ofPerson: (person) => fresh(people.get(person)),
    ofDevice: (device) => fresh(devices.get(device)),
    keep(members, about) {
      const at = monotonic();
      for (const device of about.devices) {
        renew(devices, device, { at, members: members.filter((member) => member.device === device) });
      }
      for (const person of about.people) {
        const its = members.filter((member) => member.person === person);
        renew(people, person, { at, members: its });
        for (const member of its) renew(devices, member.device, { at, members: [member] });
      }
      keepNewest(people, MOST_PEOPLE);
      keepNewest(devices, MOST_DEVICES);
    },
    forget(person) {
      for (const { device } of people.get(person)?.members ?? []) devices.delete(device);
      people.delete(person);
    },
    clear() {
      people.clear();
      devices.clear();
    },
  };
}

function renew<Key>(kept: Map<Key, Known>, key: Key, known: Known): void {
  kept.delete(key);
  kept.set(key, known);
}

export function keepNewest<Key>(kept: Map<Key, unknown> | Set<Key>, most: number): void {
  for (const oldest of kept.keys()) {
    if (kept.size <= most) break;
    kept.delete(oldest);
  }
}
