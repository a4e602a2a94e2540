/** Own packages: files of real packages, with statements that a key of the test signs. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { encodeCanonical } from '../../shared/order/canonical.ts';
import { type Envelope, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { type Signer, signEnvelope } from '../../shared/order/dsse.ts';
import type { OwnPackage } from '../../shared/software/own-package.ts';

export function statementFor(file: string, name: string, version: string): OwnPackage {
  const facts = file.endsWith('.rpm') ? ({ format: 'rpm', architecture: 'noarch' } as const) : { architecture: 'all' };
  const bytes = readFileSync(file);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { name, version, ...facts, sha256, size: bytes.length };
}

export const signedPackage = (signer: Signer, statement: OwnPackage): Envelope =>
  signEnvelope(PAYLOAD_TYPES.package, encodeCanonical(statement), [signer]);
