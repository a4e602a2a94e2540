/**
 * What the organisation's key signs, and how: each certificate is read from its exact bytes, whatever the server says of it, and shown in words.
 * Group, time, other devices and the
 * creator of the code are the server's statement, and the output says so.
 */
import {
  countersigned,
  type MessagingKeyPage,
  MOST_COUNTERSIGNATURES,
  messagingKeyPage,
} from '../../shared/api/membership.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Signer } from '../../shared/order/dsse.ts';
import { countersignCertificate, readMessagingCertificate } from '../../shared/order/messaging-certificate.ts';
import type { Client } from './client.ts';
import { type Cell, when } from './output.ts';

type Listed = MessagingKeyPage['keys'][number];

/** A certificate as its bytes say it, and where the server says its device belongs. */
export interface Waiting {
  readonly device: string;
  readonly generation: number;
  readonly person: string;
  readonly name: string;
  readonly digest: string;
  readonly payload: string;
  /** From the certificate; null when the person has none. */
  readonly email: string | null;
  readonly group: string;
  readonly since: number;
  /** By the server's statement. */
  readonly others: Listed['others'];
  readonly codeBy: Listed['codeBy'];
}

/** A further device of a person with a verified device reads that person's conversations: an admin decides about it. */
export const isAdditional = ({ others }: Waiting): boolean => others.some(({ verified }) => verified);

export interface Which {
  /** Names; none for all. */
  readonly groups: readonly string[];
  readonly most: number;
  /** Those that this key has not signed, whether or not another has; null: those that wait. */
  readonly lacking: string | null;
}

/**
 * Oldest first in each group, each once, and no more than `most` whatever the server shows. Throws `document_malformed` when it shows a
 * certificate that makes no sense.
 */
export async function whatWaits(client: Client, { groups, most, lacking }: Which): Promise<Waiting[]> {
  const found = new Map<string, Waiting>();
  for (const group of groups.length === 0 ? [null] : groups) {
    let cursor: string | null = null;
    do {
      const limit = Math.min(MOST_COUNTERSIGNATURES, most - found.size);
      if (limit <= 0) break;
      const query = new URLSearchParams({
        limit: String(limit),
        ...(lacking === null ? { waiting: 'true' } : { lacking }),
        ...(group !== null && { group }),
        ...(cursor !== null && { cursor }),
      });
      const page: MessagingKeyPage = await client.call(messagingKeyPage, 'GET', `/messaging-keys?${query}`);
      for (const each of page.keys.map(read)) found.set(each.digest, each);
      cursor = page.cursor;
    } while (cursor !== null);
  }
  return [...found.values()].slice(0, most);
}

function read({ payload, group, since, device, generation, ...listed }: Listed): Waiting {
  const { certificate, digest } = readMessagingCertificate(Buffer.from(payload));
  const { person, name } = certificate;
  const same = certificate.device === device && certificate.generation === generation && listed.digest === digest;
  if (!same || listed.person !== person || listed.name !== name) {
    throw new CordonError(
      'document_malformed',
      `The server describes the certificate of ${certificate.device} as another one (${device}). Do not sign it.`,
    );
  }
  const { email = null } = certificate;
  const { others, codeBy } = listed;
  return { device, generation, person, name, email, digest, payload, group: group.name, since, others, codeBy };
}

export const COLUMNS = [
  ...['name', 'e-mail', 'person', 'device', 'enrolment', 'group (as the server says)', 'since'],
  ...['other devices (as the server says)', 'code created by (as the server says)'],
];
export const rowOf = ({ name, email, person, device, generation, group, since, others, codeBy }: Waiting): Cell[] => [
  ...[name, email, person, device, generation, group, when(since)],
  others.map(otherWords).join('; ') || 'none',
  codeBy === null ? 'unknown' : `${codeBy.name} (${codeBy.scoped ? 'role limited to groups or areas' : 'all groups'})`,
];

const otherWords = ({ device, hostname, enrolledAt, verified }: Waiting['others'][number]): string =>
  `${hostname ?? device}, enrolled ${when(enrolledAt)}, ${verified ? 'verified' : 'not verified'}`;

export interface Outcome {
  readonly countersigned: number;
  readonly refused: readonly { readonly digest: string; readonly code: string; readonly detail: string }[];
}

export async function countersignAll(client: Client, key: Signer, waiting: readonly Waiting[]): Promise<Outcome> {
  const outcome = { countersigned: 0, refused: [] as Outcome['refused'][number][] };
  for (let from = 0; from < waiting.length; from += MOST_COUNTERSIGNATURES) {
    const countersignatures = waiting.slice(from, from + MOST_COUNTERSIGNATURES).map(({ digest, payload }) => ({
      digest,
      keyid: key.keyid,
      signature: countersignCertificate(key, payload),
    }));
    const answer = await client.call(countersigned, 'POST', '/messaging-keys/countersignatures', { countersignatures });
    outcome.countersigned += answer.countersigned;
    outcome.refused.push(...answer.refused);
  }
  return outcome;
}
