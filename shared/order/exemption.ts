/**
 * Who is exempt is signed by approvers and is yet nobody's business: a revision holds SHA-256(salt || device id) for each exempt device, and
 * only that device's record carries the salt that opens it. Both sides check the commitment, so a server cannot exempt anyone.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Exemption } from '../verdict/terms.ts';
import type { DeviceRecord, Revision } from './documents.ts';

/** `salt`: 32 bytes in hex. `what`: a device's id, or whatever else is committed to, as text. */
export function commitmentOf(salt: string, what: string): string {
  return createHash('sha256').update(Buffer.from(salt, 'hex')).update(what).digest('hex');
}

export function newSalt(): string {
  return randomBytes(32).toString('hex');
}

/** The exemptions of one device that the record opens in these revisions. */
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
