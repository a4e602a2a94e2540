/**
 * Texts of the disclosure desk in words, for the person who signs them. Each description is computed from the exact bytes to sign, because
 * a summary by the server would not be trustworthy. Callers must neutralize control and direction characters (`visible-text.ts`).
 */
import { CordonError } from '../errors.ts';
import { parseDocument } from '../order/canonical.ts';
import type { Described, Line } from '../order/describe-revision.ts';
import {
  type DisclosureNotice,
  type DisclosureText,
  type DisclosureWindow,
  disclosureTextSchema,
  type InstrumentType,
  type TransparencyStatement,
  transparencyStatementSchema,
} from './documents.ts';
import { RECORD_TYPE_FACTS } from './record-types.ts';

const DAY = 86_400_000;
const encoder = new TextEncoder();

export const INSTRUMENT_NAMES: Readonly<Record<InstrumentType, string>> = {
  'court-order': 'Court order',
  warrant: 'Warrant',
  'production-order': 'Production order',
  subpoena: 'Subpoena',
  'statutory-request': 'Statutory request',
};

/**
 * Describes the text of a request for the approver who signs it. Throws `document_malformed` if the bytes are not canonical or belong to
 * another text than `requested`.
 */
export function describeDisclosure(
  payload: string,
  requested: { readonly disclosure: string; readonly version: number },
): Described<DisclosureText> {
  const document = parseDocument(disclosureTextSchema, encoder.encode(payload));
  const { disclosure, version, authority, instrument } = document;
  if (disclosure !== requested.disclosure || version !== requested.version) {
    throw new CordonError(
      'document_malformed',
      `The server showed version ${version} of request ${disclosure} instead of the requested text. Do not sign it.`,
    );
  }
  const { title, mediaType, bytes, sha256 } = instrument.document;
  return {
    document,
    title: `Request ${disclosure}, version ${version}: records of one account for ${authority.name}`,
    lines: [
      { label: 'account', value: `${document.person}, and no other account` },
      { label: 'authority', value: `${authority.name} (${authority.id})` },
      { label: 'key of the authority', value: authority.recipient },
      { label: 'fingerprint of the key', value: authority.fingerprint },
      { label: 'instrument', value: `${INSTRUMENT_NAMES[instrument.type]} ${instrument.reference}` },
      { label: 'issued by', value: `${instrument.issuer}, ${utcWords(instrument.issuedAt)}` },
      { label: 'valid until', value: utcWords(instrument.expiresAt) },
      { label: 'document', value: `${title} (${mediaType}, ${bytes} bytes, SHA-256 ${sha256})` },
      { label: 'window', value: windowWords(document.window) },
      ...document.records.map((record) => ({
        label: RECORD_TYPE_FACTS[record].title,
        value: RECORD_TYPE_FACTS[record].exists,
      })),
      { label: 'content', value: 'none: the server cannot decrypt the content of messages or mail' },
      { label: 'deadline', value: document.deadline === null ? 'none' : utcWords(document.deadline) },
      {
        label: 'objection',
        value: document.objection === null ? 'none' : `${document.objection.text} (${utcWords(document.objection.at)})`,
      },
      noticeLine(document.notice),
      { label: 'drafted by', value: `${document.draftedBy} at ${utcWords(document.draftedAt)}` },
      { label: 'installation', value: document.installation },
    ],
  };
}

/** Describes a transparency statement for the person who signs it. Throws `document_malformed` if the bytes are not canonical. */
export function describeStatement(payload: string): Described<TransparencyStatement> {
  const document = parseDocument(transparencyStatementSchema, encoder.encode(payload));
  return {
    document,
    title: `Statement of ${document.organization}, ${utcWords(document.date)}`,
    lines: [
      { label: 'statement', value: document.statement },
      {
        label: 'valid until',
        value: `${utcWords(document.expires)}. Without a new statement, the public sees its absence.`,
      },
      ...document.keys.map(({ use, opens, publicKey }) => ({
        label: `key: ${use}`,
        value: publicKey === null ? opens : `${opens} (public key, SHA-256 ${publicKey})`,
      })),
      { label: 'proposed by', value: document.proposedBy },
      { label: 'installation', value: document.installation },
    ],
  };
}

/** Window with its length. A part of a day counts as a day. */
export function windowWords({ from, to }: DisclosureWindow): string {
  const days = Math.ceil((Date.parse(to) - Date.parse(from)) / DAY);
  return `${utcWords(from)} until ${utcWords(to)} (${days} ${days === 1 ? 'day' : 'days'})`;
}

export function noticeWords({ notBefore, basis }: DisclosureNotice): string {
  if (notBefore === null) return 'at once after the production, on the devices of the person';
  return `not before ${utcWords(notBefore)}, on this legal basis: ${basis ?? ''}`;
}

const noticeLine = (notice: DisclosureNotice): Line => ({
  label: 'notice to the person',
  value: noticeWords(notice),
  ...(notice.notBefore !== null && { grave: true as const }),
});

/**
 * Formats a time, such as `2026-11-29 12:00 UTC`. Seconds and milliseconds are omitted only if they are zero, because a hidden part would
 * mislead the signer.
 */
export const utcWords = (timestamp: string): string => timestamp.replace('T', ' ').replace(/(:00)?\.000Z$|Z$/, ' UTC');
