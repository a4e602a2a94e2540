/** What a person reads: lines for `cordon-agent` to print. Whatever came over the wire goes through `plain`. */

import type { NoticeMoment } from '../shared/order/documents.ts';
import { spokenTo } from '../shared/order/spoken-to.ts';
import type { WaitingRule } from '../shared/verdict/terms.ts';
import type { AgentStatus } from './agent.ts';
import type { DenialView, GateView } from './enforcement/gate-view.ts';
import type { Notice } from './enforcement/notices.ts';
import { messagingLine } from './message-view.ts';
import type { ShownMessage } from './store/agent-store.ts';
import { plain } from './terminal-text.ts';

const when = (instant: number): string => new Date(instant).toISOString().replace(/:\d\d\.\d{3}Z$/, 'Z');

export function statusLines(status: AgentStatus, running: boolean): string[] {
  const { areas, certainty } = status.location;
  return [
    `device       ${status.device} (generation ${status.generation})`,
    `agent        ${running ? 'running' : 'not running: start it with `cordon-agent run`'}`,
    ...(running
      ? [
          `connection   ${status.connection}${status.connectionDetail ? `: ${plain(status.connectionDetail)}` : ''}`,
          ...ADVICE[status.connection].map((advice) => `             ${advice}`),
        ]
      : []),
    `time         ${when(status.now)} (${status.authenticatedTime ? 'the server’s' : 'counted on from the server’s last'})`,
    `certificate  until ${when(status.certificateExpires)}`,
    `documents    list ${status.list}${goodUntil(status)}, record ${status.record}, root ${status.root}`,
    `location     ${areas.length > 0 ? `${areas.join(' or ')} (${certainty})` : 'unknown'}`,
    ...status.sources.map(
      ({ name, state, detail }, index) =>
        `${index === 0 ? 'sensors      ' : '             '}${name}: ${SOURCE_WORDS[state]}${detail === '' ? '' : ` (${plain(detail)})`}`,
    ),
    `workspace    ${status.workspace}`,
    `messages     ${messagingLine(status.messaging)}`,
    `unsent       ${status.unsent} ${status.unsent === 1 ? 'report' : 'reports'}`,
    ...(status.nextChange === null ? [] : [`next change  ${when(status.nextChange)}`]),
    ...gatesLines(status.gates.filter(({ service }) => service !== 'enrolment')),
  ];
}

function goodUntil({ listExpires, now, connection }: AgentStatus): string {
  if (listExpires === null) return '';
  if (now < listExpires) return ` (good until ${when(listExpires)})`;
  const advice = connection === 'connected' ? ': orders may have begun or ended since; tell your admin' : '';
  return ` (expired ${when(listExpires)}, and no newer one has come${advice})`;
}

const SOURCE_WORDS = {
  working: 'works',
  idle: 'has nothing to say',
  absent: 'not there',
  refused: 'refuses',
  failed: 'fails',
} as const;

/** What whoever reads a connection's state can do about it. */
const ADVICE: Record<AgentStatus['connection'], readonly string[]> = {
  stopped: [],
  connecting: [],
  connected: [],
  waiting: ['it tries again by itself'],
  refused: ['nothing to do here: it asks for the newest orders by itself, and connects when none stands against it'],
  revoked: [
    'this identity is over: ask your admin for a new link, stop this agent, and run',
    'cordon-agent enrol LINK --replace',
  ],
};

/** An order's own words once, however many services it suspends. */
function gatesLines(gates: readonly GateView[]): string[] {
  const said = new Set<string>();
  return gates.flatMap(({ service, open, reasons, denials, since }) => {
    const exempt = open && reasons.some((reason) => reason !== 'no_order') ? ` (${reasons.join(', ')})` : '';
    const waiting = !open && denials.length === 0 ? ': waits for the order list and this device’s record' : '';
    return [
      `${service.padEnd(12)} ${open ? 'open' : 'suspended'}${exempt}${waiting}, since ${when(since)}`,
      ...denials.flatMap((denial) => {
        const [by, ...words] = denialLines(denial);
        const again = said.has(denial.order);
        said.add(denial.order);
        return again ? [by ?? ''] : [by ?? '', ...words];
      }),
      ...(service === 'messaging' ? denials.map(waitingLine) : []),
    ];
  });
}

const WAITING_WORDS: Record<WaitingRule, string> = {
  hold: 'is held at the server and comes when it ends',
  deliver: 'still comes if it was written before, and else is held until it ends',
  return: 'goes back to them',
};
const waitingLine = ({ order, waiting }: DenialView): string =>
  `             what others write to you ${WAITING_WORDS[waiting]} (order ${order})`;

function denialLines({ order, revision, title, reasons, until, appeal, statement }: DenialView): string[] {
  return [
    `             by order ${order}.${revision}, ${plain(title)}, because ${reasons.join(', ')}; ${until === null ? 'no end is set' : `until ${when(until)}`}`,
    ...Object.entries(statement).map(([language, text]) => `             [${plain(language)}] ${plain(text)}`),
    `             appeal to: ${plain(appeal)}`,
  ];
}

const STATUS: Record<Notice['status'], string> = { active: '', held: ' (held)', withdrawn: ' (withdrawn)' };
const MOMENTS: Record<NoticeMoment, string> = {
  P30D: '30 days before',
  P7D: '7 days before',
  P1D: '1 day before',
  PT1H: '1 hour before',
  entry: 'as it entered into force',
  withdrawal: 'as it was withdrawn',
};

/** `languages`: the reader's, best first. */
export function noticeLines(notices: readonly Notice[], languages: readonly string[]): string[] {
  if (notices.length === 0) return ['No order is noticed or in force.'];
  return notices.flatMap((notice) => [
    `${notice.order}.${notice.revision}  ${plain(notice.title)}${STATUS[notice.status]}`,
    `  ${notice.services.join(', ')} in ${notice.areas.join(', ')}, from ${when(notice.effective)}${notice.until === null ? '' : ` until ${when(notice.until)}`}`,
    ...spokenLines(notice, languages),
    ...exitLines(notice),
    `  appeal to: ${plain(notice.appeal)}`,
    ...notice.told.slice(-1).map(({ moment, at }) => `  told ${MOMENTS[moment]}: ${when(at)}`),
  ]);
}

function exitLines({ exit }: Notice): string[] {
  if (exit === null) return [];
  if (exit.wiped !== null) return [`  your work data on this device was wiped by it: ${when(exit.wiped)}`];
  const then = `save a copy of what you need by ${when(exit.exportsUntil)} (cordon-agent export)`;
  return exit.approved
    ? ['  two people have approved that work data where it denies service is wiped, for good: save a copy now']
    : [`  it ends service for good: ${then}; afterwards a wipe can be approved`];
}

function spokenLines({ statement }: Notice, languages: readonly string[]): string[] {
  const spoken = spokenTo(languages, statement);
  if (!spoken) return [];
  const others = Object.keys(statement).filter((tag) => tag !== spoken.tag);
  return [
    `  [${plain(spoken.tag)}] ${plain(spoken.text)}`,
    ...(others.length > 0 ? [`  also in: ${plain(others.join(', '))} (LANGUAGE=…, or --json)`] : []),
  ];
}

export const messageLines = (messages: readonly ShownMessage[]): string[] =>
  messages.length === 0
    ? ['No messages.']
    : messages.map(({ at, text, shown }) => `${shown ? ' ' : '*'} ${when(at)}  ${plain(text)}`);
