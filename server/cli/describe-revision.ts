/**
 * What an approver is about to sign, in words, read from the exact bytes: the server's summary of it is not believed. Throws when the bytes
 * are no revision in canonical form, so that nobody signs what cannot be shown.
 */
import { CordonError } from '../../shared/errors.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { type Approvers, approversSchema, type Revision, revisionSchema } from '../../shared/order/documents.ts';
import { plain } from './output.ts';

export interface Described<D> {
  readonly document: D;
  readonly digest: string;
  readonly lines: readonly string[];
}

/** `asked`: the order and revision that the approver named; another one's bytes are refused. */
export function describeRevision(
  payload: string,
  asked: { readonly order: string; readonly revision: number },
): Described<Revision> {
  const bytes = Buffer.from(payload);
  const document = parseDocument(revisionSchema, bytes);
  if (document.order !== asked.order || document.revision !== asked.revision) {
    const got = `order ${document.order} revision ${document.revision}`;
    throw new CordonError(
      'document_malformed',
      `The server sent ${got} instead of what was asked for; do not sign it.`,
    );
  }
  const { terms } = document;
  const held = document.heldSince ? ` since ${document.heldSince}` : '';
  const lines = [
    `Order ${document.order}, revision ${document.revision} (${document.act}): ${plain(terms.title)}`,
    `  from then on     ${document.status}${held}`,
    `  areas            ${terms.areas.map(named).join(', ')}`,
    `  services         ${terms.services.join(', ')} (${terms.mode})`,
    `  for devices      by ${terms.nexus.join(' or ')}`,
    `  effective        ${times(terms.effective, terms.zone)}`,
    `  until            ${terms.until === null ? 'withdrawn' : times(terms.until, terms.zone)}`,
    `  unknown location ${terms.unknown}; contested ${terms.contested}; stale list ${terms.stale}`,
    `  visitors         ${terms.visitors} of grace; travellers ${terms.travellers}`,
    `  disputed ground  ${
      Object.entries(terms.disputed)
        .map(([feature, area]) => `${feature} as ${area}`)
        .join(', ') || 'all claimants'
    }`,
    `  exempt           ${document.exempt.length} devices`,
    `  authority        ${plain(terms.authority)}`,
    `  addressee        ${plain(terms.addressee)}`,
    `  instrument       ${plain(terms.instrument)}`,
    ...Object.entries(terms.statement).map(([language, text]) => `  statement (${language})   ${plain(text)}`),
    `  appeal           ${plain(terms.appeal)}`,
    `  proposed by      ${document.proposer} at ${document.proposedAt}`,
    `  replaces         ${document.previous ?? 'nothing: it is the first'}`,
    `  installation     ${document.installation}`,
  ];
  const digest = sha256(bytes);
  return { document, digest, lines: [...lines, `SHA-256 ${digest}`] };
}

export function describeRoot(payload: string, version: number): Described<Approvers> {
  const bytes = Buffer.from(payload);
  const document = parseDocument(approversSchema, bytes);
  if (document.version !== version) {
    throw new CordonError(
      'document_malformed',
      `The server sent root ${document.version} instead of ${version}; do not sign it.`,
    );
  }
  const digest = sha256(bytes);
  const lines = [
    `Root of approvers, version ${document.version}, installation ${document.installation}`,
    `  ${document.threshold} different people adopt an order, out of:`,
    ...document.approvers.map(({ person, keyid }) => `  ${person}  key ${keyid}`),
    ...document.onlineKeys.map(({ keyid }) => `  the list is kept fresh by key ${keyid}`),
    `  replaces ${document.previous ?? 'nothing: it is the first'}`,
    `SHA-256 ${digest}`,
  ];
  return { document, digest, lines };
}

const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });

function named(area: string): string {
  const name = /^[A-Z]{2}$/.test(area) ? names.of(area) : undefined;
  return name ? `${area} (${name})` : area;
}

/** In UTC, as signed, and as the clocks of the order's own zone show it. */
function times(instant: string, zone: string): string {
  const local = Temporal.Instant.from(instant).toZonedDateTimeISO(zone).toString({ smallestUnit: 'second' });
  return `${instant} = ${local}`;
}
