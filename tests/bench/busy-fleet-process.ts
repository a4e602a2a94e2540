/**
 * Part of the devices of `busy-fleet.ts`, in a separate process. The devices react to order lists, commands and messages as agents do, and
 * some of them send messages. All times are milliseconds since 1970 with fractions, so that times of several processes can be compared.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import { serve } from '../replay/rpc.ts';
import { BenchDevice, type Credentials, type Versions } from './bench-device.ts';
import { closeAll, openAll } from './connect.ts';
import { type OrderAnswer, orderAnswers } from './order-answers.ts';
import type { RawLink } from './raw-link.ts';

interface Connected {
  readonly device: BenchDevice;
  readonly link: RawLink;
  lists: number;
  /** Number of the last receipt that answers the order list; 0 if the device sent none. */
  lastReceipt: number;
  commandAt: number;
  receiptsAt: number;
}

interface SentMessage {
  readonly at: number;
  storedAt: number;
  readAt: number;
}

export interface BusyResult {
  /** Times at which each device received the command, and at which the server had stored the device's receipts; 0: never. */
  readonly commandAt: readonly number[];
  readonly receiptsAt: readonly number[];
  /** Milliseconds from sending each message to the server's response, and to its arrival at the recipient. */
  readonly stored: readonly number[];
  readonly read: readonly number[];
  readonly sent: number;
}

const now = (): number => performance.timeOrigin + performance.now();

let fleet: Connected[] = [];
let answer: OrderAnswer | null = null;
let sending: Promise<void> = Promise.resolve();
const messages = new Map<string, SentMessage>();

const send = (link: RawLink, frame: DeviceFrame): void => link.send(JSON.stringify(frame));

function receive(one: Connected, text: string): void {
  const { device, link } = one;
  const frame: ServerFrame = JSON.parse(text);
  switch (frame.kind) {
    case 'list': {
      one.lists += 1;
      if (!answer) return;
      for (const reply of orderAnswers(device, text, answer)) link.send(reply);
      one.lastReceipt = device.reports + 2;
      return;
    }
    case 'reports-stored':
      device.reports = Math.max(device.reports, frame.through);
      if (one.lastReceipt > 0 && frame.through >= one.lastReceipt && one.receiptsAt === 0) one.receiptsAt = now();
      return;
    case 'command':
      one.commandAt = now();
      send(link, { kind: 'command-stored', id: frame.id });
      return;
    case 'posted': {
      const message = messages.get(frame.id);
      if (frame.outcome !== 'accepted') throw new Error(`a message was not stored: ${text}`);
      if (message) message.storedAt = now();
      return;
    }
    case 'mailbox-entry': {
      const message = messages.get(frame.item.id);
      // The server sends a message again until it is acknowledged. The first arrival counts.
      if (message && message.readAt === 0) message.readAt = now();
      send(link, { kind: 'entries-stored', through: frame.seq });
      return;
    }
    default:
      return;
  }
}

/** Sends messages at a steady rate, each from one device to the next. */
async function sendMessages(body: string, perSecond: number, seconds: number): Promise<void> {
  const started = now();
  for (let index = 0; index < perSecond * seconds; index += 1) {
    await delay(Math.max(0, started + (index * 1000) / perSecond - now()));
    const sender = fleet[(index * 7) % fleet.length];
    const recipient = fleet[(index * 7 + 1) % fleet.length];
    if (!sender || !recipient) throw new Error('there is no fleet');
    const id = crypto.randomUUID();
    messages.set(id, { at: now(), storedAt: 0, readAt: 0 });
    send(sender.link, { kind: 'post', id, to: [recipient.device.id], keep: false, commit: null, expires: null, body });
  }
}

const handlers = {
  async connect(given: { devices: readonly Credentials[]; has: Versions; server: number }) {
    BenchDevice.has = given.has;
    await openAll(
      given.devices.map((each) => BenchDevice.from(each)),
      async (device) => {
        const link = await device.join(given.server);
        const one: Connected = { device, link, lists: 0, lastReceipt: 0, commandAt: 0, receiptsAt: 0 };
        fleet.push(one);
        link.onText = (text) => receive(one, text);
        link.onClose = () => {
          throw new Error(`${device.id} was disconnected`);
        };
        send(link, { kind: 'mailbox', open: true });
        return link;
      },
    );
    return null;
  },

  /** Sets the devices' reaction to the next order list, and resolves to the number of lists that every device has received so far. */
  react(to: OrderAnswer | null) {
    answer = to;
    return Math.min(...fleet.map(({ lists }) => lists));
  },

  async listed(count: number) {
    for (const end = now() + 60_000; fleet.some(({ lists }) => lists < count); await delay(20))
      if (now() > end) throw new Error('not every device received the order list within 60 s');
    return null;
  },

  /** Starts to send messages. `finish` waits until all are sent. */
  begin(given: { body: string; perSecond: number; seconds: number }) {
    sending = sendMessages(given.body, given.perSecond, given.seconds);
    sending.catch(() => undefined);
    return null;
  },

  /** Waits until the server has answered everything, at most a minute. What is still missing then counts as lost. */
  async finish(_: null): Promise<BusyResult> {
    await sending;
    const isMissing = () =>
      fleet.some(({ commandAt, receiptsAt }) => commandAt === 0 || receiptsAt === 0) ||
      [...messages.values()].some(({ storedAt, readAt }) => storedAt === 0 || readAt === 0);
    for (const end = now() + 60_000; isMissing() && now() < end; ) await delay(50);
    const all = [...messages.values()];
    return {
      commandAt: fleet.map(({ commandAt }) => commandAt),
      receiptsAt: fleet.map(({ receiptsAt }) => receiptsAt),
      stored: all.flatMap(({ at, storedAt }) => (storedAt === 0 ? [] : [storedAt - at])),
      read: all.flatMap(({ at, readAt }) => (readAt === 0 ? [] : [readAt - at])),
      sent: all.length,
    };
  },

  async close(_: null) {
    for (const { link } of fleet) link.onClose = () => undefined;
    await closeAll(fleet.map(({ link }) => link));
    fleet = [];
    return null;
  },
};
export type BusyHandlers = typeof handlers;

serve(handlers);
