import { isCordonError } from '../../../shared/errors.ts';
import { joinConversation } from '../../../shared/seal/join.ts';
import type { Self } from '../../../shared/seal/terms.ts';
import type { KeyPackageStock } from '../keys/key-package-stock.ts';
import type { Member } from '../members/member.ts';
import type { Membership } from '../members/membership.ts';
import type { NewDeviceNotes } from '../members/new-devices.ts';
import { createRoster, peopleOf } from '../members/roster.ts';
import type { MailboxItem, MessageStore } from '../message-store.ts';
import type { ConversationRecords, PersonName } from './records.ts';

interface Letter {
  readonly number: number;
  readonly item: Pick<Extract<MailboxItem, { type: 'post' }>, 'from'>;
  readonly body: Uint8Array;
}

/** Welcomes (RFC 9420). A welcome adds this device to a conversation and uses one of the device's key packages. */
export interface Welcomes {
  /**
   * Returns the id of the joined conversation, or null if the device has no private half for the welcome's key package. Throws
   * `RefusedWelcome` for a forbidden welcome, and `unavailable` if the members cannot be verified now.
   */
  accept(letter: Letter, references: readonly string[]): Promise<string | null>;
}

/** Error for a welcome that this device must not accept. `code` is stable; code and detail appear in the alert to the organization. */
export class RefusedWelcome extends Error {
  readonly code: string;
  constructor(code: string, detail: string) {
    super(detail);
    this.code = code;
  }
}

export function createWelcomes(ports: {
  readonly self: () => Self;
  readonly own: () => PersonName;
  readonly membership: Pick<Membership, 'membersOf' | 'proofOf'>;
  readonly stock: Pick<KeyPackageStock, 'find' | 'wasUsed' | 'used'>;
  readonly records: ConversationRecords;
  readonly store: Pick<MessageStore, 'transaction' | 'itemOpened'>;
  readonly newDevices: NewDeviceNotes;
  readonly realNow: () => number;
}): Welcomes {
  const { membership, stock, records, store } = ports;

  /**
   * Returns the entry of this device in the organization's list of verified devices. When this device joins a conversation, it verifies the
   * entries of the other members separately.
   */
  const ownDevices = async (): Promise<readonly Member[]> => {
    const { person } = ports.own();
    const found = (await membership.membersOf([person])).get(person) ?? [];
    return found.filter((member) => member.device === ports.self().device);
  };

  return {
    async accept({ number, item, body }, references) {
      const found = stock.find(references);
      if (!found && stock.wasUsed(references)) {
        const detail = `the welcome of ${item.from} is for a key package that was used before: the server gave the package out twice, or sent the welcome again`;
        throw new RefusedWelcome('key_package_reused', detail);
      }
      // Without the private half of the key package, this device cannot use the welcome. It asks to be added again when a member writes.
      if (!found) return null;
      const roster = createRoster(membership, await ownDevices());
      const joined = await joinConversation(body, found.half, ports.self(), roster.authenticate).catch(
        (error: unknown) => {
          if (!isCordonError(error) || error.code === 'unavailable') throw error;
          throw new RefusedWelcome(error.code, `from ${item.from}: ${error.message}`);
        },
      );
      const { conversation, epoch, state } = joined;
      const before = records.conversation(conversation);
      if (before?.state === 'ready') {
        const detail = `the welcome of ${item.from} is for ${conversation}, which this device is in`;
        throw new RefusedWelcome('unexpected_welcome', detail);
      }
      // The last-resort key package works for several welcomes, so the server could repeat an old one. The device would return to an
      // earlier epoch (version of the group's keys) and use keys twice.
      if (before && epoch <= before.joinedInEpoch) {
        const detail = `the welcome of ${item.from} is for an epoch of ${conversation} that this device has been in before`;
        throw new RefusedWelcome('welcome_replayed', detail);
      }
      const members = roster.of(joined.members);
      // People who left, perhaps the user, stay marked as having left. Only the description (statement of title and people) after the
      // welcome can make them members again.
      const gone = Object.entries(before?.membershipStatements ?? {}).filter(([, { belongs }]) => !belongs);
      store.transaction(() => {
        const knownDevices = ports.newDevices.add(conversation, before, members);
        records.save(
          {
            id: conversation,
            title: before?.title ?? null,
            titleAt: before?.titleAt ?? 0,
            descriptionDue: false,
            people: peopleOf(members).filter(({ person }) => !gone.some(([of]) => of === person)),
            membershipStatements: Object.fromEntries(gone),
            state: 'ready',
            members,
            knownDevices,
            devicesToAsk: [],
            rejoinRequestedBy: [],
            rejoinRequestTimes: before?.rejoinRequestTimes ?? {},
            joinedInEpoch: epoch,
            checkedAt: ports.realNow(),
            rejoinRequestedAt: 0,
          },
          { group: state, pending: null },
        );
        stock.used(found.reference);
        store.itemOpened(number);
      });
      return conversation;
    },
  };
}
