/**
 * Exemptions as salted hashes. A revision contains SHA-256(salt || device id) for each exempt device; only this device's record contains
 * the salt. Approvers therefore sign the exemption, and the public cannot read it. The device also checks the hash, so the server alone
 * cannot exempt a device.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Exemption } from '../verdict/terms.ts';
import type { DeviceRecord, Revision } from './documents.ts';

/** Salted SHA-256 of a text, such as a device id. `salt`: 32 bytes in hex. */
export function commitmentOf(salt: string, what: string): string {
  return createHash('sha256').update(Buffer.from(salt, 'hex')).update(what).digest('hex');
}

export function newSalt(): string {
  return randomBytes(32).toString('hex');
}

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
