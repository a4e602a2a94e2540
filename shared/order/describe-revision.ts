/**
 * What an approver is about to sign, in words, read from the exact bytes: the server's summary of it is not believed. Throws when the bytes
 * are no revision in canonical form, so that nobody signs what cannot be shown. The command line and the console show the same words, each
 * laid out in its own way. Each caller first makes control and direction characters of a value harmless (`visible-text.ts`).
 */
import { partName } from '../areas/part-names.ts';
import { CordonError } from '../errors.ts';
import { UNSAID_WAITING, type WaitingRule } from '../verdict/terms.ts';
import { attestationWords } from './attestation.ts';
import { parseDocument } from './canonical.ts';
import {
  type Approvers,
  approversSchema,
  type NoticeMoment,
  type OrderPolygon,
  type OrderTerms,
  type Revision,
  revisionSchema,
} from './documents.ts';
import { isExit } from './exit.ts';
import { briefHoldEnds } from './standing.ts';

export interface Line {
  readonly label: string;
  readonly value: string;
  /** A public statement's language tag. */
  readonly language?: string;
  /** The id of the person whom an approver's line is about. */
  readonly person?: string;
  /** Nobody should sign without having seen this: it is shown in red, or loudly. */
  readonly grave?: true;
}

export interface Described<D> {
  readonly document: D;
  readonly title: string;
  readonly lines: readonly Line[];
}

const WAITING_WORDS: Readonly<Record<WaitingRule, string>> = {
  hold: 'are held until the order ends',
  deliver: 'are delivered if they were accepted before, and held otherwise',
  return: 'are returned to whoever sent them, also those that are sent meanwhile',
};

const PROVENANCE_WORDS: Readonly<Record<NonNullable<OrderTerms['provenance']>, string>> = {
  asserted: 'asserted: the instrument says so itself',
  confirmed: 'confirmed by whom it names',
  disputed: 'disputed: somebody denies it',
};

export const MOMENT_WORDS: Readonly<Record<NoticeMoment, string>> = {
  P30D: '30 days before',
  P7D: '7 days before',
  P1D: '1 day before',
  PT1H: '1 hour before',
  entry: 'at entry into force',
  withdrawal: 'at withdrawal',
};

const encoder = new TextEncoder();

/** `asked`: the order and revision that the approver named; another one's bytes are refused. */
export function describeRevision(
  payload: string,
  asked: { readonly order: string; readonly revision: number },
): Described<Revision> {
  const document = parseDocument(revisionSchema, encoder.encode(payload));
  if (document.order !== asked.order || document.revision !== asked.revision) {
    throw notAsked(`order ${document.order} revision ${document.revision}`, 'what was asked for');
  }
  const { terms } = document;
  const held = document.heldSince ? ` since ${document.heldSince}` : '';
  const disputed = Object.entries(terms.disputed).map(([feature, area]) => `${feature} as ${area}`);
  return {
    document,
    title: `Order ${document.order}, revision ${document.revision} (${document.act}): ${terms.title}`,
    lines: [
      ...exitLines(document),
      ...holdLines(document),
      { label: 'from then on', value: `${document.status}${held}` },
      { label: 'areas', value: terms.areas.map(named).join(', ') },
      ...Object.entries(terms.groups ?? {}).map(([group, members]) => ({
        label: `${group} is`,
        value: members.map(named).join(', '),
      })),
      ...Object.entries(terms.polygons ?? {}).map(([code, polygon]) => ({
        label: `${code} is`,
        value: polygonWords(polygon),
      })),
      { label: 'services', value: `${terms.services.join(', ')} (${terms.mode})` },
      { label: 'for devices', value: `by ${terms.nexus.join(' or ')}` },
      { label: 'effective', value: times(terms.effective, terms.zone) },
      { label: 'until', value: terms.until === null ? 'withdrawn' : times(terms.until, terms.zone) },
      { label: 'unknown location', value: `${terms.unknown}; contested ${terms.contested}; stale list ${terms.stale}` },
      { label: 'visitors', value: `${terms.visitors} of grace; travellers ${terms.travellers}` },
      ...(terms.services.includes('messaging') || terms.waiting !== undefined
        ? [{ label: 'waiting messages', value: WAITING_WORDS[terms.waiting ?? UNSAID_WAITING] }]
        : []),
      { label: 'disputed ground', value: disputed.join(', ') || 'all claimants' },
      ...exemptLines(document.exempt, terms.zone),
      { label: 'authority', value: terms.authority },
      { label: 'addressee', value: terms.addressee },
      { label: 'instrument', value: terms.instrument },
      ...paperLines(terms),
      ...Object.entries(terms.statement).map(([language, value]) => ({ label: 'statement', language, value })),
      ...Object.entries(terms.notice ?? {}).map(([language, value]) => ({ label: 'notice', language, value })),
      { label: 'appeal', value: terms.appeal },
      { label: 'proposed by', value: `${document.proposer} at ${document.proposedAt}` },
      { label: 'replaces', value: document.previous ?? 'nothing: it is the first' },
      ...(document.salt === undefined
        ? []
        : [{ label: 'kept back', value: `a stub of it is signed with it, for the public; salt ${document.salt}` }]),
      { label: 'installation', value: document.installation },
    ],
  };
}

