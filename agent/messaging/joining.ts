/** A welcome lets this device into a conversation: where it is not already, where it has not been before, and by a key package that served once. */
import { isCordonError } from '../../shared/errors.ts';
import { joinConversation } from '../../shared/seal/join.ts';
import { type Context, peopleOf, rosterOf } from './context.ts';
import type { Member } from './membership.ts';
import type { MailItem } from './message-store.ts';
import { noticeNewDevices } from './new-devices.ts';

interface Letter {
  readonly number: number;
  readonly item: Pick<Extract<MailItem, { type: 'post' }>, 'from'>;
  readonly body: Uint8Array;
}

/** Null for a welcome that is for no key package of this device. `code` and `detail`: it is not to be followed. Throws `unavailable`. */
export async function join(
  context: Context,
  { number, item, body }: Letter,
  references: readonly string[],
): Promise<{ readonly conversation: string } | { readonly code: string; readonly detail: string } | null> {
  const { records, store, realNow } = context;
  const found = context.stock.find(references);
  if (!found && context.stock.wasUsed(references)) {
    const detail = `${item.from} would let this device in by a key package that was used: it was given out twice, or the welcome sent again`;
    return { code: 'key_package_reused', detail };
  }
  // For a package whose private half was given up. Who is missed so is asked for again, as soon as somebody writes.
  if (!found) return null;
  const roster = rosterOf(context.membership, await ownDevices(context));
  try {
    const { conversation, epoch, members, state } = await joinConversation(
      body,
      found.half,
      context.self(),
      roster.authenticate,
    );
    const before = records.conversation(conversation);
    if (before?.state === 'ready') {
      const detail = `${item.from} would let this device into ${conversation}, in which it is`;
      return { code: 'unexpected_welcome', detail };
    }
    // Sent again, which the package of last resort would let happen. To begin where one has been would use keys twice.
    if (before && epoch <= before.since) {
      const detail = `${item.from} would let this device into ${conversation} where it has been before`;
      return { code: 'welcome_replayed', detail };
    }
    const present = roster.of(members);
    // Whether who has left is back, oneself perhaps, is said by what comes behind the welcome.
    const gone = Object.entries(before?.said ?? {}).filter(([, { belongs }]) => !belongs);
    store.transaction(() => {
      const known = noticeNewDevices(context, conversation, before, present);
      records.save(
        {
          ...{ id: conversation, title: before?.title ?? null, titleAt: before?.titleAt ?? 0, aboutDue: false },
          people: peopleOf(present).filter(({ person }) => !gone.some(([of]) => of === person)),
          said: Object.fromEntries(gone),
          ...{ state: 'ready', members: present, known, ask: [], asking: [] },
          ...{ heard: before?.heard ?? {}, since: epoch, checkedAt: realNow(), askedAt: 0 },
        },
        { group: state, pending: null },
      );
      context.stock.used(found.reference);
      store.mailOpened(number);
    });
    return { conversation };
  } catch (error) {
    if (!isCordonError(error) || error.code === 'unavailable') throw error;
    return { code: error.code, detail: `from ${item.from}: ${error.message}` };
  }
}

/** This device is in its own groups without anybody vouching for it. */
async function ownDevices({ membership, own, device }: Context): Promise<readonly Member[]> {
  const { person } = own();
  const found = (await membership.membersOf([person])).get(person) ?? [];
  return found.filter((member) => member.device === device);
}
