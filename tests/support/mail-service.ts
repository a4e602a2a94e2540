/** Mail service in memory for tests of the agent's mail. It follows `shared/protocol/mail-http.ts`, except where a test changes that. */
import type { MailClient } from '../../agent/mail/mail-client.ts';
import { CordonError } from '../../shared/errors.ts';
import { type DeviceId, newDeviceId } from '../../shared/protocol/ids.ts';
import {
  type MailEvent,
  type MailQueueItem,
  type MailResponse,
  MOST_MAIL_QUEUE_ITEMS,
  mailKeyStatementSchema,
  type SealedMail,
  sealedMailSchema,
} from '../../shared/protocol/mail-http.ts';
import { readMailKey } from '../../shared/seal/mail-key.ts';

type Outcome = MailResponse['recipients'][number]['outcome'];
type Denial = MailResponse['denial'];

export class MailService {
  readonly #keys = new Map<DeviceId, Awaited<ReturnType<MailClient['keysOf']>>[number]>();
  readonly pieces = new Map<string, Buffer>();
  readonly #responses = new Map<string, MailResponse>();
  readonly #queues = new Map<DeviceId, MailQueueItem[]>();
  #seq = 0;
  /** Accepted mail, in sequence. */
  readonly accepted: SealedMail[] = [];
  readonly connectors: { device: DeviceId; generation: number; connected: boolean }[] = [];
  /** Devices that can reach the server; null if all can. */
  reachable = true;
  /** Order that suspends the sender. */
  senderDenial: Denial = null;
  readonly outcomes = new Map<DeviceId, { outcome: Outcome; denial: Denial }>();
  /** Called before each request with its name. May throw, as a lost connection does. */
  before: (request: string) => void = () => undefined;
  /** Called after each request took effect. May throw, as a lost response does. */
  after: (request: string) => void = () => undefined;
  /** Called when an item arrives for a device. */
  onItem: (device: DeviceId) => void = () => undefined;

  waiting = (device: DeviceId): number => this.#queues.get(device)?.length ?? 0;

  add(device: DeviceId, item: { type: 'mail'; mail: SealedMail } | Omit<MailEvent, 'seq' | 'at'>, at = Date.now()) {
    const queue = this.#queues.get(device) ?? [];
    queue.push({ ...item, seq: ++this.#seq, at } as MailQueueItem);
    this.#queues.set(device, queue);
    this.onItem(device);
  }

  /** Enrolls a device, as `MailWorld` asks. */
  async enroll(_name: string, mailConnector: boolean) {
    const device = newDeviceId();
    if (mailConnector) this.connectors.push({ device, generation: 1, connected: true });
    return { device, client: this.client(device) };
  }

  client(device: DeviceId, generation = 1): MailClient {
    const request = async <T>(name: string, work: () => T): Promise<T> => {
      await new Promise(setImmediate);
      if (!this.reachable) throw new CordonError('unavailable', 'the network is down');
      this.before(name);
      const result = work();
      this.after(name);
      return result;
    };
    return {
      submitKey: (statement) =>
        request('submitKey', () => {
          const known = this.#keys.get(device);
          const { number } = readMailKey(mailKeyStatementSchema.parse(statement));
          const isOlder = known?.generation === generation && readMailKey(known.statement).number > number;
          if (isOlder) throw new CordonError('conflict', 'the server has a newer key');
          this.#keys.set(device, { device, generation, statement });
        }),
      keysOf: (devices) => request('keysOf', () => devices.flatMap((each) => this.#keys.get(each) ?? [])),
      connectors: () => request('connectors', () => this.connectors),
      recipients: () => request('recipients', () => []),
      putPiece: (id, sealed) => request('putPiece', () => void this.pieces.set(id, Buffer.from(sealed))),
      piece: (id) =>
        request('piece', () => {
          const found = this.pieces.get(id);
          if (!found) throw new CordonError('not_found', 'no such piece');
          return found;
        }),
      handOver: (mail) => request('handOver', () => this.#handOver(device, sealedMailSchema.parse(mail))),
      queue: (after) =>
        request('queue', () => {
          const items = (this.#queues.get(device) ?? []).filter(({ seq }) => seq > after);
          return { items: items.slice(0, MOST_MAIL_QUEUE_ITEMS), more: items.length > MOST_MAIL_QUEUE_ITEMS };
        }),
      received: (through) =>
        request('received', () => {
          const all = this.#queues.get(device) ?? [];
          this.#queues.set(
            device,
            all.filter(({ seq }) => seq > through),
          );
          for (const item of all) {
            if (item.type !== 'mail' || item.seq > through) continue;
            const { id, sender } = item.mail;
            this.add(sender.device, { type: 'event', id, device, event: 'delivered', denial: null });
          }
        }),
    };
  }

  #handOver(from: DeviceId, mail: SealedMail): MailResponse {
    const known = this.#responses.get(`${from} ${mail.id}`);
    if (known) return known;
    if (this.senderDenial) return { denial: this.senderDenial, recipients: [] };
    const recipients = mail.recipients.map(({ device }) => {
      const { outcome, denial } = this.outcomes.get(device) ?? { outcome: 'stored' as const, denial: null };
      if (outcome === 'stored') this.add(device, { type: 'mail', mail });
      return { device, outcome, denial };
    });
    this.accepted.push(mail);
    const response = { denial: null, recipients };
    this.#responses.set(`${from} ${mail.id}`, response);
    return response;
  }
}
