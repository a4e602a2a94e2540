import { CordonError } from '../../../shared/errors.ts';
import { MOST_RECIPIENTS } from '../../../shared/protocol/frames.ts';
import { LARGEST_CONVERSATION } from '../../../shared/seal/content.ts';
import {
  commitChange,
  createConversation,
  membersOf,
  newConversationId,
  sealContent,
} from '../../../shared/seal/conversation.ts';
import type { Leaf, Self } from '../../../shared/seal/terms.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import type { KeyPackageClaims } from '../keys/key-package-claims.ts';
import type { Posts } from '../mailbox/posts.ts';
import type { Member } from '../members/member.ts';
import type { Membership } from '../members/membership.ts';
import type { NewDeviceNotes } from '../members/new-devices.ts';
import { createRoster, mergePeople, peopleOf } from '../members/roster.ts';
import type { MessageStore } from '../message-store.ts';
import { descriptionOf } from './description.ts';
import {
  type ConversationRecord,
  type ConversationRecords,
  isExcluded,
  otherDevicesIn,
  type PersonName,
} from './records.ts';

/** Start of a conversation: its first members, its first commit, and its first description (statement of the title and the people). */
export interface NewConversations {
  /**
   * Begins a conversation, and resolves with its id when the conversation is durable. Throws `too_large` if there are too many people or
   * devices, and `person_unknown` if a person has no verified device.
   */
  begin(beginning: Beginning): Promise<string>;
  /**
   * Returns the verified devices of the given people. `added`: new people, who must have a verified device. `already`: people of the
   * conversation, who may have lost their last device. Throws `too_large` for too many people or devices, `person_unknown` if a new person
   * has no verified device.
   */
  devicesOf(added: readonly string[], already: readonly string[]): Promise<readonly Member[]>;
}

export interface Beginning {
  readonly added: readonly string[];
  /**
   * People of an earlier conversation, if the new conversation continues an earlier one. These people may have lost their last device. By
   * contrast, each new person in the field `added` must have a device.
   */
  readonly already?: readonly string[];
  readonly title: string | null;
  /** Data of an earlier conversation to copy into the new conversation, if the new conversation continues an earlier one. */
  readonly from?: Partial<Pick<ConversationRecord, 'continues' | 'refusedDevices' | 'excludedDevices' | 'people'>>;
  readonly also?: (begun: ConversationRecord) => void;
}

export function createNewConversations(ports: {
  readonly self: () => Self;
  readonly own: () => PersonName;
  readonly membership: Pick<Membership, 'membersOf' | 'proofOf' | 'ledger'>;
  readonly claims: Pick<KeyPackageClaims, 'of'>;
  readonly records: ConversationRecords;
  readonly store: Pick<MessageStore, 'transaction'>;
  readonly posts: Pick<Posts, 'add'>;
  readonly newDevices: NewDeviceNotes;
  readonly now: () => Instant;
  readonly realNow: () => number;
}): NewConversations {
  const { membership, records, store, posts, realNow } = ports;

  const devicesOf: NewConversations['devicesOf'] = async (added, already) => {
    const people = [...new Set([...already, ...added])];
    if (people.length > LARGEST_CONVERSATION) {
      const detail = `A conversation has at most ${LARGEST_CONVERSATION} people. Start another conversation for the others.`;
      throw new CordonError('too_large', detail);
    }
    const found = await membership.membersOf(people);
    for (const person of added) {
      if (found.get(person)?.length) continue;
      const detail =
        'Your organization has no person with that identifier who can receive messages. Find the person with `cordon-agent people`.';
      throw new CordonError('person_unknown', detail, { person });
    }
    const members = [...found.values()].flat();
    if (members.length > MOST_RECIPIENTS) {
      const detail = `A conversation has at most ${MOST_RECIPIENTS} devices. Start a conversation with fewer people.`;
      throw new CordonError('too_large', detail);
    }
    return members;
  };

  return {
    devicesOf,
    async begin({ added, already = [], title, from = {}, also = () => undefined }) {
      const own = ports.own();
      const self = ports.self();
      const found = await devicesOf(added, [own.person, ...already]);
      const all = found.filter((member) => !isExcluded(from, member));
      const others = all.filter(({ person }) => person !== own.person);
      const roster = createRoster(membership, all);
      const conversation = newConversationId();
      const alone = await createConversation(self, conversation, realNow());
      const packages = await ports.claims.of(all);
      const change =
        packages.length === 0
          ? null
          : await commitChange(
              alone,
              { add: packages.map(({ body }) => body), remove: [] },
              { now: realNow(), ...roster },
            );
      const group = change?.next ?? alone;
      const people = mergePeople(from.people ?? [], [own], peopleOf(others));
      const members = roster.of(membersOf(group));
      const record: ConversationRecord = {
        ...from,
        id: conversation,
        title,
        membershipStatements: {},
        state: 'ready',
        members,
        devicesToAsk: [],
        rejoinRequestedBy: [],
        rejoinRequestTimes: {},
        titleAt: ports.now(),
        descriptionDue: false,
        joinedInEpoch: 0,
        rejoinRequestedAt: 0,
        checkedAt: packages.length < all.length - 1 ? 0 : realNow(),
        people,
        knownDevices: {},
      };
      const newcomers = otherDevicesIn(record, self.device);
      const about = change && (await sealContent(group, descriptionOf(record, membership.ledger())));
      store.transaction(() => {
        const begun = { ...record, knownDevices: ports.newDevices.add(conversation, null, members) };
        records.save(begun, { group: about?.state ?? group });
        also(begun);
        if (!change?.welcome || !about) return;
        // This device is alone in the group, so it sends the commit to no other member. The welcome carries the data of the commit, from
        // which the server knows the devices that may make the next commit.
        const commit = { conversation, epoch: change.epoch, add: enrollmentsOf(change.added), remove: [] };
        posts.add({ to: newcomers, commit, body: change.welcome }, { kind: 'welcome', conversation });
        posts.add({ to: newcomers, body: about.message }, { kind: 'description', conversation });
      });
      return conversation;
    },
  };
}

export const enrollmentsOf = (leaves: readonly Leaf[]) =>
  leaves.map(({ device, generation }) => ({ device, generation }));
