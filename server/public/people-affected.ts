/** Public description of the people whom an order affects, from the signed terms of the order only. The functions are pure. */
import { html, type Markup } from '../../shared/html.ts';
import { exemptionEnds } from '../../shared/order/describe-revision.ts';
import type { OrderTerms, Revision } from '../../shared/order/documents.ts';
import { exportsUntil } from '../../shared/order/exit.ts';
import { areaWords, time } from '../../shared/order/order-html.ts';
import type { Nexus } from '../../shared/verdict/terms.ts';

/** Clauses that complete the sentence "A device is affected if …". */
const CONNECTIONS: Readonly<Record<Nexus, string>> = {
  present: 'it is in one of the areas',
  network: 'it uses a mobile network of one of the areas',
  home: 'its home area is in one of the areas',
  seat: 'it belongs to a part of the organization that has its legal seat in one of the areas',
};

/** Duration in words: "3 days, 12 hours" from `P3DT12H`. */
export const durationWords = (duration: string): string =>
  Temporal.Duration.from(duration).toLocaleString('en', { style: 'long' });

const isZero = (duration: string): boolean => Temporal.Duration.from(duration).sign === 0;

const sentence = (text: string): Markup => html`<li>${text}</li>
`;

/** Sentences about the affected people. `exempt`: exempt devices of the newest revision, as commitments (digests) that name no device. */
export function peopleAffected(terms: OrderTerms, exempt: Revision['exempt']): Markup {
  const { areas, nexus, disputed, zone } = terms;
  const named = areas.map((area) => areaWords(area, terms)).join(', ');
  const connections = nexus.map((each) => CONNECTIONS[each]).join(', or if ');
  return html`<ul>
<li>A device is affected if ${connections}. The areas: <bdi>${named}</bdi>.</li>
${[...visitors(terms), ...travelers(terms), ...locations(terms)].map(sentence)}${Object.entries(disputed).map(
  ([feature, area]) => sentence(`Disputed territory: for this order, ${feature} belongs to ${areaWords(area, terms)}.`),
)}${exemptions(exempt, zone)}</ul>
`;
}

const byLocation = ({ nexus }: OrderTerms): boolean => nexus.includes('present') || nexus.includes('network');

/**
 * Sentences about the grace period of visitors (devices whose home area is elsewhere). Only an order that applies by location alone gets a
 * sentence. If an order also applies by legal seat, for example, a visitor with a legal seat in the areas has no grace period.
 */
function visitors(terms: OrderTerms): string[] {
  if (!byLocation(terms) || terms.nexus.includes('home') || terms.nexus.includes('seat')) return [];
  if (isZero(terms.visitors)) return ['Visitors: there is no grace period. A visitor’s device is affected on arrival.'];
  return [
    `Visitors: a device whose user’s home is elsewhere is not affected for ${durationWords(terms.visitors)} after its arrival.`,
  ];
}

function travelers({ nexus, travelers }: OrderTerms): string[] {
  if (!nexus.includes('home')) return [];
  return travelers === 'allow'
    ? ['Travelers: a device whose home area is in one of the areas is not affected while it is elsewhere.']
    : ['Travelers: a device whose home area is in one of the areas is affected wherever it is.'];
}

function locations(terms: OrderTerms): string[] {
  if (!byLocation(terms)) return [];
  const affected = (rule: 'allow' | 'deny') => (rule === 'deny' ? 'affected' : 'not affected');
  return [
    `A device whose location is unknown is ${affected(terms.unknown)}. A device for which the evidence of location disagrees is ${affected(terms.contested)}.`,
  ];
}

function exemptions(exempt: Revision['exempt'], zone: string): Markup {
  if (exempt.length === 0) return sentence('No device is exempt.');
  const ends = exemptionEnds(exempt).map(({ until, devices }) => {
    const count = devices === 1 ? '1 device is' : `${devices} devices are`;
    return until === null
      ? html`<li>${count} exempt for as long as the order lasts. The order does not say which.</li>
`
      : html`<li>${count} exempt until ${time(until, zone)}. The order does not say which.</li>
`;
  });
  return html`${ends}`;
}

/** Returns a text that says whether an order deletes work data on devices. `approved`: true if two people have approved this deletion. */
export function exitWords(terms: OrderTerms, approved: boolean): Markup {
  const { mode, exportWindow, zone } = terms;
  if (mode !== 'exit')
    return html`No. The order suspends services. It deletes no data, and service resumes when it ends.`;
  const until = exportsUntil(terms);
  const ends = html`Yes. Service ends for good.`;
  if (until === null || exportWindow === undefined) {
    return html`${ends} The order states no period for exports, so no work data may be deleted.`;
  }
  const window = html`People can export their data for ${durationWords(exportWindow)} after the effective time, until
${time(new Date(until).toISOString(), zone)}.`;
  return approved
    ? html`${ends} ${window} Two people have approved the deletion of work data on affected devices. It cannot be undone.`
    : html`${ends} ${window} After that, two people may approve the deletion of work data on affected devices.`;
}
