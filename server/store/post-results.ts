/** Stored responses to accepted messages. The server sends a stored response again if the sender repeats its message. */
import { hash } from 'node:crypto';
import { sql } from 'kysely';
import type { DenialNotice } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { postKey } from '../relay/placement.ts';
import type { Enrollment, Posted } from '../relay/ports.ts';
import { insertOf, tableOf } from './bulk.ts';
import type { Db, Tx } from './database.ts';

export interface AcceptedPost {
  readonly sender: Enrollment;
  readonly digest: number;
  readonly at: number;
  readonly response: Posted;
  /** Number of the stored post; null if it has no recipient. */
  readonly post: number | null;
}

/**
 * Digest of a message's sender and id: the first 48 bits of SHA-256. The digest is much shorter than sender and id, so its index has fewer
 * pages. Two messages can have the same digest, and a sender can create such messages on purpose. Readers therefore also compare sender and
 * id. Ten messages with one digest would take a sender more than 2^40 hashes, so few rows have the same digest.
 */
export const digestOf = (sender: Enrollment, id: string): number =>
  Number.parseInt(hash('sha256', postKey(sender, id), 'hex').slice(0, 12), 16);

/**
 * Stored responses to messages with the given digests, by `postKey`. They may include responses to other messages that have the same
 * digest.
 */
export async function loadResponses(db: Db | Tx, digests: readonly number[]): Promise<Map<string, Posted>> {
  const keys = tableOf(
    ['bigint'],
    digests.map((digest) => [digest]),
  );
  const { rows } = await sql<{ device_id: DeviceId; generation: number; post_id: string; answer: string }>`
    select r.device_id, r.generation, r.post_id, r.answer from ${keys} as v cross join post_results r
    where r.digest = v.column1`.execute(db);
  return new Map(
    rows.map(({ device_id: device, generation, post_id, answer }) => [
      postKey({ device, generation }, post_id),
      decodeResponse(post_id, answer),
    ]),
  );
}

export async function saveResponses(tx: Tx, accepted: readonly AcceptedPost[]): Promise<void> {
  const rows = accepted.map(({ sender, digest, at, response, post }) => [
    digest,
    sender.device,
    sender.generation,
    response.id,
    at,
    encodeResponse(response),
    post,
  ]);
  await insertOf('post_results', RESULTS, rows).execute(tx);
}

/** Response as JSON. Several recipients can share one notice about an order, so each notice is stored once. */
interface StoredResponse {
  readonly denials: readonly DenialNotice[];
  /** Tuple for each recipient: device, outcome, and index of the recipient's notice in `denials`; null for a recipient without a notice. */
  readonly recipients: readonly (readonly [DeviceId, Posted['recipients'][number]['outcome'], number | null])[];
}

function encodeResponse({ recipients }: Posted): string {
  if (recipients.every(({ denial }) => denial === null)) {
    const plain = recipients.map(({ device, outcome }) => [device, outcome, null] as const);
    return JSON.stringify({ denials: [], recipients: plain } satisfies StoredResponse);
  }
  const indexes = new Map<string, number>();
  const indexOf = (denial: DenialNotice): number => {
    const text = JSON.stringify(denial);
    const index = indexes.get(text) ?? indexes.size;
    indexes.set(text, index);
    return index;
  };
  const tuples = recipients.map(({ device, outcome, denial }) => [device, outcome, denial && indexOf(denial)] as const);
  const denials = [...indexes.keys()].map((text): DenialNotice => JSON.parse(text));
  return JSON.stringify({ denials, recipients: tuples } satisfies StoredResponse);
}

function decodeResponse(id: string, text: string): Posted {
  const { denials, recipients }: StoredResponse = JSON.parse(text);
  return {
    kind: 'posted',
    id,
    outcome: 'accepted',
    denial: null,
    recipients: recipients.map(([device, outcome, index]) => ({
      device,
      outcome,
      denial: index === null ? null : (denials[index] ?? null),
    })),
  };
}

const RESULTS = {
  digest: 'bigint',
  device_id: 'text',
  generation: 'bigint',
  post_id: 'text',
  at: 'bigint',
  answer: 'text',
  post: 'bigint',
} as const;
