import { CordonError } from '../../../shared/errors.ts';
import { createBatcher } from '../../../shared/loops/batcher.ts';
import type { ApproverSet } from '../../../shared/order/approvers.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Member } from './member.ts';
import { type About, createMemberCache } from './member-cache.ts';
import { createMemberProofs, type MemberProofPorts } from './member-proofs.ts';

const PEOPLE_AT_ONCE = 200;
const DEVICES_AT_ONCE = 512;

export interface MemberDirectory {
  /**
   * Returns the device's newest approver set, against which members are verified. If the set is new, empties the cache of members. Throws
   * `approvers_required` if the device has no approver set.
   */
  requireApproverSet(): ApproverSet;
  membersOf(people: readonly string[]): Promise<ReadonlyMap<string, readonly Member[]>>;
  proofOf(device: DeviceId, generation: number, signatureKey: string): Promise<Member>;
  memberOf(device: DeviceId, generation: number): Promise<Member>;
  changed(person: string): void;
}

export function createMemberDirectory(
  ports: MemberProofPorts & {
    readonly approverSet: () => ApproverSet | null;
    readonly monotonic: () => number;
    readonly onNewApproverSet: () => void;
  },
): MemberDirectory {
  const cache = createMemberCache(ports.monotonic);
  const proofs = createMemberProofs(ports);
  let cachedUnder = '';
  /** Number of reported member changes. If the number grows during a query, the response may be outdated and is not cached. */
  let changes = 0;

  function requireApproverSet(): ApproverSet {
    const approverSet = ports.approverSet();
    if (!approverSet) throw new CordonError('approvers_required', 'This device has no approver set yet.');
    if (cachedUnder !== approverSet.digest) {
      cache.clear();
      ports.onNewApproverSet();
      cachedUnder = approverSet.digest;
    }
    return approverSet;
  }

  /** Queries the verified members, and caches them unless the server reported a change during the query. */
  async function fetchMembers(about: About): Promise<readonly Member[]> {
    const before = changes;
    const members = await proofs.fetch(about, requireApproverSet());
    if (changes === before) cache.keep(members, about);
    return members;
  }

  async function membersOf(wanted: readonly string[]): Promise<ReadonlyMap<string, readonly Member[]>> {
    requireApproverSet();
    const found = new Map<string, readonly Member[]>();
    for (const person of new Set(wanted)) {
      const members = cache.ofPerson(person);
      if (members) found.set(person, members);
    }
    const missing = [...new Set(wanted)].filter((person) => !found.has(person));
    for (let from = 0; from < missing.length; from += PEOPLE_AT_ONCE) {
      const about = { people: missing.slice(from, from + PEOPLE_AT_ONCE), devices: [] };
      const members = await fetchMembers(about);
      for (const person of about.people) {
        found.set(
          person,
          members.filter((member) => member.person === person),
        );
      }
    }
    return found;
  }

  /** Combines queries for single devices in the same turn of the event loop, for example for all members of a group. */
  const newestOf = createBatcher<DeviceId, Member>(
    async (devices) => new Map((await fetchMembers({ people: [], devices })).map((member) => [member.device, member])),
    { most: DEVICES_AT_ONCE },
  );

  async function proofOf(device: DeviceId, generation: number, signatureKey: string): Promise<Member> {
    requireApproverSet();
    const is = (member: Member | undefined): member is Member =>
      member !== undefined && member.generation === generation && member.signatureKey === signatureKey;
    const known = cache.ofDevice(device)?.find(is);
    if (known) return known;
    // The cached key may belong to an earlier enrollment of the device. If it differs, this device queries the server.
    const member = await newestOf(device);
    if (is(member)) return member;
    const detail = `${device}, enrollment ${generation}, is in a conversation, but its key is not confirmed by the organization: ${member ? 'the organization confirmed another key' : 'the enrollment has ended, or was never confirmed'}.`;
    throw new CordonError('unverified_member', detail, { device, generation });
  }

  async function memberOf(device: DeviceId, generation: number): Promise<Member> {
    requireApproverSet();
    const is = (member: Member | undefined): member is Member => member?.generation === generation;
    const member = cache.ofDevice(device)?.find(is) ?? (await newestOf(device));
    if (is(member)) return member;
    const detail = `The organization has not confirmed a key of ${device}, enrollment ${generation}, or the enrollment has ended.`;
    throw new CordonError('unverified_member', detail, { device, generation });
  }

  return {
    requireApproverSet,
    membersOf,
    proofOf,
    memberOf,
    changed(person) {
      changes += 1;
      cache.forget(person);
    },
  };
}
