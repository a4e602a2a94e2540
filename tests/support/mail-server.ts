/** A real mail server (SMTP with TLS) in the process of the test, which keeps every accepted mail. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { SMTPServer } from 'smtp-server';
import { openAuthority } from '../../certs/authority.ts';
import { pemOf } from '../../certs/key-folder.ts';
import { PASSPHRASE, prepareKeyFolder } from './custody.ts';
import { freePort } from './free-port.ts';

export const MAIL_USER = 'cordon';
export const MAIL_PASSWORD = 'p@ss word/1';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Text of the mail, decoded. */
  readonly headers: string;
  readonly text: string;
  /** Whether the connection was encrypted. */
  readonly encrypted: boolean;
  readonly user: string | null;
}

export interface TestMailServer {
  readonly port: number;
  /** Root certificate of the mail server, for NODE_EXTRA_CA_CERTS. */
  readonly authorityFile: string;
  /** URL of the mail server, `smtps://…` or `smtp://…`, with user and password. */
  url(given?: { readonly password?: string; readonly host?: string }): string;
  readonly received: ReceivedMail[];
  /** Raw bytes that clients sent. */
  heard(): string;
  /** The link in the newest mail to this address. */
  linkTo(address: string): string;
  /** Addresses that the mail server refuses. */
  readonly refused: Set<string>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export interface MailServerOptions {
  /** Encryption: `start` is TLS from the first byte, `offered` is STARTTLS, `none` is plain text. */
  readonly tls?: 'start' | 'offered' | 'none';
}

/** Starts the mail server. `folder`: for its keys. `bind`: address of this machine on which it listens. */
export async function startMailServer(
  folder: string,
  { tls = 'start' }: MailServerOptions = {},
  bind = '127.0.0.1',
): Promise<TestMailServer> {
  const keys = join(folder, 'mail-keys');
  prepareKeyFolder(keys);
  const authority = openAuthority({
    folder: keys,
    passphrase: PASSPHRASE,
    organization: 'Mail',
    serverNames: ['localhost', '127.0.0.1'],
    crlUrl: null,
  });
  const authorityFile = join(folder, 'mail-authority.crt');
  writeFileSync(authorityFile, pemOf(authority.rootDer));
  const { keyPem: key, chainPem: cert } = authority.serverIdentity();
  const port = await freePort();
  const received: ReceivedMail[] = [];
  const refused = new Set<string>();
  let heard = '';
  let server: SMTPServer | null = null;

  async function start(): Promise<void> {
    const made = new SMTPServer({
      key,
      cert,
      secure: tls === 'start',
      hideSTARTTLS: tls === 'none',
      allowInsecureAuth: tls === 'none',
      disableReverseLookup: true,
      closeTimeout: 100,
      onAuth: ({ username, password }, _session, answer) =>
        username === MAIL_USER && password === MAIL_PASSWORD
          ? answer(null, { user: username })
          : answer(new Error('Authentication credentials invalid')),
      onRcptTo: ({ address }, _session, answer) =>
        answer(refused.has(address) ? Object.assign(new Error('No such mailbox'), { responseCode: 550 }) : null),
      onData(stream, { envelope, secure, user }, answer) {
        void read(stream).then((raw) => {
          const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
          const to = envelope.rcptTo.map(({ address }) => address);
          received.push({ from, to, ...decoded(raw), encrypted: secure, user: String(user ?? '') || null });
          answer(null);
        }, answer);
      },
    });
    // Some tests close the client's connection early, which is an error here.
    made.on('error', () => undefined);
    made.server.on('connection', (socket: Socket) =>
      socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1'))),
    );
    made.listen(port, bind);
    await once(made.server, 'listening');
    server = made;
  }

  async function stop(): Promise<void> {
    const ending = server;
    server = null;
    if (ending) await new Promise<void>((closed) => ending.close(() => closed()));
  }

  await start();
  return {
    port,
    authorityFile,
    url: ({ password = MAIL_PASSWORD, host = 'localhost' } = {}) =>
      `${tls === 'start' ? 'smtps' : 'smtp'}://${MAIL_USER}:${encodeURIComponent(password)}@${host}:${port}`,
    received,
    heard: () => heard,
    refused,
    linkTo(address) {
      const mail = received.findLast(({ to }) => to.includes(address));
      const link = /^https?:\/\/\S+$/m.exec(mail?.text ?? '')?.[0];
      if (link === undefined) throw new Error(`no link was mailed to ${address}`);
      return link;
    },
    stop,
    start,
  };
}

async function read(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('latin1');
}

/** Decodes a text part of a mail: 7bit, quoted-printable or base64. */
function decoded(raw: string): { headers: string; text: string } {
  const end = raw.indexOf('\r\n\r\n');
  const headers = raw.slice(0, end).replaceAll(/\r\n[ \t]+/g, ' ');
  const body = raw.slice(end + 4);
  const encoding = /^content-transfer-encoding: *(\S+)/im.exec(headers)?.[1]?.toLowerCase();
  return { headers, text: bytesOf(body, encoding).toString('utf8').replaceAll('\r\n', '\n') };
}

function bytesOf(body: string, encoding: string | undefined): Buffer {
  if (encoding === 'base64') return Buffer.from(body, 'base64');
  if (encoding !== 'quoted-printable') return Buffer.from(body, 'latin1');
  const joined = body.replaceAll(/=\r\n/g, '');
  const plain = joined.replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(plain, 'latin1');
}
