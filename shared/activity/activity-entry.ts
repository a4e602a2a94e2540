/**
 * Entries of the activity log and their batches, as the export contains them. Each entry has a random salt, so that its hash reveals
 * nothing. The Merkle root of a batch covers its entries in order (RFC 9162). The hash of a batch covers its header, which contains the hash
 * of the batch before it. The ledger has a salted commitment of each batch hash. `activity-hash.ts` computes the hashes.
 */
import { z } from 'zod';
import { ACTIVITY_KINDS } from './activity-kinds.ts';

/** Outcome of an action whose result the server could not record, because the server stopped during the action. */
export const OUTCOME_UNKNOWN = 'unknown';
export const OUTCOME_OK = 'ok';

export const ACTORS = ['admin', 'device', 'server', 'unknown'] as const;
export type ActorKind = (typeof ACTORS)[number];

const hash = z.string().regex(/^[0-9a-f]{64}$/);

export const activityTarget = z.strictObject({
  /** Kind of the target, such as `device`, `person`, `account` or `order`. */
  kind: z.string(),
  id: z.string(),
  /** Person of the device at the time of the entry; null for other targets. */
  person: z.string().nullable(),
});
export type ActivityTarget = z.infer<typeof activityTarget>;

/** Part of an entry that its hash covers. This part contains identifiers only: no names, no texts, no secrets. */
export const activityEntrySchema = z.strictObject({
  id: z.int(),
  /** Times by the server clock, in Unix milliseconds. `until`: time of the last of several equal refusals, which share one entry. */
  at: z.int(),
  until: z.int().nullable(),
  count: z.int().min(1),
  kind: z.enum(ACTIVITY_KINDS),
  actor: z.strictObject({ kind: z.enum(ACTORS), id: z.string().nullable() }),
  via: z.enum(['session', 'token']).nullable(),
  /** Id of the session or of the API token. */
  credential: z.string().nullable(),
  address: z.string().nullable(),
  agent: z.string().nullable(),
  action: z.string(),
  /** Outcome of the action: `ok`, `unknown`, or the stable code of the error. */
  outcome: z.string(),
  targets: z.array(activityTarget),
  /** Number of targets. It is larger than the list if the list was limited. */
  targetCount: z.int(),
  salt: hash,
});
export type ActivityEntry = z.infer<typeof activityEntrySchema>;

export const activityBatchSchema = z.strictObject({
  number: z.int().min(1),
  size: z.int().min(1),
  from: z.int(),
  to: z.int(),
  /** Merkle root of the entries, in hex. */
  root: hash,
  /** Hash of the batch before; 64 zeros for the first batch. */
  previous: hash,
  sealedAt: z.int(),
});
export type ActivityBatch = z.infer<typeof activityBatchSchema>;

/** Hash in the field `previous` of the first batch. */
export const FIRST_PREVIOUS = '0'.repeat(64);