/** Who is exempt stands behind commitments: how many until when. */
function exemptLines(exempt: Revision['exempt'], zone: string): Line[] {
  if (exempt.length === 0) return [{ label: 'exempt', value: 'no device' }];
  return exemptionEnds(exempt).map(({ until, devices }) => ({
    label: 'exempt',
    value: `${devices} ${devices === 1 ? 'device' : 'devices'} ${until === null ? 'as long as the order lasts' : `until ${times(until, zone)}`}`,
  }));
}

/** How many are exempt until when, the earliest end first, those without one last. */
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
    'work data on every device that it denies service is wiped, and what is held for them destroyed. It cannot be undone.';
  return [{ label: 'exit', value, grave: true }];
}

/** Of a change of what is on hold: whoever signs it stands behind the hold as well, which one person's word would have let lapse. */
function holdLines(document: Revision): Line[] {
  const lapses = document.act === 'hold' ? null : briefHoldEnds(document);
  if (lapses === null) return [];
  const at = times(new Date(lapses).toISOString(), document.terms.zone);
  const value = `lasts until it is released: it does not lapse, as it would by one person's word at ${at}.`;
  return [{ label: 'hold', value, grave: true }];
}

/** What has come with the instrument and how the order is made known; what is not said has no line, but for what would then be public. */
function paperLines(terms: OrderTerms): Line[] {
  const { receivedOn, answerBy, provenance, documents, answers, noticePlan, exportWindow, internal, zone } = terms;
  const said: [string, string | undefined][] = [
    ['received on', receivedOn],
    ['to be answered', answerBy && `by ${times(answerBy, zone)}`],
    ['provenance', provenance && PROVENANCE_WORDS[provenance]],
    ['answers', answers && `order ${answers}`],
    ...(documents ?? []).map(({ title, mediaType, bytes, sha256 }): [string, string] => [
      'document',
      `${title} (${mediaType}, ${bytes} bytes, SHA-256 ${sha256})`,
    ]),
    ['decision record', internal && `kept apart, SHA-256 with its salt ${internal}`],
    ['export window', exportWindow && `${exportWindow} after the effective time`],
    ['people are told', momentsWords(noticePlan)],
    ['publication', publicationWords(terms)],
  ];
  return said.flatMap(([label, value]) => (value === undefined ? [] : [{ label, value }]));
}

function momentsWords(plan: readonly NoticeMoment[] | undefined): string {
  if (plan === undefined) return 'at every moment that still lies ahead';
  return plan.length === 0 ? 'only when service is denied' : plan.map((moment) => MOMENT_WORDS[moment]).join(', ');
}

function publicationWords({ publication, zone }: OrderTerms): string {
  if (publication === undefined) return 'public';
  const kept = 'its number, services and areas alone are public';
  return 'until' in publication
    ? `delayed: ${kept} until ${times(publication.until, zone)}`
    : `withheld: ${kept}, by law: ${publication.law}`;
}

