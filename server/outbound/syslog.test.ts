/** Syslog over TLS (RFC 5425) against a real TLS listener: trust, name of the certificate, and receivers that fail. */
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, getCACertificates, setDefaultCACertificates, type TLSSocket, type TlsOptions } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { makeTestCertificate } from '../../tests/support/certificate.ts';
import { createReceiverAddresses } from './receiver-addresses.ts';
import { sendSyslog } from './syslog.ts';

const MESSAGE = { at: 1_700_000_000_000, hostname: 'cordon-1', type: 'cordon.test', text: 'Grüße\nline two' };
const addresses = createReceiverAddresses(['127.0.0.0/8', '::1']);
const before = getCACertificates('default');
let folder: string;
let certificate: ReturnType<typeof makeTestCertificate>;
const servers: Server[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-syslog-'));
  certificate = makeTestCertificate(folder);
});
afterEach(() => {
  setDefaultCACertificates(before);
  for (const server of servers.splice(0)) server.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function listening(server: Server, on = '127.0.0.1'): Promise<number> {
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, on, done));
  return (server.address() as AddressInfo).port;
}

/** TLS listener that reads each connection to its end. `received`: the whole bytes of each connection, and its TLS version. */
async function receiver({ on, ...options }: TlsOptions & { readonly on?: string } = {}) {
  const received: { readonly text: string; readonly version: string | null }[] = [];
  const server = createServer({ key: certificate.key, cert: certificate.cert, ...options }, (socket: TLSSocket) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => received.push({ text: Buffer.concat(chunks).toString(), version: socket.getProtocol() }));
    socket.on('error', () => undefined);
  });
  return { port: await listening(server, on), received };
}
const send = (port: number, host = 'localhost') => sendSyslog({ host, port, transport: 'tls' }, MESSAGE, addresses);

it.each(['localhost', '127.0.0.1'])('delivers one frame with octet counting to %s', async (host) => {
  setDefaultCACertificates([...before, certificate.ca]);
  const { port, received } = await receiver();
  await send(port, host);
  expect(received).toHaveLength(1);
  const [, length, line = ''] = /^(\d+) (.*)$/s.exec(received[0]?.text ?? '') ?? [];
  expect(Buffer.byteLength(line)).toBe(Number(length));
  expect(line).toBe('<133>1 2023-11-14T22:13:20.000Z cordon-1 cordon - cordon.test - \ufeffGrüße line two');
  expect(received[0]?.version).toBe('TLSv1.3');
});

it('accepts a receiver with TLS 1.2, as RFC 5425 receivers often have', async () => {
  setDefaultCACertificates([...before, certificate.ca]);
  const { port, received } = await receiver({ maxVersion: 'TLSv1.2' });
  await send(port);
  expect(received.map(({ version }) => version)).toEqual(['TLSv1.2']);
});

it('sends nothing to a receiver whose authority is not trusted', async () => {
  const { port, received } = await receiver();
  await expect(send(port)).rejects.toThrow(/certificate/);
  expect(received.map(({ text }) => text).join('')).toBe('');
});

it('sends nothing to a receiver with a certificate for another name', async () => {
  setDefaultCACertificates([...before, certificate.ca]);
  const { port, received } = await receiver({ on: '127.0.0.2' });
  await expect(send(port, '127.0.0.2')).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  expect(received.map(({ text }) => text).join('')).toBe('');
});

it('reports a receiver without TLS', async () => {
  setDefaultCACertificates([...before, certificate.ca]);
  const plain = createTcpServer((socket) => socket.on('error', () => undefined).end('220 hello\r\n'));
  await expect(send(await listening(plain))).rejects.toThrow();
});
