/** What a person reads: lines for `cordon-agent` to print. Whatever came over the wire goes through `plain`. */

import { areaName } from '../shared/areas/area-words.ts';
import '../shared/areas/named-parts.ts';
import {
  areasIn,
  dateTimeIn,
  type NoticeWords,
  noticeWordsIn,
  reasonsIn,
  servicesIn,
} from '../shared/order/notice-words/notice-words.ts';
import { spokenTo } from '../shared/order/spoken-to.ts';
import { plain } from '../shared/text/visible-text.ts';
import type { WaitingRule } from '../shared/verdict/terms.ts';
import type { AgentStatus } from './agent.ts';
import type { DenialView, GateView } from './enforcement/gate-view.ts';
import type { Notice } from './enforcement/notices.ts';
import { messagingLine } from './message-view.ts';
import type { ShownMessage } from './store/agent-store.ts';

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
    ...(status.claimedTime === null
      ? []
      : [
          `             The server says ${when(status.claimedTime)}, which is implausible. This device keeps its own time.`,
          '             Tell your admin.',
        ]),
    `certificate  until ${when(status.certificateExpires)}`,
    `documents    list ${status.list}${goodUntil(status)}, record ${status.record}, root ${status.root}`,
    `location     ${areas.length > 0 ? `${areas.map(areaName).join(' or ')} (${certainty})` : 'unknown'}`,
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
  rejected: [
    'The agent tries again by itself and keeps this device’s data and identity.',
    'If this lasts, tell your admin: the server may run with the wrong database.',
  ],
  revoked: [
    'This identity has ended. Ask your admin for a new link, stop this agent, and run',
    'cordon-agent enrol --replace, and paste the link',
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

/** `languages`: the reader's, best first. `zone`: theirs. */
export function noticeLines(notices: readonly Notice[], languages: readonly string[], zone: string): string[] {
  const words = noticeWordsIn(languages);
  if (notices.length === 0) return [plain(words.none)];
  const date = (instant: number) => dateTimeIn(words, instant, zone);
  const fact = (label: string, value: string) => `  ${plain(label)}: ${plain(value)}`;
  return notices.flatMap((notice) => [
    `${notice.order}.${notice.revision}  ${plain(notice.title)}`,
    ...(notice.status === 'active' ? [] : [`  ${plain(words[notice.status])}`]),
    ...(notice.status === 'active' && notice.reasons.length === 0 ? [`  ${plain(words.notHere)}`] : []),
    fact(words.services, servicesIn(words, notice.services)),
    fact(words.where, areasIn(words, notice.areas)),
    ...(notice.reasons.length > 0 ? [fact(words.why, reasonsIn(words, notice.reasons, notice.areas))] : []),
    fact(words.from, date(notice.effective)),
    fact(words.until, notice.until === null ? words.open : date(notice.until)),
    ...spokenLines(notice, languages),
    ...(notice.exit === null ? [] : [fact(words.exit.label, exitOf(notice.exit, words, date))]),
    fact(words.appeal, notice.appeal),
    ...notice.told.slice(-1).map(({ moment, at, late }) => fact(late ? words.toldLate : words.told[moment], date(at))),
  ]);
}

function exitOf(
  { wiped, approved, exportsUntil }: NonNullable<Notice['exit']>,
  words: NoticeWords,
  date: (instant: number) => string,
): string {
  if (wiped !== null) return words.exit.wiped(date(wiped));
  const what = approved ? words.exit.approved : words.exit.coming(date(exportsUntil));
  return `${what} (cordon-agent export)`;
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
