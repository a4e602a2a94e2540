/**
 * Countersignatures of device certificates with the organization key. The program decodes each certificate itself. The output marks facts
 * that are not in the certificate, such as the group, as statements of the server.
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
import { plain } from '../../shared/text/visible-text.ts';
import type { Client } from './client.ts';
import { type Cell, when } from './output.ts';

type Listed = MessagingKeyPage['keys'][number];

/**
 * Messaging certificate of a device that waits for a countersignature. Most fields come from the certificate itself; `group` is a statement
 * of the server.
 */
export interface WaitingCertificate {
  readonly device: string;
  readonly generation: number;
  readonly person: string;
  readonly name: string;
  readonly digest: string;
  readonly payload: string;
  readonly email: string | null;
  readonly mailConnector: boolean;
  readonly group: string;
  readonly since: number;
  readonly others: Listed['others'];
  readonly codeBy: Listed['codeBy'];
}

/**
 * True if the user of the new device already has a verified device. An admin must then decide whether to verify the new device, because the
 * new device could read the user's conversations.
 */
export const isAdditional = ({ others }: WaitingCertificate): boolean => others.some(({ verified }) => verified);

export interface CertificateFilter {
  /** Names of the groups whose devices' certificates are requested. An empty array means all groups. */
  readonly groups: readonly string[];
  readonly most: number;
  /** Organization key whose signature the requested certificates lack. Null requests certificates without any countersignature. */
  readonly lacking: string | null;
}

/**
 * Requests certificates that lack a countersignature, without duplicates. The certificates of each requested group follow one another,
 * oldest first. Throws `document_malformed` if a certificate cannot be read.
 */
export async function waitingCertificates(
  client: Client,
  { groups, most, lacking }: CertificateFilter,
): Promise<WaitingCertificate[]> {
  const found = new Map<string, WaitingCertificate>();
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

function read({ payload, group, since, device, generation, ...listed }: Listed): WaitingCertificate {
  const { certificate, digest } = readMessagingCertificate(Buffer.from(payload));
  const { person, name } = certificate;
  const same = certificate.device === device && certificate.generation === generation && listed.digest === digest;
  if (!same || listed.person !== person || listed.name !== name) {
    throw new CordonError(
      'document_malformed',
      `The server describes the certificate of ${certificate.device} as another one (${device}). Do not sign it.`,
    );
  }
  const { email = null, mailConnector = false } = certificate;
  const { others, codeBy } = listed;
  const shown = { device, generation, person, name, email, mailConnector };
  return { ...shown, digest, payload, group: group.name, since, others, codeBy };
}

/** Warnings about certificates with which the signer gives more than membership in conversations. */
export const warningsOf = (waiting: readonly WaitingCertificate[]): string[] =>
  waiting
    .filter(({ mailConnector }) => mailConnector)
    .map(
      ({ device, name }) =>
        `ATTENTION: ${device} of ${plain(name)} is a mail connector. This device will read all mail of the company.`,
    );

export const COLUMNS = [
  'name',
  'e-mail',
  'person',
  'device',
  'enrollment',
  'group (as stated by the server)',
  'since',
  'other devices (as stated by the server)',
  'code created by (as stated by the server)',
  'kind',
];
export const rowOf = ({
  name,
  email,
  person,
  device,
  generation,
  group,
  since,
  others,
  codeBy,
  mailConnector,
}: WaitingCertificate): Cell[] => [
  name,
  email,
  person,
  device,
  generation,
  group,
  when(since),
  others.map(otherWords).join('; ') || 'none',
  codeBy === null ? 'unknown' : `${codeBy.name} (${codeBy.scoped ? 'role limited to groups or areas' : 'all groups'})`,
  mailConnector ? 'MAIL CONNECTOR' : null,
];

const otherWords = ({ device, hostname, enrolledAt, verified }: WaitingCertificate['others'][number]): string =>
  `${hostname ?? device}, enrolled ${when(enrolledAt)}, ${verified ? 'verified' : 'not verified'}`;

export interface Outcome {
  readonly countersigned: number;
  readonly refused: readonly { readonly digest: string; readonly code: string; readonly detail: string }[];
}

export async function countersignAll(
  client: Client,
  key: Signer,
  waiting: readonly WaitingCertificate[],
): Promise<Outcome> {
  const outcome = { countersigned: 0, refused: [] as Outcome['refused'][number][] };
  for (let from = 0; from < waiting.length; from += MOST_COUNTERSIGNATURES) {
    const countersignatures = waiting.slice(from, from + MOST_COUNTERSIGNATURES).map(({ digest, payload }) => ({
      digest,
      keyid: key.keyid,
      signature: countersignCertificate(key, payload),
    }));
    const result = await client.call(countersigned, 'POST', '/messaging-keys/countersignatures', { countersignatures });
    outcome.countersigned += result.countersigned;
    outcome.refused.push(...result.refused);
  }
  return outcome;
}
