/**
 * Transparency report and signed statement (ADR 54).
 *
 * | route | right | effect |
 * |---|---|---|
 * | GET /transparency/report?from=&to= and /transparency/report.json (public listener) | none | report of a period |
 * | GET /api/v1/transparency/report?from=&to= | transparency.report | the same report, for the console |
 * | GET /api/v1/transparency/statements | transparency.statements | pending and adopted statements |
 * | POST /api/v1/transparency/statements | transparency.propose | proposes a new statement, and replaces a pending one |
 * | POST /api/v1/transparency/statements/:digest/signatures | transparency.sign | a signature; the second independent one adopts it |
 */
import { z } from 'zod';
import { DISCLOSURE_PAYLOAD_TYPES, inventoryKeySchema } from '../disclosure/documents.ts';
import { REFUSAL_REASONS } from '../disclosure/refusal-reasons.ts';
import { base64, sha256Hex, timestamp } from '../order/documents.ts';
import { instant } from './wire.ts';

const count = z.int().min(0);

/** Calendar month in UTC, such as 2026-11. */
const month = z.string().regex(/^(19[7-9]\d|[2-9]\d{3})-(0[1-9]|1[0-2])$/, 'must be a month such as 2026-11');

/** Months that have ended, in UTC. The period includes both. Default: the last 12 of them. */
export const reportQuery = z.strictObject({ from: month.optional(), to: month.optional() });

/**
 * Proof that the ledger contains the digest of a statement. Witnesses cosign the checkpoint, and with it the statement. Hashes are base64.
 */
export const statementInclusion = z.object({
  index: z.int(),
  body: z.string(),
  proof: z.array(z.string()),
  checkpoint: z.string(),
  key: z.string(),
});

export const statementView = z.object({
  state: z.enum(['pending', 'adopted']),
  payload: z.string(),
  payloadType: z.literal(DISCLOSURE_PAYLOAD_TYPES.statement),
  digest: sha256Hex,
  text: z.string(),
  date: timestamp,
  expires: timestamp,
  adoptedAt: instant.nullable(),
  signatures: z.array(
    z.object({
      keyid: sha256Hex,
      /** Signature over the DSSE bytes; for a passkey, an assertion (`shared/order/passkey-assertion.ts`). */
      sig: z.string(),
      publicKey: z.string(),
      /** Relying party id of a passkey; null for any other key. */
      rpId: z.string().nullable(),
      person: z.string(),
      at: instant,
    }),
  ),
  signed: count,
  needed: count,
});
export type StatementView = z.output<typeof statementView>;
export const statementList = z.object({ statements: z.array(statementView) });
export const statementParams = z.object({ digest: sha256Hex });
export const statementSignature = z.strictObject({ keyid: sha256Hex, signature: base64.max(4096) });
/** Days for which the statement is valid; default: the configured interval. */
export const statementProposal = z.strictObject({ days: z.int().min(1).max(400).optional() });

export const transparencyReport = z.object({
  organization: z.string(),
  installation: z.string(),
  from: month,
  to: month,
  createdAt: instant,
  disclosures: z.object({
    received: count,
    answered: count,
    /** Requests that were neither answered nor refused at the end of the period. */
    pending: count,
    refused: count,
    refusedByReason: z.array(z.object({ reason: z.enum(REFUSAL_REASONS), title: z.string(), count })),
    /**
     * Each month of the period, oldest first. `accounts`: number of different accounts with a production in this month. No count covers the
     * accounts of several months, because it would show that two months concern the same account.
     */
    months: z.array(z.object({ month, received: count, answered: count, accounts: count, refused: count })),
  }),
  orders: z.object({
    /** Number of orders that were in effect in the period, including withheld ones. */
    count,
    withheld: count,
    /** Days on which an order suspended at least one service in the area. A day counts once. */
    suspended: z.array(z.object({ area: z.string(), services: z.array(z.string()), days: count, orders: count })),
  }),
  /** Every key that the server has, with the data that it decrypts or the documents that it signs. */
  keys: z.array(inventoryKeySchema),
  statement: z.discriminatedUnion('state', [
    z.object({ state: z.literal('valid'), statement: statementView, inclusion: statementInclusion.nullable() }),
    /** State of the signed statement. `since`: time at which the last statement expired. */
    z.object({ state: z.literal('expired'), since: instant }),
    z.object({ state: z.literal('none') }),
  ]),
  /** Adopted statements, newest first. An old statement stays in the list. */
  statements: z.array(statementView),
});
export type TransparencyReport = z.output<typeof transparencyReport>;
