/** A device of a person with an agent in this process, which receives and sends mail with the modules of the agent. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { acceptedBefore } from '../../agent/enforcement/gate-view.ts';
import { credentialFolder } from '../../agent/enrollment/credential-folder.ts';
import { dialDirect } from '../../agent/link/dial.ts';
import { overTls } from '../../agent/link/http.ts';
import { secureDial } from '../../agent/link/tls.ts';
import { createMailClient, type MailClient } from '../../agent/mail/mail-client.ts';
import { createMailKeys, type MailKeys } from '../../agent/mail/mail-keys.ts';
import { createMailQueue, type MailQueue } from '../../agent/mail/mail-queue.ts';
import { isUnopenable, openMail } from '../../agent/mail/open-mail.ts';
import { handOverMail, mailKeysOf } from '../../agent/mail/send-mail.ts';
import type { MailQueueItem } from '../../shared/protocol/mail-http.ts';
import { type ChattingDevice, openChattingDevice } from './chatting-device.ts';

export interface ReceivedByDevice {
  readonly from: string | null;
  readonly message: string;
  readonly id: string;
}

export class MailDevice {
  readonly chatting: ChattingDevice;
  readonly received: ReceivedByDevice[] = [];
  readonly events: Extract<MailQueueItem, { type: 'event' }>[] = [];
  /** Reasons for refused mail. */
  readonly refused: string[] = [];
  readonly #client: MailClient;
  readonly #keys: MailKeys;
  readonly #queue: MailQueue;
  readonly #seen = new Set<string>();
  #over = false;
  /** True while the device does not fetch its mail. */
  paused = false;
  #loop: Promise<void> = Promise.resolve();

  static async open(given: Parameters<typeof openChattingDevice>[0]): Promise<MailDevice> {
    return new MailDevice(await openChattingDevice(given));
  }

  private constructor(chatting: ChattingDevice) {
    this.chatting = chatting;
    const { keyPem, chainPem, rootPem, deviceUrl, installation } = credentialFolder(
      join(chatting.folder, 'identity'),
    ).current();
    const http = overTls(secureDial({ dial: dialDirect, rootPem, identity: { keyPem, chainPem } }));
    const { base } = chatting.agent.messaging;
    this.#client = createMailClient({ deviceUrl: () => deviceUrl, http: () => http });
    this.#keys = createMailKeys({
      store: chatting.store.device(chatting.device).mail,
      seal: base.vault,
      client: this.#client,
      installation,
      self: base.self,
      now: Date.now,
    });
    this.#queue = createMailQueue({
      client: this.#client,
      acceptedBefore: () => acceptedBefore(chatting.agent.gate('mail')),
      take: (item) => this.#take(item, installation),
    });
  }

  async #take(item: MailQueueItem, installation: string): Promise<void> {
    if (item.type === 'event') return void this.events.push(item);
    if (this.#seen.has(item.mail.id)) return;
    const { base } = this.chatting.agent.messaging;
    try {
      const { header, message } = await openMail(item.mail, {
        self: base.self,
        installation,
        client: this.#client,
        keys: this.#keys,
        memberOf: base.membership.memberOf,
        refusal: ({ mailConnector }) => (mailConnector ? null : 'its sender is no mail connector'),
      });
      this.received.push({
        from: header.envelope.from,
        message: Buffer.from(message).toString('latin1'),
        id: item.mail.id,
      });
    } catch (error) {
      if (!isUnopenable(error)) throw error;
      this.refused.push(error.message);
    }
    this.#seen.add(item.mail.id);
  }

  /** Fetches the queue again and again. */
  start(): void {
    this.#loop = (async () => {
      while (!this.#over) {
        await this.#round().catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
  }

  async #round(): Promise<void> {
    if (this.paused || !this.chatting.agent.messaging.base.isReady()) return;
    await this.#keys.work();
    await this.#queue.fetch();
  }

  /** Sends a message over the first mail connector. */
  async send(from: string, to: readonly string[], message: string): Promise<void> {
    const { base } = this.chatting.agent.messaging;
    const { installation } = this.chatting.agent.status();
    const [connector] = await this.#client.connectors();
    if (!connector) throw new Error('there is no mail connector');
    const member = await base.membership.memberOf(connector.device, connector.generation);
    if (!member.mailConnector) throw new Error('the device is no mail connector');
    const keys = await mailKeysOf([member], {
      client: this.#client,
      installation,
      now: Date.now(),
      onInvalid: (detail) => this.refused.push(detail),
    });
    const envelope = { from, to: [...to] };
    const header = { direction: 'outbound' as const, installation, at: Date.now(), envelope };
    const mail = { id: randomUUID(), header, message: Buffer.from(message, 'latin1'), keys };
    const { recipients, denial } = await handOverMail(mail, { self: base.self(), client: this.#client });
    const [result] = recipients;
    if (denial || (result?.outcome !== 'stored' && result?.outcome !== 'held')) {
      throw new Error(`the mail is ${denial ? 'denied' : result?.outcome}`);
    }
  }

  async close(): Promise<void> {
    this.#over = true;
    await this.#loop;
    await this.chatting.close();
  }
}
