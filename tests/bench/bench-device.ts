/** A device of a benchmark. It enrolls like a real device, connects by a minimal client, keeps its TLS sessions and signs receipts. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { Agent, request } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';
import { simpleEnroll } from '../../agent/enrollment/est.ts';
import type { Http } from '../../agent/link/http.ts';
import type { Envelope, Receipt } from '../../shared/order/documents.ts';
import { type Signer, signerOf } from '../../shared/order/dsse.ts';
import { makeReceipt } from '../../shared/order/receipt.ts';
import type { DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import { LINK_PATH } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { buildCsr } from '../support/build-csr.ts';
import { within } from './deadline.ts';
import { RawLink } from './raw-link.ts';

export interface Code {
  readonly id: DeviceId;
  readonly secret: string;
}

export interface Versions {
  readonly list: number;
  readonly record: number;
  readonly approverSet: number;
}

/** Credentials with which another process runs the same device. */
export interface Credentials {
  readonly code: Code;
  readonly keyPem: string;
  readonly certificate: string;
}

export class BenchDevice {
  readonly code: Code;
  readonly csr: Buffer;
  /** Sequence number of the last acknowledged report. */
  reports = 0;
  readonly #key: KeyObject;
  readonly #signer: Signer;
  #certificate = '';
  #context: SecureContext | null = null;
  /** Newest TLS session ticket by port. */
  readonly #sessions = new Map<number, Buffer>();

  constructor(code: Code, key: KeyObject = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey) {
    this.code = code;
    this.#key = key;
    this.csr = buildCsr({ privateKey: key, commonName: code.id });
    this.#signer = signerOf(key);
  }

  static from({ code, keyPem, certificate }: Credentials): BenchDevice {
    const device = new BenchDevice(code, createPrivateKey(keyPem));
    device.#certificate = certificate;
    return device;
  }

  get credentials(): Credentials {
    return { code: this.code, keyPem: this.#keyPem, certificate: this.#certificate };
  }

  get #keyPem(): string {
    return this.#key.export({ type: 'pkcs8', format: 'pem' }).toString();
  }

  static keptAlive(): Agent {
    return new Agent({ keepAlive: true, maxSockets: 32, rejectUnauthorized: false });
  }

  /** Sends a request. `agent` false: over a new connection. */
  async enroll(publicUrl: string, agent: Agent | false): Promise<void> {
    const { id, secret } = this.code;
    const [certificate] = await simpleEnroll(overHttps(agent), publicUrl, this.csr, { user: id, secret });
    if (!certificate) throw new Error(`no certificate for ${id}`);
    this.#certificate = certificate.toString();
  }

  /** TLS context, created in advance, because the client's cost is not measured. It contains no CA, because the client verifies nothing. */
  prepare(): void {
    this.#context ??= createSecureContext({
      key: this.#keyPem,
      cert: this.#certificate,
      ca: [],
    });
  }

  get id(): DeviceId {
    return this.code.id;
  }

  connect(port: number, resumed = false, path = BenchDevice.#path): Promise<RawLink> {
    this.prepare();
    const session = resumed ? this.#sessions.get(port) : undefined;
    if (!this.#context || (resumed && !session)) throw new Error(`${this.id} has nothing to connect with`);
    const opened = RawLink.open({
      port,
      path,
      context: this.#context,
      session,
      onSession: (ticket) => this.#sessions.set(port, ticket),
    });
    return within(`the connection of ${this.id}`, opened);
  }

  /** Versions of the documents that the device has when it connects. */
  static has: Versions = { list: 0, record: 0, approverSet: 0 };

  static get #path(): string {
    const { list, record, approverSet } = BenchDevice.has;
    return `${LINK_PATH}?list=${list}&record=${record}&approverSet=${approverSet}`;
  }

  /** Connects and sends the hello frame. Resolves on the welcome frame. */
  async join(port: number, resumed = false): Promise<RawLink> {
    const link = await this.connect(port, resumed);
    const welcome = new Promise<Extract<ServerFrame, { kind: 'welcome' }>>((resolve, reject) => {
      link.onClose = () => reject(new Error('closed before the welcome'));
      link.onText = (text) => {
        const frame: ServerFrame = JSON.parse(text);
        if (frame.kind === 'welcome') resolve(frame);
      };
    });
    link.send(JSON.stringify({ kind: 'hello', agent: 'bench', ...BenchDevice.has } satisfies DeviceFrame));
    const { list, record, approverSet, reports } = await within(`the welcome of ${this.id}`, welcome);
    this.reports = reports;
    this.welcomed = { list, record, approverSet };
    link.onClose = () => undefined;
    return link;
  }

  welcomed: Versions = BenchDevice.has;

  receipt(
    about: Pick<Receipt, 'installation' | 'kind' | 'listVersion' | 'order' | 'revision' | 'service' | 'gate'>,
  ): Envelope {
    const receipt = { ...about, device: this.id, generation: 1, at: new Date().toISOString() };
    return makeReceipt(receipt, this.#signer);
  }
}

const overHttps =
  (agent: Agent | false): Http =>
  (url, { method, headers, body = '' }) => {
    const answered = new Promise<Awaited<ReturnType<Http>>>((resolve, reject) => {
      const options = {
        method,
        agent,
        rejectUnauthorized: false,
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      };
      const sent = request(url, options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
    return within(`the response to ${method} ${url}`, answered);
  };
