/**
 * Syslog messages of RFC 5424, over TLS (RFC 5425), TCP with octet counting (RFC 6587, section 3.4.1) or UDP (RFC 5426). Syslog has no
 * acknowledgment: over TLS and TCP, success means that the receiver has closed the connection in order.
 */
import { createSocket } from 'node:dgram';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { isLiteralAddress, type ReceiverAddresses } from './receiver-addresses.ts';

const DEADLINE = 10_000;
/** Facility local0 and severity notice (RFC 5424, section 6.2.1). */
const PRIORITY = 16 * 8 + 5;
/** Maximum bytes of a UDP datagram that every network can carry in fragments. */
const LARGEST_DATAGRAM = 60_000;

export interface SyslogReceiver {
  readonly host: string;
  readonly port: number;
  readonly transport: 'tls' | 'tcp' | 'udp';
}

export interface SyslogMessage {
  readonly at: number;
  readonly hostname: string;
  /** Field MSGID of the message: the type of the event. */
  readonly type: string;
  readonly text: string;
}

export function syslogLine({ at, hostname, type, text }: SyslogMessage): string {
  // Converts a header field to printable ASCII without spaces, as RFC 5424 requires.
  const field = (value: string, longest: number) => value.replaceAll(/[^\x21-\x7e]/g, '-').slice(0, longest) || '-';
  const header = `<${PRIORITY}>1 ${new Date(at).toISOString()} ${field(hostname, 255)} cordon - ${field(type, 32)} -`;
  return `${header} \ufeff${text.replaceAll(/[\r\n]+/g, ' ')}`;
}

export async function sendSyslog(
  receiver: SyslogReceiver,
  message: SyslogMessage,
  addresses: ReceiverAddresses,
): Promise<void> {
  if (isLiteralAddress(receiver.host)) addresses.require(receiver.host);
  const line = Buffer.from(syslogLine(message));
  if (receiver.transport === 'udp') return sendDatagram(receiver, line, addresses);
  return sendStream(receiver, Buffer.concat([Buffer.from(`${line.length} `), line]), addresses);
}

function sendStream(
  { host, port, transport }: SyslogReceiver,
  frame: Buffer,
  addresses: ReceiverAddresses,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const options = { host, port, lookup: addresses.lookup };
  const socket: Socket =
    transport === 'tls'
      ? connectTls({ ...options, minVersion: 'TLSv1.2', ...(!isLiteralAddress(host) && { servername: host }) })
      : connectPlain(options);
  const timer = setTimeout(() => socket.destroy(new Error('it did not answer in time')), DEADLINE);
  socket.once(transport === 'tls' ? 'secureConnect' : 'connect', () => {
    try {
      addresses.require(socket.remoteAddress ?? '');
    } catch (error) {
      socket.destroy(error as Error);
      return;
    }
    // The half-open connection ends when the receiver has read everything and closes its side.
    socket.end(frame);
  });
  socket.resume();
  socket.once('end', () => resolve());
  socket.once('error', reject);
  socket.once('close', () => {
    clearTimeout(timer);
    reject(new Error('it closed the connection early'));
  });
  return promise;
}

function sendDatagram({ host, port }: SyslogReceiver, line: Buffer, addresses: ReceiverAddresses): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  addresses.lookup(host, { all: false }, (failed, address, family) => {
    if (failed) return reject(failed);
    const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4' });
    socket.once('error', reject);
    socket.send(line.subarray(0, LARGEST_DATAGRAM), port, String(address), (error) => {
      socket.close();
      if (error) reject(error);
      else resolve();
    });
  });
  return promise;
}
