/** How a conversation begins: its first members, its first commit and the first description of it. */
import { CordonError } from '../../shared/errors.ts';
import { MOST_RECIPIENTS } from '../../shared/protocol/frames.ts';
import { type Content, LARGEST_CONVERSATION, MOST_WORDS } from '../../shared/seal/content.ts';
import {
  commitChange,
  createConversation,
  membersOf,
  newConversationId,
  sealContent,
} from '../../shared/seal/conversation.ts';
import type { Leaf } from '../../shared/seal/terms.ts';
import { type Context, othersIn, peopleOf, rosterOf, together } from './context.ts';
import type { Member } from './membership.ts';
import { noticeNewDevices } from './new-devices.ts';
import { type ConversationRecord, isLeftOut } from './records.ts';

export function aboutOf(context: Context, record: ConversationRecord): Content {
  const { title, titleAt, people, said, continues, leftOut } = record;
  const here = people.map(({ person }) => ({ person, ...(said[person] ?? { at: 0, belongs: true }) }));
  const gone = Object.entries(said).flatMap(([person, word]) => (word.belongs ? [] : [{ person, ...word }]));
  return {
    ...{ type: 'about', at: titleAt, title, ledger: context.membership.ledger() },
    // Nobody comes or goes for not being spoken of.
    people: [...here, ...gone].slice(0, MOST_WORDS),
    ...(continues === undefined ? {} : { continues: { conversation: continues, without: [...(leftOut ?? [])] } }),
  };
}

/** The devices of everybody, when these come to those who belong to it already. Throws `too_large`, `person_unknown`. */
export async function devicesOf(
  context: Context,
  coming: readonly string[],
  already: readonly string[],
): Promise<readonly Member[]> {
  const people = [...new Set([...already, ...coming])];
  if (people.length > LARGEST_CONVERSATION) {
    throw new CordonError('too_large', `A conversation holds at most ${LARGEST_CONVERSATION} people: begin another.`);
  }
  const found = await context.membership.membersOf(people);
  // A member of the conversation may have no device left.
  for (const person of coming) {
    if (!found.get(person)?.length) {
      throw new CordonError(
        'person_unknown',
        'Nobody of your organisation who can be written to is known by that; try `cordon-agent people`.',
        { person },
      );
    }
  }
  const members = [...found.values()].flat();
  if (members.length > MOST_RECIPIENTS) {
    throw new CordonError('too_large', `A conversation holds at most ${MOST_RECIPIENTS} devices.`);
  }
  return members;
}

export interface Beginning {
  /** At least one of their devices must be able to join. */
  readonly coming: readonly string[];
  /** People of the predecessor, who may have no device left. */
  readonly already?: readonly string[];
  readonly title: string | null;
  /** The part of a predecessor's record that its successor keeps. */
  readonly from?: Partial<Pick<ConversationRecord, 'continues' | 'refusals' | 'leftOut' | 'people'>>;
  /** Runs in the transaction that stores the conversation. */
  readonly also?: (begun: ConversationRecord) => void;
}

export async function begin(
  context: Context,
  { coming, already = [], title, from = {}, also = () => undefined }: Beginning,
): Promise<string> {
  const { records, store, posts, realNow } = context;
  const own = context.own();
  const found = await devicesOf(context, coming, [own.person, ...already]);
  const all = found.filter((member) => !isLeftOut(from, member));
  const others = all.filter(({ person }) => person !== own.person);
  const roster = rosterOf(context.membership, all);
  const conversation = newConversationId();
  const alone = await createConversation(context.self(), conversation, realNow());
  const packages = await context.claims.of(all);
  const add = packages.map(({ body }) => body);
  const change = add.length > 0 ? await commitChange(alone, { add, remove: [] }, { now: realNow(), ...roster }) : null;
  const group = change?.next ?? alone;
  const people = together(from.people ?? [], [own], peopleOf(others));
  const members = roster.of(membersOf(group));
  const record: ConversationRecord = {
    ...from,
    ...{ id: conversation, title, people, said: {}, state: 'ready', members, ask: [], asking: [], heard: {} },
    ...{ titleAt: context.now(), aboutDue: false, since: 0, askedAt: 0 },
    checkedAt: packages.length < all.length - 1 ? 0 : realNow(),
    people,
  };
  const newcomers = othersIn(context, record);
  const about = change && (await sealContent(group, aboutOf(context, record)));
  store.transaction(() => {
    const begun = { ...record, known: noticeNewDevices(context, conversation, null, members) };
    records.save(begun, { group: about?.state ?? group });
    also(begun);
    if (!change?.welcome || !about) return;
    // No other member has to receive the commit. The welcome tells the server of it, so that the server knows who may commit next.
    const commit = { conversation, epoch: change.epoch, add: enrolmentsOf(change.added), remove: [] };
    posts.add({ to: newcomers, commit, body: change.welcome }, { kind: 'welcome', conversation });
    posts.add({ to: newcomers, body: about.message }, { kind: 'about', conversation });
  });
  return conversation;
}

export const enrolmentsOf = (leaves: readonly Leaf[]) =>
  leaves.map(({ device, generation }) => ({ device, generation }));
