import { hash } from 'node:crypto';
import { base32, type CommandId, type DeviceId } from '../../shared/protocol/ids.ts';

/** Length of the part of a job's id that the ids of its commands begin with. */
export const REQUEST_PREFIX = 8;

/** Base32 texts of all 10-bit numbers. */
const PAIRS = Array.from({ length: 1024 }, (_, bits) => base32(Uint8Array.of(bits >> 2, (bits & 3) << 6)).slice(0, 2));

/**
 * Id of a job's command for one device; a repeated request produces the same id. The shared prefix leads from the command's id to its job,
 * and 60 bits distinguish the commands.
 */
export const commandIdFor = (job: CommandId, device: DeviceId): CommandId => {
  // A hexadecimal digest is three times as fast as a buffer, and a job computes one for each of its devices.
  const digest = hash('sha256', `${job} ${device}`, 'hex');
  return `${job.slice(0, REQUEST_PREFIX)}${four(digest, 0)}${four(digest, 5)}${four(digest, 10)}` as CommandId;
};

/** Four base32 characters for the five hexadecimal digits of `digest` from `at`. */
function four(digest: string, at: number): string {
  const bits = Number.parseInt(digest.slice(at, at + 5), 16);
  return `${PAIRS[bits >> 10]}${PAIRS[bits & 1023]}`;
}
