import { describe, expect, it } from 'vitest';
import { type DeviceId, newDeviceId } from '../../shared/protocol/ids.ts';
import { mailOf } from '../../tests/support/sealed-mail.ts';
import { bytesOf, isCrowdedQueue, type KnownMail, mailShareKey, placeMail, QUEUE_LIMITS } from './placement.ts';
import type { JudgedMail, MailQueue } from './ports.ts';
import { bestState } from './recipients.ts';

const denial = {
  code: 'service_denied' as const,
  detail: 'Suspended.',
  order: '2015-001',
  reasons: ['present'],
  appeal: null,
  by: 'server' as const,
};
const [from, to] = [newDeviceId(), newDeviceId()];
const { device: LIMIT, connector: CONNECTOR } = QUEUE_LIMITS;

const queueOf = (device: DeviceId, more: Partial<MailQueue> = {}): MailQueue => ({
  device,
  generation: 1,
  lastSeq: 0,
  offered: 0,
  acknowledged: 0,
  entries: 0,
  bytes: 0,
  events: 0,
  gate: 'open',
  connector: false,
  ...more,
});

function placed(
  queue: Partial<MailQueue> | null,
  recipient: Partial<JudgedMail['recipients'][number]> = {},
  { share = { entries: 0, bytes: 0 }, sender = {} as Partial<MailQueue> } = {},
) {
  const { mail } = mailOf({ device: from, generation: 1 }, [{ device: to, generation: 1 }]);
  const queues = new Map([[from, queueOf(from, sender)]]);
  if (queue) queues.set(to, queueOf(to, queue));
  const known: KnownMail = {
    responses: new Map(),
    queues,
    pieces: new Map(mail.pieces.map((piece) => [piece.id, { ...piece, sender: mail.sender, named: false }])),
    shares: new Map([[mailShareKey(to, from), share]]),
  };
  const one = { device: to, generation: 1, known: true, denial: null, waiting: null, ...recipient };
  const judged: JudgedMail = { mail, at: 1, expiresAt: 2, recipients: [one] };
  return { mail, known, judged, result: placeMail(judged, known), queue: queues.get(to) };
}

describe('placement of a mail', () => {
  it.each([
    ['no order', {}, {}, 'stored'],
    ['an unknown device', {}, { known: false }, 'unknown'],
    ['an earlier enrollment', { generation: 2 }, {}, 'unknown'],
    ['an order that holds', {}, { denial, waiting: 'hold' }, 'held'],
    ['an order that delivers earlier mail', {}, { denial, waiting: 'deliver' }, 'held'],
    ['an order that returns', {}, { denial, waiting: 'return' }, 'refused'],
    [
      'a queue whose rule is to return, under a milder order',
      { gate: 'return' },
      { denial, waiting: 'hold' },
      'refused',
    ],
    ['a queue whose rule was to return, after the order', { gate: 'return' }, {}, 'stored'],
    ['a full queue', { entries: LIMIT.entries }, {}, 'full'],
    ['a queue without room for the bytes', { bytes: LIMIT.bytes - 1 }, {}, 'full'],
    ['a full queue under an order that returns', { entries: LIMIT.entries }, { denial, waiting: 'return' }, 'refused'],
    ['the larger queue of a connector', { entries: LIMIT.entries, connector: true }, {}, 'stored'],
    ['the full queue of a connector', { entries: CONNECTOR.entries, connector: true }, {}, 'full'],
  ] as const)('%s', (_name, queue, recipient, outcome) => {
    const { result } = placed(queue, recipient);
    expect(result).toMatchObject({
      result: 'placed',
      response: {
        denial: null,
        recipients: [{ device: to, outcome, denial: outcome === 'held' || outcome === 'refused' ? denial : null }],
      },
      entries: outcome === 'stored' || outcome === 'held' ? [{ device: to, seq: 1 }] : [],
    });
  });

  it('is unknown without a queue', () => {
    expect(placed(null).result).toMatchObject({ response: { recipients: [{ outcome: 'unknown' }] } });
  });

  it.each([
    ['fills a quarter of a crowded queue', LIMIT.entries / 2, LIMIT.entries / 4, false, 'full'],
    ['fills less', LIMIT.entries / 2, LIMIT.entries / 4 - 1, false, 'stored'],
    ['fills a quarter of a queue that is not crowded', LIMIT.entries / 2 - 1, LIMIT.entries / 4, false, 'stored'],
    ['is a connector', LIMIT.entries / 2, LIMIT.entries / 4, true, 'stored'],
  ])('of a sender that %s', (_name, entries, share, connector, outcome) => {
    const { result } = placed({ entries }, {}, { share: { entries: share, bytes: 0 }, sender: { connector } });
    expect(result).toMatchObject({ response: { recipients: [{ outcome }] } });
  });

  it('happens once, and only with all pieces', () => {
    const { mail, known, judged, result, queue } = placed({});
    expect(placeMail(judged, known)).toEqual({ ...result, entries: [] });
    expect(queue).toMatchObject({ lastSeq: 1, entries: 1, bytes: bytesOf(mail) });
    const other = { ...judged, mail: { ...mail, id: crypto.randomUUID() } };
    expect(placeMail(other, known)).toEqual({ result: 'piece-missing', piece: mail.pieces[0]?.id });
    const ended = { ...judged, mail: { ...mail, id: crypto.randomUUID(), sender: { device: from, generation: 2 } } };
    expect(placeMail(ended, known)).toEqual({ result: 'sender-ended' });
  });

  it('keeps no response without a stored copy, so that the sender may repeat the mail', () => {
    const { known, judged, queue } = placed({ entries: LIMIT.entries });
    if (queue) queue.entries = 0;
    expect(placeMail(judged, known)).toMatchObject({ response: { recipients: [{ outcome: 'stored' }] } });
  });
});

it.each([
  [{ connector: false, entries: LIMIT.entries / 2, bytes: 0 }, true],
  [{ connector: false, entries: 0, bytes: LIMIT.bytes / 2 }, true],
  [{ connector: true, entries: LIMIT.entries / 2, bytes: LIMIT.bytes / 2 }, false],
])('%o is crowded: %s', (queue, crowded) => expect(isCrowdedQueue(queue)).toBe(crowded));

describe('state of an address', () => {
  const other = { ...denial, order: '2015-002' };
  it.each([
    ['no device', [], { state: 'no-device', denial: null }],
    [
      'one device that may receive',
      [
        { state: 'refused', denial },
        { state: 'stored', denial: null },
      ],
      { state: 'available', denial: null },
    ],
    [
      'an order that holds, before one that returns',
      [
        { state: 'refused', denial },
        { state: 'held', denial: other },
      ],
      { state: 'held', denial: other },
    ],
    [
      'a full queue, which is temporary',
      [
        { state: 'refused', denial },
        { state: 'full', denial: null },
      ],
      { state: 'full', denial: null },
    ],
    ['only refusals', [{ state: 'refused', denial }], { state: 'refused', denial }],
  ] as const)('%s', (_name, devices, state) => expect(bestState(devices)).toEqual(state));
});