/**
 * `version`: the root that the approver named. `before`: the root that it replaces, as whoever calls has verified it to be by its digest; null when
 * there is none, or none that could be verified, and then every organisation key is new. Left out, nothing is compared.
 */
export function describeRoot(payload: string, version: number, before?: Approvers | null): Described<Approvers> {
  const document = parseDocument(approversSchema, encoder.encode(payload));
  if (document.version !== version) throw notAsked(`root ${document.version}`, `${version}`);
  return {
    document,
    title: `Root of approvers, version ${document.version}, installation ${document.installation}`,
    lines: [
      { label: `${document.threshold} different people`, value: 'adopt an order, out of:' },
      ...document.approvers.map(({ person, keyid, attestation }) => ({
        label: 'approver',
        person,
        value: `key ${keyid}${attestation === 'verified' ? ' (verified)' : ''}`,
      })),
      { label: 'identity', value: attestationWords(document) },
      ...document.onlineKeys.map(({ keyid }) => ({ label: 'the list is kept fresh by', value: `key ${keyid}` })),
      ...organisationLines(document, before),
      { label: 'replaces', value: document.previous ?? 'nothing: it is the first' },
    ],
  };
}

/** Who holds one of these keys decides who can read along, so a change of them must not pass among the rest. */
function organisationLines({ organisationKeys = [] }: Approvers, before?: Approvers | null): Line[] {
  const held = (before?.organisationKeys ?? []).map(({ keyid }) => keyid);
  const now = organisationKeys.map(({ keyid }) => keyid);
  const kept = now.map((keyid): Line => {
    const line = { label: 'members are confirmed by', value: `key ${keyid}` };
    if (before === undefined || held.includes(keyid)) return line;
    return { ...line, value: `${line.value}, which is new: ask whoever keeps it`, grave: true };
  });
  const gone = held
    .filter((keyid) => !now.includes(keyid))
    .map((keyid): Line => {
      const value = `key ${keyid}: whoever it alone has confirmed is a member no more`;
      return { label: 'members are no longer confirmed by', value, grave: true };
    });
  return [...kept, ...gone];
}

function notAsked(got: string, asked: string): CordonError {
  return new CordonError('document_malformed', `The server sent ${got} instead of ${asked}; do not sign it.`);
}

const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });

function named(area: string): string {
  const name = /^[A-Z]{2}$/.test(area) ? names.of(area) : partName(area);
  return name ? `${area} (${name})` : area;
}

/** In UTC, as signed, and as the clocks of the order's own zone show it. By `Intl`, since not every browser has `Temporal`. */
function times(instant: string, zone: string): string {
  try {
    const at = Date.parse(instant);
    const format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
    const name = format.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const offset = name === 'GMT' ? '+00:00' : name.replace('GMT', '');
    // An offset of another form makes an invalid date here, which throws below.
    const ahead = -Date.parse(`1970-01-01T00:00:00${offset}`);
    return `${instant} = ${new Date(at + ahead).toISOString().slice(0, 19)}${offset}[${zone}]`;
  } catch (cause) {
    const detail = `${instant} cannot be shown in the time zone ${JSON.stringify(zone)}: do not sign it.`;
    throw new CordonError('document_malformed', detail, {}, cause);
  }
}

/** Points that are spelt out; the exact text has all of them. */
const SPELT_POINTS = 200;

export function polygonWords({ title, version, rings, touches }: OrderPolygon): string {
  const degrees = (millionths: number) => String(millionths / 1_000_000);
  const points = rings.flatMap((ring) =>
    Array.from({ length: ring.length / 2 }, (_, i) => `${degrees(ring[2 * i]!)},${degrees(ring[2 * i + 1]!)}`),
  );
  const more = points.length > SPELT_POINTS ? ` and ${points.length - SPELT_POINTS} more` : '';
  const corners = `${points.slice(0, SPELT_POINTS).join(' ')}${more}`;
  return `${title}, version ${version}, in ${touches.join(', ')}; ${rings.length} outlines through ${corners} (longitude,latitude)`;
}
