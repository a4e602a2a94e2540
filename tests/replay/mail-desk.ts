/**
 * Mail of a timeline. A mail connector in this process seals each mail, and takes what people send: it plays the company's mail server and
 * the senders outside. Recipients are real agents, which verify the connector themselves.
 */
import { createPrivateKey, randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { join } from 'node:path';
import { enroll } from '../../agent/enrollment/enroll.ts';
import type { DialPort } from '../../agent/link/dial.ts';
import { type DeviceListener, overTls } from '../../agent/link/http.ts';
import { secureDial } from '../../agent/link/tls.ts';
import { createMailClient, type MailClient } from '../../agent/mail/mail-client.ts';
import { handOverMail } from '../../agent/mail/send-mail.ts';
import { createMembershipClient, type MembershipClient } from '../../agent/messaging/members/membership-client.ts';
import { openAgentStore } from '../../agent/store/agent-store.ts';
import { CordonError } from '../../shared/errors.ts';
import { signerOf } from '../../shared/order/dsse.ts';
import { readMessagingCertificate, signMessagingKey } from '../../shared/order/messaging-certificate.ts';
import { membersResponse } from '../../shared/protocol/device-http.ts';
import type { MailEvent, SealedMail } from '../../shared/protocol/mail-http.ts';
import { readSealedMail } from '../../shared/seal/mail.ts';
import { type MailKey, makeMailKey, type NewMailKey, verifyMailKey } from '../../shared/seal/mail-key.ts';
import { makeSigningKey } from '../../shared/seal/signing-key.ts';
import type { Self } from '../../shared/seal/terms.ts';
import type { Organization } from '../support/organization.ts';
import { nowhere } from './addresses.ts';
import type { Fleet } from './fleet.ts';
import { proxyV1 } from './proxy-header.ts';
import { keptInMemory } from './simulated-device.ts';
import { type ActOf, type MailExpectation, OUTSIDE } from './timeline.ts';

/** E-mail address of a label's person, counted from 0. */
export const addressOf = (label: string, index: number) => `${label}-${index + 1}@replay.example`;
/** The connector's address is in no country. No fleet has as many devices. */
const OWN_ADDRESS = nowhere(60_000);

type State = 'sent' | 'held' | 'delivered' | 'returned';

interface Sent {
  readonly from: string;
  readonly to: string;
  /** Result for each device of the recipient; empty while the connector has not passed the mail on. */
  readonly states: Map<string, { readonly state: State; readonly order: string | null }>;
}

interface Connector {
  readonly installation: string;
  readonly self: Self;
  readonly key: NewMailKey;
  readonly client: MailClient;
  readonly membership: MembershipClient;
}

const dial: DialPort = ({ host, port }) =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.removeListener('error', reject);
      socket.write(proxyV1(OWN_ADDRESS, port));
      resolve(socket);
    });
  });

export class MailDesk {
  readonly #folder: string;
  readonly #link: () => Promise<string>;
  readonly #fleet: (label: string) => Fleet;
  readonly #organization: Organization | null;
  readonly #sent = new Map<string, Sent>();
  /** Text of a mail by its id. */
  readonly #texts = new Map<string, string>();
  #connector: Promise<Connector> | null = null;
  #after = 0;

  /** `link`: creates an activation link for the connector. */
  constructor(ports: {
    readonly folder: string;
    readonly link: () => Promise<string>;
    readonly fleet: (label: string) => Fleet;
    readonly organization: Organization | null;
  }) {
    this.#folder = ports.folder;
    this.#link = ports.link;
    this.#fleet = ports.fleet;
    this.#organization = ports.organization;
  }

  /** Reason why the mail cannot be sent yet. Null: none. */
  async unready({ from, to }: ActOf<'mail'>): Promise<string | null> {
    await this.#organization?.countersign();
    const { client } = await this.#ready();
    await this.#organization?.countersign();
    const [recipient] = await client.recipients([addressOf(to, 0)]);
    if (recipient?.state === 'no-device' || recipient?.state === 'unknown') return `${to} cannot receive mail yet`;
    if (from === OUTSIDE) return null;
    const state = await this.#fleet(from).mailState();
    // The agent asks for connectors again before it sends.
    return ['ready', 'no-connector', 'denied'].includes(state ?? '') ? null : `${from} cannot send mail yet: ${state}`;
  }

