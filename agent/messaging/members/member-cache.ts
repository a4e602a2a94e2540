import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Member } from './member.ts';

/**
 * Maximum age of a cached member in milliseconds. If the server's report of a change is lost, the device notices the change at most this
 * much later.
 */
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

/** Recently verified members, by person and by device. The oldest entries are removed first. */
export interface MemberCache {
  ofPerson(person: string): readonly Member[] | null;
  ofDevice(device: DeviceId): readonly Member[] | null;
  keep(members: readonly Member[], about: About): void;
  forget(person: string): void;
  clear(): void;
}

/** Creates the cache. `monotonic`: milliseconds of a clock that never moves backward. */
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
        const matching = members.filter((member) => member.person === person);
        renew(people, person, { at, members: matching });
        for (const member of matching) renew(devices, member.device, { at, members: [member] });
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

function renew<Key>(entries: Map<Key, Known>, key: Key, known: Known): void {
  entries.delete(key);
  entries.set(key, known);
}

export function keepNewest<Key>(entries: Map<Key, unknown> | Set<Key>, most: number): void {
  for (const oldest of entries.keys()) {
    if (entries.size <= most) break;
    entries.delete(oldest);
  }
}
