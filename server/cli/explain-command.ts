/** `cordon explain`: where a device was at an instant, what it might do then, and why, in words. */
import type { Command } from 'commander';
import { type Explanation, explanationView } from '../../shared/api/explanation.ts';
import type { UsedDatabase } from '../../shared/api/ip-databases.ts';
import { CordonError } from '../../shared/errors.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { SERVICES } from '../../shared/verdict/terms.ts';
import {
  CERTAINTY_MEANING,
  HOME_BY_WORDS,
  ORDER_STANDING_WORDS,
  REASON_SENTENCES,
  SOURCE_NAMES,
} from '../../shared/verdict/words.ts';
import type { Cli } from './cli.ts';
import { when } from './output.ts';

export function addExplainCommand(program: Command, cli: Cli): void {
  program
    .command('explain')
    .description('where a device was at an instant, what it might do then, and why')
    .argument('<device>')
    .option('--at <time>', 'RFC 3339, such as 2026-01-31T12:00:00Z or with +05:00; left out: now')
    .action(async (device: string, { at }: { at?: string }) => {
      const query = at === undefined ? '' : `?at=${instantOf(at)}`;
      const path = `/devices/${encodeURIComponent(device)}/explanation${query}`;
      const told = await cli.client().call(explanationView, 'GET', path);
      cli.out().show(told, explanationLines(told));
    });
}

/** A time without a zone would mean another instant on every machine. */
function instantOf(text: string): number {
  const at = /T.*(Z|[+-]\d\d:\d\d)$/i.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  const detail = `${text} names no instant: write day, time and zone, such as 2026-01-31T12:00:00Z.`;
  throw new CordonError('invalid_input', detail, { field: 'at' });
}

export function explanationLines(told: Explanation): string[] {
  const { status, group, home, homeBy, seat } = told;
  return [
    `${told.device} at ${when(told.at)}${status === 'active' ? '' : `: it was ${status} and had no service, whatever the orders said`}`,
    `  group ${plain(group.name)}; home ${home ?? 'not set'}${homeBy === null ? '' : ` (${HOME_BY_WORDS[homeBy]})`}; seat ${seat ?? 'not set'}; enrolment ${told.generation}`,
    ...placeLines(told),
    'Services',
    ...serviceLines(told),
    told.orders.length === 0 ? 'No order had anything to do with it.' : 'Orders',
    ...told.orders.flatMap((order) => orderLines(order, told.at)),
    told.nextChange === null
      ? 'Nothing of this would have changed by itself.'
      : `By itself this could next change at ${when(told.nextChange)}.`,
  ];
}

function placeLines({ location, sources, observations, evidenceFrom }: Explanation): string[] {
  const { areas, certainty, source, disagree } = location;
  const later = observations.filter(({ at, receivedAt }) => receivedAt - at > 60_000).length;
  return [
    'Place',
    `  ${areas.length === 0 ? 'not known' : `${areas.join(' or ')} (${certainty})`}: ${CERTAINTY_MEANING[certainty]}`,
    ...sources.map((one) => {
      const part = !one.fresh
        ? 'no longer counted'
        : one.source === source
          ? 'decided'
          : disagree.includes(one.source)
            ? 'disagreed'
            : 'agreed';
      const end = one.until === null ? 'while connected' : `until ${when(one.until)}`;
      const by = one.database === null ? '' : `, located ${locatedBy(one.database)}`;
      const detail = one.detail === '' ? '' : ` (${plain(one.detail)}${by})`;
      return `  ${SOURCE_NAMES[one.source]}: ${one.areas.join(' or ')}${detail}, since ${when(one.since)}, last ${when(one.at)}, counts ${end}; ${part}.`;
    }),
    ...(sources.length === 0 ? ['  Nothing had been observed.'] : []),
    ...(later === 0 ? [] : [`  ${later} of the newest observations reached the server later than they were made.`]),
    ...(evidenceFrom === null
      ? []
      : [`  Evidence is kept from ${when(evidenceFrom)} on: an arrival may have been earlier.`]),
  ];
}

/** The start of a hash tells a few files apart; `cordon ip-database list` has all of it. */
const locatedBy = ({ name, builtAt, hash }: UsedDatabase): string =>
  `by ${plain(name)} of ${when(builtAt).slice(0, 10)}, SHA-256 ${hash.slice(0, 12)}…`;

function serviceLines({ services }: Explanation): string[] {
  return SERVICES.map((service) => {
    const { allowed, denials, reasons } = services[service];
    const sentences = (all: typeof reasons) => all.map((reason) => REASON_SENTENCES[reason]).join(' ');
    const why = allowed
      ? sentences(reasons)
      : denials.map((denial) => `by order ${denial.order}.${denial.revision}: ${sentences(denial.reasons)}`).join(' ');
    return `  ${service.padEnd(10)} ${allowed ? 'allowed' : 'denied'}  ${why}`;
  });
}

function orderLines(order: Explanation['orders'][number], at: number): string[] {
  const { arrival, exemptUntil, until } = order;
  return [
    `  ${order.order}.${order.revision} ${plain(order.title)}: ${ORDER_STANDING_WORDS[order.standing]}, ${order.denies ? 'denies' : 'denies nothing'}`,
    `    adopted ${when(order.adoptedAt)}, from ${when(order.effective)}${until === null ? '' : ` until ${when(until)}`}, about ${order.services.join(', ')}`,
    `    ${order.reasons.map((reason) => REASON_SENTENCES[reason]).join(' ')}`,
    ...(arrival === null ? [] : [`    It had been there since ${when(arrival)}.`]),
    ...(exemptUntil === null
      ? []
      : [`    Its exemption ${exemptUntil <= at ? 'ran out' : 'ends'} ${when(exemptUntil)}.`]),
    ...order.receipts.map(
      ({ kind, service, revision, at: signed }) =>
        `    The device signed at ${signed}: ${kind}${service ? ` ${plain(service)}` : ''} (${revision}).`,
    ),
  ];
}