  /** Throws `CordonError` with the order in its context if the sender's own gate refuses the mail. */
  async mail({ from, to, text }: ActOf<'mail'>): Promise<void> {
    if (this.#sent.has(text)) return;
    if (from === OUTSIDE) {
      this.#sent.set(text, { from, to, states: new Map() });
      return this.#deliver('someone@elsewhere.example', to, text);
    }
    const written = await this.#fleet(from).mail(addressOf(from, 0), addressOf(to, 0), text);
    if (!written) throw new Error(`the device of ${from} is enrolled no more`);
    if (written.refused !== null) throw new CordonError(written.refused, written.detail, { order: written.order });
    this.#sent.set(text, { from, to, states: new Map() });
  }

  /** Difference from the expectation; null for none. `order`: the server's number of the order that must be the reason. */
  async amiss({ text, is }: MailExpectation, order: string | null): Promise<string | null> {
    await this.#sync();
    const sent = this.#sent.get(text);
    if (!sent) return `"${text}" was never sent`;
    const [first] = sent.states.values();
    const got = (await this.#fleet(sent.to).mails()).filter((subject) => subject === text).length;
    if (first?.state !== is) return `"${text}" is ${first?.state ?? 'with its sender'}, not ${is}`;
    if (order !== null && first.order !== order) return `it is because of ${first.order}, not ${order}`;
    if (got !== (is === 'delivered' ? 1 : 0)) return `the recipient has it ${got} times`;
    return null;
  }

  async #deliver(from: string, label: string, text: string): Promise<void> {
    const { client, membership, self, installation } = await this.#ready();
    const to = addressOf(label, 0);
    const [recipient] = await client.recipients([to]);
    if (!recipient?.person) throw new Error(`${to} is nobody's address`);
    const id = randomUUID();
    this.#texts.set(id, text);
    const envelope = { from, to: [to] };
    const message = `From: ${from}\r\nTo: ${to}\r\nSubject: ${text}\r\nMessage-ID: <${id}@replay.example>\r\n\r\n${text}\r\n`;
    const header = { direction: 'inbound', installation, at: Date.now(), envelope } as const;
    const keys = await this.#keysOf(client, membership, { people: [recipient.person], devices: [] });
    const response = await handOverMail({ id, header, message: Buffer.from(message), keys }, { self, client });
    if (response.denial)
      throw new CordonError('service_denied', response.denial.detail, { order: response.denial.order });
    for (const { device, outcome, denial } of response.recipients) {
      const state = {
        stored: 'sent',
        held: 'held',
        refused: 'returned',
        unknown: 'returned',
        full: 'returned',
      } as const;
      this.#note(id, device, state[outcome], denial?.order ?? null);
    }
  }

  async #keysOf(
    client: MailClient,
    membership: MembershipClient,
    of: { readonly people: readonly string[]; readonly devices: readonly string[] },
  ): Promise<MailKey[]> {
    const { members } = membersResponse.parse(await membership.ask('POST', '/device/members', of));
    const certificates = members.map(
      ({ certificate }) => readMessagingCertificate(Buffer.from(certificate.payload, 'base64')).certificate,
    );
    const published = await client.keysOf(certificates.map(({ device }) => device as MailKey['device']));
    return Promise.all(
      published.map(({ device, statement }) => {
        const owner = certificates.find((one) => one.device === device);
        if (!owner) throw new Error(`${device} has no certificate`);
        return verifyMailKey(statement, owner, Date.now());
      }),
    );
  }

  /** Takes events, and passes mail of people on to its recipients. */
  async #sync(): Promise<void> {
    const { client } = await this.#ready();
    const { items } = await client.queue(this.#after);
    for (const item of items) {
      if (item.type === 'event') this.#noteEvent(item);
      else await this.#passOn(item.mail);
      this.#after = item.seq;
    }
    if (items.length > 0) await client.received(this.#after);
  }

  async #passOn(mail: SealedMail): Promise<void> {
    const { client, self, key } = await this.#ready();
    const { device, generation } = self;
    const { number } = key.key;
    const reader = await readSealedMail(mail, { device, generation, number, privateKey: key.privateKey });
    const pieces = await Promise.all(mail.pieces.map(({ id }) => client.piece(id)));
    const message = Buffer.from(await reader.open(pieces)).toString('utf8');
    const text = /^Subject: (.*)\r$/m.exec(message)?.[1] ?? '';
    const sent = this.#sent.get(text);
    if (sent) await this.#deliver(reader.header.envelope.from ?? '', sent.to, text);
  }

  #noteEvent({ id, device, event, denial }: MailEvent): void {
    const state = {
      delivered: 'delivered',
      held: 'held',
      released: 'sent',
      returned: 'returned',
      expired: 'returned',
    } as const;
    this.#note(id, device, state[event], denial?.order ?? null);
  }

  #note(id: string, device: string, state: State, order: string | null): void {
    this.#sent.get(this.#texts.get(id) ?? '')?.states.set(device, { state, order });
  }

  async #ready(): Promise<Connector> {
    this.#connector ??= this.#enroll();
    return await this.#connector;
  }

  async #enroll(): Promise<Connector> {
    const store = openAgentStore({ file: join(this.#folder, 'connector.db'), synchronous: 'normal' });
    const own = await enroll(await this.#link(), { keeper: keptInMemory(), store, dial });
    store.close();
    const { device, generation, installation, keyPem, chainPem, rootPem, deviceUrl } = own;
    const http = overTls(secureDial({ dial, rootPem, identity: { keyPem, chainPem } }));
    const listener: DeviceListener = { deviceUrl: () => deviceUrl, http: () => http };
    const [client, membership] = [createMailClient(listener), createMembershipClient(listener)];
    const self: Self = { device, generation, key: await makeSigningKey() };
    const at = new Date().toISOString();
    const statement = { installation, device, generation, signatureKey: self.key.publicKey, at };
    const envelope = signMessagingKey(statement, signerOf(createPrivateKey(keyPem)));
    await membership.ask('POST', '/device/messaging-key', { envelope });
    const key = await makeMailKey(self, { installation, number: 1, now: Date.now() });
    await client.submitKey(key.statement);
    return { installation, self, key, client, membership };
  }
}
