/**
 * Signed statement about the compliance of a device, for a proxy of the company that admits only devices that comply. The proxy knows the
 * device from its client certificate: the subject's common name is the device id. The statement is a DSSE envelope with canonical JSON,
 * signed by the server's online key, which each approver set names. A proxy must refuse an expired statement.
 */
import { z } from 'zod';
import { parseDocument } from '../order/canonical.ts';
import type { Envelope } from '../order/documents.ts';
import { payloadOf, signedBy, type VerifyingKey } from '../order/dsse.ts';
import { deviceIdSchema } from '../protocol/ids.ts';
import { COMPLIANCE_STATES } from './compliance-states.ts';

export const COMPLIANCE_STATEMENT = 'application/vnd.cordon.compliance.v1+json';
/** Header with a statement for a proxy: the DSSE envelope as JSON in base64. */
export const STATEMENT_HEADER = 'Cordon-Compliance';
/** Milliseconds for which a statement is valid. */
export const STATEMENT_LIFE = 10 * 60_000;

export const complianceStatementSchema = z.strictObject({
  installation: z.string().max(64),
  device: deviceIdSchema,
  generation: z.int().min(1),
  state: z.enum(COMPLIANCE_STATES),
  /** True if a proxy should admit the device, in the states `compliant` and `in-grace`. */
  admit: z.boolean(),
  at: z.int().min(0),
  expires: z.int().min(0),
});
export type ComplianceStatement = z.infer<typeof complianceStatementSchema>;

/** Content of a valid statement about the device. Null if another key signed it, if it is about another device, or if it has expired. */
export function readComplianceStatement(
  envelope: Envelope,
  {
    key,
    installation,
    device,
    now,
  }: {
    readonly key: VerifyingKey;
    readonly installation: string;
    readonly device: string;
    readonly now: number;
  },
): ComplianceStatement | null {
  if (signedBy(envelope, [key]).size === 0) return null;
  const statement = parseDocument(complianceStatementSchema, payloadOf(envelope, COMPLIANCE_STATEMENT));
  const isOfDevice = statement.installation === installation && statement.device === device;
  return isOfDevice && statement.at <= now + CLOCKS_DIFFER && now < statement.expires ? statement : null;
}

/** Milliseconds by which the clock of a proxy may be behind the clock of the server. */
const CLOCKS_DIFFER = 60_000;
