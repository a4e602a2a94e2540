/**
 * Text that describes a revision to the approver before signing. The text is computed from the exact bytes to sign, because a summary by the
 * server would not be trustworthy. Callers must neutralize control and direction characters (`visible-text.ts`).
 */
import { partName } from '../areas/part-names.ts';
import { CordonError } from '../errors.ts';
import { DEFAULT_WAITING, hasWaitingRule, type WaitingRule } from '../verdict/terms.ts';
import { briefPauseEnds, isCourtStay } from './adoption-state.ts';
import { attestationWords } from './attestation.ts';
import { parseDocument } from './canonical.ts';
import {
  type Approvers,
  approversSchema,
  type InstrumentDocument,
  type NoticeMoment,
  type OrderPolygon,
  type OrderTerms,
  type Revision,
  revisionSchema,
} from './documents.ts';
import { isExit } from './exit.ts';
import { IMMEDIATE_WORDS, type PassedTime } from './immediate-effect.ts';
import { languageNameIn } from './language-name.ts';

export interface Line {
  readonly label: string;
  readonly value: string;
  readonly language?: string;
  readonly person?: string;
  /** Marks a line of the text to sign that the signer must notice. The console shows the line in red. */
  readonly grave?: true;
}

export interface Described<D> {
  readonly document: D;
  readonly title: string;
  readonly lines: readonly Line[];
}

const WAITING_WORDS: Readonly<Record<WaitingRule, string>> = {
  hold: 'stay on the server until the order ends',
  deliver: 'are delivered if the server accepted them before; later messages stay on the server',
  return: 'are returned to their senders, including messages sent during the order',
};

const PROVENANCE_WORDS: Readonly<Record<NonNullable<OrderTerms['provenance']>, string>> = {
  asserted: 'asserted: only the instrument itself states this',
  confirmed: 'confirmed by the named authority',
  disputed: 'disputed: its authenticity is denied',
};

export const MOMENT_WORDS: Readonly<Record<NoticeMoment, string>> = {
  P30D: '30 days before',
  P7D: '7 days before',
  P1D: '1 day before',
  PT1H: '1 hour before',
  effective: 'at the effective time',
  withdrawal: 'at withdrawal',
};

const encoder = new TextEncoder();

/**
 * Describes a revision in words for the approver who signs it. Throws `document_malformed` if the bytes are not canonical or belong to
 * another revision than `requested`. `immediate`: which time of the revision has passed, if the approver also confirms that the revision
 * takes effect immediately; otherwise null.
 */
