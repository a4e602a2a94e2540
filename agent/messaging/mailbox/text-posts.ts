import { isCordonError } from '../../../shared/errors.ts';
import type { ConversationRecord, HistoryMessage, PersonName, PostPurpose, Records } from '../conversation/records.ts';
import type { Membership } from '../members/membership.ts';
import type { MessageStore } from '../message-store.ts';
import type { MessageState, Refusal } from '../messaging.ts';
import type { ContentPosts } from './content-posts.ts';
import { withDeliveryState } from './delivery-state.ts';
import type { Posted, Posts } from './posts.ts';
import type { Uploads } from './uploads.ts';

export interface TextPosts {
  send(conversation: string): Promise<void>;
  settle(purpose: PostPurpose, response: Posted): void;
}

export interface TextPostPorts {
  readonly own: () => PersonName;
  readonly records: Records;
  readonly store: Pick<MessageStore, 'marked' | 'transaction'>;
  readonly posts: Pick<Posts, 'settled'>;
  readonly membership: Pick<Membership, 'ledger' | 'changed'>;
  readonly contentPosts: ContentPosts;
  readonly uploads: Pick<Uploads, 'have'>;
}

/**
 * Errors after which the agent gives up a message: the server does not accept the files, or the agent cannot seal the message. After other
 * errors, the agent tries again.
 */
const REFUSED: ReadonlySet<string> = new Set(['too_large', 'conflict', 'service_denied', 'content_malformed']);

export function createTextPosts(ports: TextPostPorts): TextPosts {
  const { records, store } = ports;
  return {
    async send(conversation) {
      for (const stored of store.marked(conversation, 'unsent')) {
        const record = records.conversation(conversation);
        if (!record || !ports.contentPosts.isReady(conversation)) return;
        const own = ports.own().person;
        const hasOthers = (people: readonly { readonly person: string }[]) =>
          people.some(({ person }) => person !== own);
        // No recipient has joined the group yet. Members cannot read messages that were sealed before they joined, so the message waits.
        if (hasOthers(record.people) && !hasOthers(record.members)) return;
        const message = records.opened(stored);
        try {
          // This message waits for the upload of its files. Later messages wait too, because messages are sent in order.
          if (!ports.uploads.have(message)) return;
          await sealText(ports, record, message);
        } catch (error) {
          if (!isCordonError(error) || !REFUSED.has(error.code)) throw error;
          const { code, message: detail, context } = error;
          const order = Array.isArray(context['orders']) ? String(context['orders'][0]) : null;
          records.changeMessage({ ...message, mark: 'none', refused: { order, code, detail } });
        }
      }
    },
    settle: (purpose, response) => settle(ports, purpose, response),
  };
}

async function sealText(
  { own, records, membership, contentPosts }: TextPostPorts,
  record: ConversationRecord,
  message: HistoryMessage,
): Promise<void> {
  const { id, at, text, attachments } = message;
  const waiting = { state: 'waiting', order: null, refusal: null } as const;
  const recipients = record.members
    .filter(({ person }) => person !== own().person)
    .map(({ device, person, name }) => ({ device, person, name, ...waiting }));
  const [after, ledger] = [record.lastStored ?? null, membership.ledger()];
  await contentPosts.add(
    record,
    { type: 'text', id, at, text, attachments: [...attachments], after, ledger },
    {
      to: contentPosts.othersIn(record),
      purpose: { kind: 'text', conversation: record.id },
      id,
      also: () => records.changeMessage({ ...message, mark: 'none', recipients }),
    },
  );
}

const OUTCOMES: Readonly<Record<Posted['recipients'][number]['outcome'], MessageState>> = {
  stored: 'sent',
  held: 'held',
  refused: 'refused',
  unknown: 'refused',
  full: 'refused',
};

/** Delivery states in which the message is at the server or at the recipient's device. */
const ARRIVED: ReadonlySet<MessageState> = new Set(['sent', 'delivered', 'read']);

const REASONS: Readonly<Record<'unknown' | 'full', Refusal>> = {
  unknown: { code: 'device_unknown', detail: 'The device is no longer enrolled.' },
  full: {
    code: 'too_large',
    detail: 'The recipient’s mailbox on the server is full. Send the message again later.',
  },
};

const NO_REASON = { order: null, code: 'unavailable', detail: 'The server refused the message and gave no reason.' };

function refusalOf({ outcome, denial }: Posted['recipients'][number]): Refusal | null {
  if (denial) return { code: denial.code, detail: denial.detail };
  return outcome === 'unknown' || outcome === 'full' ? REASONS[outcome] : null;
}

function settle({ records, store, posts, membership }: TextPostPorts, { epoch }: PostPurpose, response: Posted): void {
  const message = records.message(response.id);
  store.transaction(() => {
    posts.settled(response);
    if (!message) return;
    if (response.outcome !== 'accepted') {
      const { order, code, detail } = response.denial ?? NO_REASON;
      records.changeMessage({ ...message, refused: { order, code, detail } });
      return;
    }
    const recipients = message.recipients.map((one) => {
      const outcome = response.recipients.find(({ device }) => device === one.device);
      // If the recipient's state is no longer `waiting`, the server has repeated an old response, and the mailbox has already reported a
      // newer state.
      if (!outcome || one.state !== 'waiting') return one;
      return withDeliveryState(one, OUTCOMES[outcome.outcome], outcome.denial?.order ?? null, refusalOf(outcome));
    });
    const record = records.conversation(message.conversation);
    const gone: readonly string[] = response.recipients.flatMap(({ outcome, device }) =>
      outcome === 'unknown' ? [device] : [],
    );
    for (const { person, device } of message.recipients) if (gone.includes(device)) membership.changed(person);
    const hasArrived =
      response.recipients.every(({ outcome }) => outcome === 'stored') &&
      recipients.every(({ state }) => ARRIVED.has(state));
    if (record) {
      records.save({
        ...record,
        ...(gone.length > 0 ? { checkedAt: 0 } : {}),
        ...(hasArrived && epoch !== undefined ? { lastStored: { id: message.id, epoch } } : {}),
      });
    }
    records.changeMessage({ ...message, recipients });
  });
}
