/**
 * Exemptions as commitments: a revision contains SHA-256(salt || device id) for each exempt device, and only that device's record contains
 * the salt. Approvers sign the exemption, the public cannot read it, and a server cannot exempt a device alone, because both sides check
 * the commitment.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Exemption } from '../verdict/terms.ts';
import type { DeviceRecord, Revision } from './documents.ts';

/** `salt`: 32 bytes in hex. `what`: the committed text, such as a device id. */
export function commitmentOf(salt: string, what: string): string {
  return createHash('sha256').update(Buffer.from(salt, 'hex')).update(what).digest('hex');
}

export function newSalt(): string {
  return randomBytes(32).toString('hex');
}

/** Exemptions of one device in the given revisions, opened by the device's record. */
export function exemptionsFor(
  device: string,
  record: Pick<DeviceRecord, 'device' | 'exemptions'> | null,
  revisions: Iterable<Pick<Revision, 'order' | 'exempt'>>,
): Exemption[] {
  if (!record || record.device !== device || record.exemptions.length === 0) return [];
  const found: Exemption[] = [];
  for (const { order, exempt } of revisions) {
    const opened = new Set(
      record.exemptions.filter((each) => each.order === order).map((each) => commitmentOf(each.salt, device)),
    );
    if (opened.size === 0) continue;
    for (const { commitment, until } of exempt) {
      if (opened.has(commitment)) found.push({ order, until: until === null ? null : Date.parse(until) });
    }
  }
  return found;
}