export function describeRevision(
  payload: string,
  requested: { readonly order: string; readonly revision: number },
  immediate: PassedTime | null = null,
): Described<Revision> {
  const document = parseDocument(revisionSchema, encoder.encode(payload));
  if (document.order !== requested.order || document.revision !== requested.revision) {
    throw notRequested(`order ${document.order} revision ${document.revision}`, 'the requested revision');
  }
  const { terms } = document;
  const since = document.pausedSince ? ` since ${document.pausedSince}` : '';
  const disputed = Object.entries(terms.disputed).map(([feature, area]) => `${feature} as ${area}`);
  return {
    document,
    title: `Order ${document.order}, revision ${document.revision} (${document.action}): ${terms.title}`,
    lines: [
      ...(immediate === null
        ? []
        : [{ label: 'attention', value: `the revision ${IMMEDIATE_WORDS[immediate]}.`, grave: true as const }]),
      ...exitLines(document),
      ...pauseLines(document),
      ...basisLines(document),
      { label: 'new state', value: `${document.status}${since}` },
      { label: 'areas', value: terms.areas.map(areaLabel).join(', ') },
      ...Object.entries(terms.groups ?? {}).map(([group, members]) => ({
        label: `${group} is`,
        value: members.map(areaLabel).join(', '),
      })),
      ...Object.entries(terms.polygons ?? {}).map(([code, polygon]) => ({
        label: `${code} is`,
        value: polygonWords(polygon),
      })),
      { label: 'services', value: `${terms.services.join(', ')} (${terms.mode})` },
      { label: 'nexus', value: terms.nexus.join(' or ') },
      { label: 'effective', value: times(terms.effective, terms.zone) },
      { label: 'until', value: terms.until === null ? 'the order is withdrawn' : times(terms.until, terms.zone) },
      {
        label: 'location unknown',
        value: `${terms.unknown}; if contested: ${terms.contested}; if the order list has expired: ${terms.stale}`,
      },
      { label: 'visitors', value: `grace period ${terms.visitors}; travelers: ${terms.travelers}` },
      ...(hasWaitingRule(terms.services) || terms.waiting !== undefined
        ? [{ label: 'waiting messages', value: WAITING_WORDS[terms.waiting ?? DEFAULT_WAITING] }]
        : []),
      { label: 'disputed territory', value: disputed.join(', ') || 'all claimants' },
      ...exemptLines(document.exempt, terms.zone),
      { label: 'authority', value: terms.authority },
      { label: 'addressee', value: terms.addressee },
      { label: 'instrument', value: terms.instrument },
      ...instrumentLines(terms),
      ...(terms.authoritativeLanguage === undefined
        ? []
        : [{ label: 'authoritative', value: `the text in ${languageWords(terms.authoritativeLanguage)}` }]),
      ...Object.entries(terms.statement).map(([language, value]) => ({ label: 'statement', language, value })),
      ...Object.entries(terms.notice ?? {}).map(([language, value]) => ({ label: 'notice', language, value })),
      { label: 'appeal', value: terms.appeal },
      { label: 'proposed by', value: `${document.proposer} at ${document.proposedAt}` },
      { label: 'replaces', value: document.previous ?? 'nothing: this is the first version' },
      ...(document.salt === undefined
        ? []
        : [{ label: 'withheld', value: `approvers also sign a stub for the public; salt ${document.salt}` }]),
      { label: 'installation', value: document.installation },
    ],
  };
}

function languageWords(tag: string): string {
  const name = languageNameIn('en', tag);
  return name === tag ? tag : `${name} (${tag})`;
}

/** The revision identifies exempt devices only by salted hashes, so the text can state only their number and the ends of the exemptions. */
function exemptLines(exempt: Revision['exempt'], zone: string): Line[] {
  if (exempt.length === 0) return [{ label: 'exempt', value: 'no device' }];
  return exemptionEnds(exempt).map(({ until, devices }) => ({
    label: 'exempt',
    value: `${devices} ${devices === 1 ? 'device' : 'devices'} ${until === null ? 'until the order ends' : `until ${times(until, zone)}`}`,
  }));
}

/** Numbers of exempt devices by end of exemption, earliest end first. Exemptions without an end come last. */
export function exemptionEnds(
  exempt: Revision['exempt'],
): { readonly until: string | null; readonly devices: number }[] {
  const ends = Map.groupBy(exempt, ({ until }) => until);
  return [...ends]
    .map(([until, those]) => ({ until, devices: those.length }))
    .sort((a, b) => ((a.until ?? '~') < (b.until ?? '~') ? -1 : 1));
}

function exitLines(document: Revision): Line[] {
  if (!isExit(document)) return [];
  const value =
    'work data is wiped on every device that the order blocks, and waiting messages for these devices are destroyed. This cannot be undone.';
  return [{ label: 'exit', value, grave: true }];
}

/**
 * Lines about a pause, in the text that an approver reads before signing. An approval of changed terms during a 72-hour pause also makes
 * the pause permanent, so the text must say so.
 */
function pauseLines(document: Revision): Line[] {
  if (isCourtStay(document)) {
    const value =
      'has no end after 72 hours, because it contains a court’s document. It lasts until two approvers resume the order.';
    return [{ label: 'pause', value, grave: true }];
  }
  const pauseEnd = document.action === 'pause' ? null : briefPauseEnds(document);
  if (pauseEnd === null) return [];
  const at = times(new Date(pauseEnd).toISOString(), document.terms.zone);
  const value = `lasts until the order is resumed. By one approver alone, it would end at ${at}.`;
  return [{ label: 'pause', value, grave: true }];
}

