/**
 * Independent time sources: the configured SNTP server, or the state of the machine's NTP daemon. The server compares its clock with them,
 * but never sets its clock by them.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { promisify } from 'node:util';
import type { MeasuredTime } from './start-check.ts';

const ANSWER_WITHIN = 3_000;
const TRIES = 2;
/** Seconds from 1900, where NTP time starts (RFC 5905, section 6), to 1970. */
const NTP_EPOCH = 2_208_988_800;
/** NTP seconds restart at zero in 2036 (RFC 5905, section 6, era 1). */
const ERA = 2 ** 32;

/** Queries the time sources. Returns null if no time source responds or is synchronized. */
export async function measureTime(ntp: string | null): Promise<MeasuredTime | null> {
  if (ntp === null) return (await fromChrony()) ?? (await fromSystemd());
  for (let tried = 0; tried < TRIES; tried++) {
    const ahead = await querySntp(ntp).catch(() => null);
    if (ahead !== null) return { source: `the NTP server ${ntp}`, ahead };
  }
  return null;
}

/**
 * Queries one SNTP server (RFC 4330). Resolves with the milliseconds by which this machine's clock is ahead. Rejects without a valid
 * response.
 */
export function querySntp(server: string): Promise<number> {
  const { host, port } = addressOf(server);
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  const request = Buffer.alloc(48);
  request[0] = 0x23; // Version 4, client.
  // Send a random transmit timestamp, which the response repeats. It proves that the response belongs to this request (compare RFC 9109).
  const nonce = randomBytes(8);
  nonce.copy(request, 40);
  return new Promise<number>((resolve, reject) => {
    const deadline = setTimeout(
      () => reject(new Error(`${server} did not respond in ${ANSWER_WITHIN} ms`)),
      ANSWER_WITHIN,
    );
    socket.once('error', reject);
    const sent = Date.now();
    socket.on('message', (packet) => {
      const received = Date.now();
      const [first = 0, stratum = 0] = packet;
      if (packet.length < 48 || !packet.subarray(24, 32).equals(nonce)) return;
      clearTimeout(deadline);
      const unsynchronized = first >> 6 === 3 || stratum === 0 || stratum > 15;
      if (unsynchronized || (first & 7) !== 4) return reject(new Error(`${server} is not synchronized`));
      const serverTime = (instantAt(packet, 32, sent) + instantAt(packet, 40, sent)) / 2;
      resolve((sent + received) / 2 - serverTime);
    });
    socket.send(request, port, host, (error) => error && reject(error));
  }).finally(() => socket.close());
}

/** Timestamp in the NTP era that is nearer to this machine's clock. */
function instantAt(packet: Buffer, at: number, near: number): number {
  const seconds = packet.readUInt32BE(at) - NTP_EPOCH;
  const ms = (packet.readUInt32BE(at + 4) / ERA) * 1000;
  const [early, late] = [seconds * 1000 + ms, (seconds + ERA) * 1000 + ms];
  return Math.abs(early - near) <= Math.abs(late - near) ? early : late;
}

function addressOf(server: string): { host: string; port: number } {
  const bracketed = /^\[(.+)\](?::(\d+))?$/.exec(server);
  const plain = /^([^:]+)(?::(\d+))?$/.exec(server);
  const [, host = server, port = '123'] = bracketed ?? plain ?? [];
  return { host, port: Number(port) };
}

const run = promisify(execFile);
const output = (program: string, args: readonly string[]): Promise<string | null> =>
  run(program, args, { timeout: ANSWER_WITHIN }).then(
    ({ stdout }) => stdout,
    () => null,
  );

/** Output of `chronyc -c tracking`: field 3 is the stratum, field 5 the offset in seconds (positive: slow), field 14 the leap status. */
async function fromChrony(): Promise<MeasuredTime | null> {
  const fields = (await output('chronyc', ['-c', 'tracking']))?.trim().split(',') ?? [];
  const offset = Number(fields[4]);
  if (fields.length < 14 || fields[13] === 'Not synchronized' || !(Number(fields[2]) > 0) || Number.isNaN(offset))
    return null;
  return { source: 'chrony', ahead: -offset * 1000 };
}

/** Kernel's synchronization flag. The NTP daemon sets the flag, and an admin's change of the clock clears it. */
async function fromSystemd(): Promise<MeasuredTime | null> {
  const state = await output('timedatectl', ['show', '--property=NTPSynchronized', '--value']);
  return state?.trim() === 'yes' ? { source: 'the NTP service of this machine', ahead: 0 } : null;
}
