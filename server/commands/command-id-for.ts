import { hash } from 'node:crypto';
import { base32, type CommandId, type DeviceId } from '../../shared/protocol/ids.ts';

/** Number of characters at the start of a job's id that the ids of all its commands share. */
export const REQUEST_PREFIX = 8;

/** Table of the base32 texts of all 10-bit numbers. */
const PAIRS = Array.from({ length: 1024 }, (_, bits) => base32(Uint8Array.of(bits >> 2, (bits & 3) << 6)).slice(0, 2));

/**
 * Returns the id of a job's command for one device; a repeated request produces the same id. The id begins like the job's id, so the server
 * finds the job from the command. The other 60 bits distinguish the commands of one job. Each attempt on one device has its own id.
 */
export const commandIdFor = (job: CommandId, device: DeviceId, attempt = 1): CommandId => {
  // A digest as hexadecimal text takes a third of the time of a digest as a buffer. A job computes one digest for each of its devices.
  const digest = hash('sha256', attempt === 1 ? `${job} ${device}` : `${job} ${device} ${attempt}`, 'hex');
  return `${job.slice(0, REQUEST_PREFIX)}${four(digest, 0)}${four(digest, 5)}${four(digest, 10)}` as CommandId;
};

/** Four base32 characters for the five hexadecimal digits of `digest` from `at`. */
function four(digest: string, at: number): string {
  const bits = Number.parseInt(digest.slice(at, at + 5), 16);
  return `${PAIRS[bits >> 10]}${PAIRS[bits & 1023]}`;
}