function basisLines({ basis }: Revision): Line[] {
  if (basis === undefined) return [];
  const { reason, court, documents = [] } = basis;
  return [
    ...(reason === undefined ? [] : [{ label: 'reason', value: reason }]),
    ...(court === undefined ? [] : [{ label: 'court', value: `${court.name}, case ${court.case}` }]),
    ...documents.map((document) => ({ label: 'document', value: documentWords(document) })),
  ];
}

const documentWords = ({ title, mediaType, bytes, sha256 }: InstrumentDocument): string =>
  `${title} (${mediaType}, ${bytes} bytes, SHA-256 ${sha256})`;

function instrumentLines(terms: OrderTerms): Line[] {
  const { receivedOn, answerBy, provenance, documents, answers, noticePlan, exportWindow, internal, zone } = terms;
  const fields: [string, string | undefined][] = [
    ['received on', receivedOn],
    ['answer due', answerBy && `by ${times(answerBy, zone)}`],
    ['provenance', provenance && PROVENANCE_WORDS[provenance]],
    ['answers', answers && `order ${answers}`],
    ...(documents ?? []).map((document): [string, string] => ['document', documentWords(document)]),
    ['decision record', internal && `stored separately, salted SHA-256 ${internal}`],
    ['export window', exportWindow && `${exportWindow} after the effective time`],
    ['notices', momentsWords(noticePlan)],
    ['publication', publicationWords(terms)],
  ];
  return fields.flatMap(([label, value]) => (value === undefined ? [] : [{ label, value }]));
}

function momentsWords(plan: readonly NoticeMoment[] | undefined): string {
  if (plan === undefined) return 'at each notice time that has not passed';
  return plan.length === 0 ? 'only when a service is suspended' : plan.map((moment) => MOMENT_WORDS[moment]).join(', ');
}

function publicationWords({ publication, zone }: OrderTerms): string {
  if (publication === undefined) return 'public';
  const kept = 'only its number, services and areas are public';
  return 'until' in publication
    ? `delayed: ${kept} until ${times(publication.until, zone)}`
    : `withheld: ${kept}, by law: ${publication.law}`;
}

/**
 * Text that describes an approver set to its signer. `version` is the version that the signer wants to sign. `before` is the verified
 * previous set. If `before` is null, the text marks every organization key as new; if it is absent, the text compares no keys.
 */
export function describeApproverSet(payload: string, version: number, before?: Approvers | null): Described<Approvers> {
  const document = parseDocument(approversSchema, encoder.encode(payload));
  if (document.version !== version) throw notRequested(`approver set ${document.version}`, `${version}`);
  return {
    document,
    title: `Approver set ${document.version}, installation ${document.installation}`,
    lines: [
      { label: `${document.threshold} different people`, value: 'must approve an order. Approvers:' },
      ...document.approvers.map(({ person, keyid, attestation, rpId }) => ({
        label: 'approver',
        person,
        value: `key ${keyid}${rpId === undefined ? '' : `, a passkey for ${rpId}`}${attestation === 'verified' ? ' (verified)' : ''}`,
      })),
      { label: 'identity', value: attestationWords(document) },
      ...document.onlineKeys.map(({ keyid }) => ({ label: 'order lists are signed by', value: `key ${keyid}` })),
      ...organizationLines(document, before),
      ...witnessLines(document, before),
      { label: 'replaces', value: document.previous ?? 'nothing: this is the first version' },
    ],
  };
}

