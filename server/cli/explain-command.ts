/** `cordon explain`: shows a device's location and services at a given time, with the reasons in words. */
import type { Command } from 'commander';
import { type Explanation, explanationView } from '../../shared/api/explanation.ts';
import type { UsedDatabase } from '../../shared/api/ip-databases.ts';
import { CordonError } from '../../shared/errors.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { SERVICES } from '../../shared/verdict/terms.ts';
import {
  CERTAINTY_MEANING,
  HOME_BY_WORDS,
  ORDER_STATE_WORDS,
  REASON_SENTENCES,
  SOURCE_NAMES,
} from '../../shared/verdict/words.ts';
import { type Cli, commandOf } from './cli.ts';
import { when } from './output.ts';

export function addExplainCommand(program: Command, cli: Cli): void {
  commandOf(program, 'explain')
    .argument('<device>')
    .option('--at <time>', 'time such as 2026-01-31T12:00:00Z (RFC 3339). Default: now')
    .action(async (device: string, { at }: { at?: string }) => {
      const query = at === undefined ? '' : `?at=${instantOf(at)}`;
      const path = `/devices/${encodeURIComponent(device)}/explanation${query}`;
      const explanation = await cli.client().call(explanationView, 'GET', path);
      cli.out().show(explanation, explanationLines(explanation));
    });
}

/** Parses a time. The text must contain a time zone, because otherwise the result would depend on the machine. */
function instantOf(text: string): number {
  const at = /T.*(Z|[+-]\d\d:\d\d)$/i.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  const detail = `${text} is not a complete time. Give date, time and zone, such as 2026-01-31T12:00:00Z.`;
  throw new CordonError('invalid_input', detail, { field: 'at' });
}

export function explanationLines(explanation: Explanation): string[] {
  const { status, group, home, homeBy, seat } = explanation;
  return [
    `${explanation.device} at ${when(explanation.at)}${status === 'active' ? '' : `: the device was ${status} and had no services, independent of orders`}`,
    `  group ${plain(group.name)}; home ${home ?? 'not set'}${homeBy === null ? '' : ` (${HOME_BY_WORDS[homeBy]})`}; seat ${seat ?? 'not set'}; enrollment ${explanation.generation}`,
    ...locationLines(explanation),
    'Services',
    ...serviceLines(explanation),
    explanation.orders.length === 0 ? 'No order concerned the device.' : 'Orders',
    ...explanation.orders.flatMap((order) => orderLines(order, explanation.at)),
    explanation.nextChange === null
      ? 'No scheduled change was ahead.'
      : `Next possible scheduled change: ${when(explanation.nextChange)}.`,
  ];
}

function locationLines({ location, sources, observations, evidenceFrom }: Explanation): string[] {
  const { areas, certainty, source, disagree } = location;
  const later = observations.filter(({ at, receivedAt }) => receivedAt - at > 60_000).length;
  return [
    'Location',
    `  ${areas.length === 0 ? 'unknown' : `${areas.join(' or ')} (${certainty})`}: ${CERTAINTY_MEANING[certainty]}`,
    ...sources.map((one) => {
      const part = !one.fresh
        ? 'no longer valid'
        : one.source === source
          ? 'decided'
          : disagree.includes(one.source)
            ? 'disagreed'
            : 'agreed';
      const end = one.until === null ? 'while connected' : `until ${when(one.until)}`;
      const by = one.database === null ? '' : `, located ${locatedBy(one.database)}`;
      const detail = one.detail === '' ? '' : ` (${plain(one.detail)}${by})`;
      return `  ${SOURCE_NAMES[one.source]}: ${one.areas.join(' or ')}${detail}, since ${when(one.since)}, last ${when(one.at)}, valid ${end}; ${part}.`;
    }),
    ...(sources.length === 0 ? ['  No evidence.'] : []),
    ...(later === 0 ? [] : [`  ${later} of the newest observations reached the server more than a minute late.`]),
    ...(evidenceFrom === null
      ? []
      : [
          `  The server has evidence from ${when(evidenceFrom)} on. The device may have arrived at this location earlier.`,
        ]),
  ];
}

/** Shows only the start of the IP database's hash. `cordon ip-database list` shows the complete hash. */
const locatedBy = ({ name, builtAt, hash }: UsedDatabase): string =>
  `by ${plain(name)} of ${when(builtAt).slice(0, 10)}, SHA-256 ${hash.slice(0, 12)}…`;

function serviceLines({ services }: Explanation): string[] {
  return SERVICES.map((service) => {
    const { allowed, denials, reasons } = services[service];
    const sentences = (all: typeof reasons) => all.map((reason) => REASON_SENTENCES[reason]).join(' ');
    const why = allowed
      ? sentences(reasons)
      : denials.map((denial) => `by order ${denial.order}.${denial.revision}: ${sentences(denial.reasons)}`).join(' ');
    return `  ${service.padEnd(12)} ${allowed ? 'allowed' : 'denied'}  ${why}`;
  });
}

function orderLines(order: Explanation['orders'][number], at: number): string[] {
  const { arrival, exemptUntil, until } = order;
  return [
    `  ${order.order}.${order.revision} ${plain(order.title)}: ${ORDER_STATE_WORDS[order.state]}, ${order.denies ? 'suspends services' : 'suspends nothing'}`,
    `    adopted ${when(order.adoptedAt)}, from ${when(order.effective)}${until === null ? '' : ` until ${when(until)}`}, services ${order.services.join(', ')}`,
    `    ${order.reasons.map((reason) => REASON_SENTENCES[reason]).join(' ')}`,
    ...(arrival === null ? [] : [`    The device had been in the area since ${when(arrival)}.`]),
    ...(exemptUntil === null
      ? []
      : [`    The device's exemption ${exemptUntil <= at ? 'ended' : 'ends'} on ${when(exemptUntil)}.`]),
    ...order.receipts.map(
      ({ kind, service, revision, at: signed }) =>
        `    The device signed at ${signed}: ${kind}${service ? ` ${plain(service)}` : ''} (${revision}).`,
    ),
  ];
}