/** Organization keys decide which devices can read messages, so the text must show each change of these keys prominently. */
function organizationLines({ organizationKeys = [] }: Approvers, before?: Approvers | null): Line[] {
  const earlierKeys = (before?.organizationKeys ?? []).map(({ keyid }) => keyid);
  const now = organizationKeys.map(({ keyid }) => keyid);
  const current = now.map((keyid): Line => {
    const line = { label: 'devices are verified by', value: `key ${keyid}` };
    if (before === undefined || earlierKeys.includes(keyid)) return line;
    return { ...line, value: `${line.value}, a new key: ask its owner before you sign`, grave: true };
  });
  const removed = earlierKeys
    .filter((keyid) => !now.includes(keyid))
    .map((keyid): Line => {
      const value = `key ${keyid}: devices that only this key has verified are no longer verified`;
      return { label: 'devices are no longer verified by', value, grave: true };
    });
  return [...current, ...removed];
}

/** Witnesses protect devices from a server that shows different ledgers, so the text must show each weaker rule prominently. */
function witnessLines({ witnesses }: Approvers, before?: Approvers | null): Line[] {
  const earlier = before?.witnesses;
  const label = 'ledger checkpoints need';
  const isWeaker = (witnesses?.threshold ?? 0) < (earlier?.threshold ?? 0);
  const gone = (earlier?.keys ?? [])
    .filter((key) => !witnesses?.keys.includes(key))
    .map((key): Line => ({ label: 'no longer a witness:', value: key, grave: true }));
  if (!witnesses) return isWeaker ? [{ label, value: 'no cosignatures any more', grave: true }, ...gone] : [];
  const value = `cosignatures of ${witnesses.threshold} of ${witnesses.keys.length} witnesses`;
  const shown = witnesses.keys.map((key): Line => {
    if (before === undefined || earlier?.keys.includes(key)) return { label: 'witness', value: key };
    return { label: 'witness', value: `${key}, a new witness: ask its operator before you sign`, grave: true };
  });
  return [{ label, value, ...(isWeaker && { grave: true }) }, ...shown, ...gone];
}

function notRequested(got: string, requested: string): CordonError {
  return new CordonError('document_malformed', `The server sent ${got} instead of ${requested}. Do not sign it.`);
}

const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });

function areaLabel(area: string): string {
  const name = /^[A-Z]{2}$/.test(area) ? names.of(area) : partName(area);
  return name ? `${area} (${name})` : area;
}

/**
 * Time as text in UTC and in the time zone `zone`. Uses `Intl`, because some browsers lack `Temporal`. Throws `document_malformed` for an
 * unknown time zone.
 */
function times(instant: string, zone: string): string {
  try {
    const at = Date.parse(instant);
    const format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
    const name = format.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const offset = name === 'GMT' ? '+00:00' : name.replace('GMT', '');
    // An offset in an unknown form makes the date invalid, so that the conversion throws an error.
    const ahead = -Date.parse(`1970-01-01T00:00:00${offset}`);
    return `${instant} = ${new Date(at + ahead).toISOString().slice(0, 19)}${offset}[${zone}]`;
  } catch (cause) {
    const detail = `${instant} cannot be displayed in the time zone ${JSON.stringify(zone)}. Do not sign it.`;
    throw new CordonError('document_malformed', detail, {}, cause);
  }
}

/** Maximum number of a polygon's points that the text shows. The signed bytes contain all points. */
const SHOWN_POINTS = 200;

export function polygonWords({ title, version, rings, touches }: OrderPolygon): string {
  const degrees = (millionths: number) => String(millionths / 1_000_000);
  const points = rings.flatMap((ring) =>
    Array.from({ length: ring.length / 2 }, (_, i) => `${degrees(ring[2 * i]!)},${degrees(ring[2 * i + 1]!)}`),
  );
  const more = points.length > SHOWN_POINTS ? ` and ${points.length - SHOWN_POINTS} more` : '';
  const corners = `${points.slice(0, SHOWN_POINTS).join(' ')}${more}`;
  return `${title}, version ${version}, in ${touches.join(', ')}; ${rings.length} outlines through ${corners} (longitude,latitude)`;
}
