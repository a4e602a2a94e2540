/** Output of `cordon-agent status`, `orders` and `messages`. `plain` removes control characters from received text. */

import { areaName } from '../shared/areas/area-words.ts';
import type { AdminMessage } from './admin-messages/admin-messages.ts';
import '../shared/areas/register-part-names.ts';
import { localizedText } from '../shared/order/localized-text.ts';
import {
  areasIn,
  authorityIn,
  dateTimeIn,
  noticeWordsIn,
  reasonsIn,
  servicesIn,
} from '../shared/order/notice-words/languages.ts';
import type { NoticeWords } from '../shared/order/notice-words/notice-words.ts';
import { plain } from '../shared/text/visible-text.ts';
import type { Reason, WaitingRule } from '../shared/verdict/terms.ts';
import type { AgentStatus } from './agent.ts';
import type { DenialView, GateView } from './enforcement/gate-view.ts';
import type { Notice } from './enforcement/notice-view.ts';
import { mailLine } from './mail-view.ts';
import { messagingLine } from './message-view.ts';
import { policyLine } from './policy/policy-lines.ts';

const ENGLISH = noticeWordsIn(['en']);

const when = (instant: number): string => new Date(instant).toISOString().replace(/:\d\d\.\d{3}Z$/, 'Z');

export function statusLines(status: AgentStatus, running: boolean): string[] {
  const { areas, certainty } = status.location;
  return [
    `device       ${status.device} (generation ${status.generation})${status.displayName === null ? '' : `, ${plain(status.displayName)}`}`,
    `agent        ${running ? 'running' : 'not running; start it with `cordon-agent run`'}`,
    ...(running
      ? [
          `connection   ${status.connection}${status.connectionDetail ? `: ${plain(status.connectionDetail)}` : ''}`,
          ...ADVICE[status.connection].map((advice) => `             ${advice}`),
        ]
      : []),
    `time         ${when(status.now)} (${status.authenticatedTime ? 'from the server' : 'counted since the last time that the server sent'})`,
    ...(status.claimedTime === null
      ? []
      : [
          `             The server’s time is ${when(status.claimedTime)}, which is implausible. This device keeps its own time.`,
          '             Tell your admin.',
        ]),
    `certificate  valid until ${when(status.certificateExpires)}`,
    `documents    order list ${status.list}${goodUntil(status)}, device record ${status.record}, approver set ${status.approverSet}`,
    `location     ${areas.length > 0 ? `${areas.map(areaName).join(' or ')} (${certainty})` : 'unknown'}`,
    ...status.sources.map(
      ({ name, state, detail }, index) =>
        `${index === 0 ? 'sensors      ' : '             '}${name}: ${SOURCE_WORDS[state]}${detail === '' ? '' : ` (${plain(detail)})`}`,
    ),
    ...workspaceLines(status.workspace),
    `messages     ${messagingLine(status.messaging)}`,
    `mail         ${mailLine(status.mail)}`,
    `policy       ${policyLine(status.policy)}`,
    ...(status.lostMode === null
      ? []
      : [
          `lost mode    on since ${when(status.lostMode.startedAt)}: your organization receives the position. See \`cordon-agent lost-mode\``,
        ]),
    `unsent       ${status.unsent} ${status.unsent === 1 ? 'report' : 'reports'}`,
    ...diskLines(status.disk),
    ...(status.nextChange === null ? [] : [`next change  ${when(status.nextChange)}`]),
    ...gatesLines(status.gates.filter(({ service }) => service !== 'enrollment')),
  ];
}

function workspaceLines(workspace: AgentStatus['workspace']): string[] {
  if (workspace !== 'passcode') return [`workspace    ${workspace}`];
  return [
    'workspace    waiting for your passcode',
    '             Enter it in the device page (`cordon-agent open`) or with `cordon-agent passcode enter`.',
  ];
}

function diskLines(disk: AgentStatus['disk']): string[] {
  if (disk === null || disk.state === 'ok') return [];
  const [reserved, size, free] = [disk.reserved, disk.size, disk.free].map(mebibytes);
  const orders =
    disk.reserved > 0 ? 'The agent still stores and enforces new orders' : 'The agent cannot store new orders';
  const rest =
    disk.state === 'full'
      ? 'Messages, commands and position reports wait.'
      : 'The reserved space may be too small for the largest orders.';
  return [
    `disk         ${disk.state}: ${free} MiB free. ${orders}: ${reserved} of ${size} MiB are reserved for orders.`,
    `             ${rest} Free some space on the disk that contains the agent’s folder.`,
  ];
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

function goodUntil({ listExpires, now, connection }: AgentStatus): string {
  if (listExpires === null) return '';
  if (now < listExpires) return ` (valid until ${when(listExpires)})`;
  const advice = connection === 'connected' ? '; orders may have changed; tell your admin' : '';
  return ` (expired ${when(listExpires)}, no newer list has arrived${advice})`;
}

const SOURCE_WORDS = {
  working: 'working',
  idle: 'no data',
  absent: 'not available',
  refused: 'access refused',
  failed: 'failed',
} as const;

const ADVICE: Record<AgentStatus['connection'], readonly string[]> = {
  stopped: [],
  connecting: [],
  connected: [],
  waiting: ['The agent tries again by itself.'],
  refused: ['No action is necessary. The agent connects again when no order suspends management.'],
  rejected: [
    'The agent tries again by itself and keeps this device’s data and identity.',
    'If this lasts, tell your admin: the server may run with the wrong database.',
  ],
  unrestored: [
    'Tell your admin. The agent tries again by itself and keeps this device’s data and identity.',
    'Enroll the device again only if your admin asks you to.',
  ],
  revoked: [
    'The server has revoked this device’s certificate. Ask your admin for an activation link, stop this agent,',
    'run cordon-agent enroll --replace, and paste the link.',
  ],
};

function gatesLines(gates: readonly GateView[]): string[] {
  const shown = new Set<string>();
  return gates.flatMap(({ service, open, reasons, denials, since, restricted }) => {
    const missing =
      restricted === undefined
        ? ': waiting for the order list and this device’s record'
        : ': this device does not meet a policy, see `cordon-agent policy`';
    const waiting = !open && denials.length === 0 ? missing : '';
    return [
      `${service.padEnd(12)} ${open ? 'open' : 'suspended'}${waiting}, since ${when(since)}`,
      ...(open && reasons.some((reason) => reason !== 'no_order') ? [reasonsLine(reasons, 'allowed')] : []),
      ...denials.flatMap((denial) => {
        const isRepeated = shown.has(denial.order);
        shown.add(denial.order);
        return [...denialLines(denial), ...(isRepeated ? [] : textLines(denial))];
      }),
      ...(service === 'messaging' || service === 'mail' ? denials.map((denial) => waitingLine(service, denial)) : []),
    ];
  });
}

const WAITING_WORDS: Record<WaitingRule, string> = {
  hold: 'wait on the server and arrive when the order ends',
  deliver: 'arrive if they were sent before the order; later messages wait until the order ends',
  return: 'are returned to the senders',
};
const waitingLine = (service: 'messaging' | 'mail', { order, waiting }: DenialView): string =>
  `             ${service === 'mail' ? 'mails' : 'messages'} to you ${WAITING_WORDS[waiting]} (order ${order})`;

const reasonsLine = (reasons: readonly Reason[], decision: 'denied' | 'allowed'): string =>
  `             ${reasonsIn(ENGLISH, reasons, null, decision)}`;

function denialLines({ order, revision, title, reasons, until }: DenialView): string[] {
  return [
    `             by order ${order}.${revision}, ${plain(title)}; ${until === null ? 'no end time' : `until ${when(until)}`}`,
    reasonsLine(reasons, 'denied'),
  ];
}

function textLines({ appeal, statement, authoritative }: DenialView): string[] {
  return [
    ...Object.entries(statement).map(([language, text]) => `             [${plain(language)}] ${plain(text)}`),
    ...(authoritative === null ? [] : [`             authoritative text: ${plain(authoritative)}`]),
    `             appeal to: ${plain(appeal)}`,
  ];
}

/** Notices as lines for the user. `languages`: the user's languages, most preferred first. `zone`: the user's time zone. */
export function noticeLines(notices: readonly Notice[], languages: readonly string[], zone: string): string[] {
  const words = noticeWordsIn(languages);
  if (notices.length === 0) return [plain(words.none)];
  const date = (instant: number) => dateTimeIn(words, instant, zone);
  const fact = (label: string, value: string) => `  ${plain(label)}: ${plain(value)}`;
  return notices.flatMap((notice) => [
    `${notice.order}.${notice.revision}  ${plain(notice.title)}`,
    ...(notice.status === 'active' ? [] : [`  ${plain(words[notice.status])}`]),
    ...(notice.status === 'active' && notice.reasons.length === 0 ? [`  ${plain(words.noBlockedService)}`] : []),
    fact(words.services, servicesIn(words, notice.services)),
    fact(words.where, areasIn(words, notice.areas)),
    ...(notice.reasons.length > 0 ? [fact(words.why, reasonsIn(words, notice.reasons, notice.areas, 'denied'))] : []),
    fact(words.from, date(notice.effective)),
    fact(words.until, notice.until === null ? words.open : date(notice.until)),
    ...statementLines(notice, languages),
    ...(notice.exit === null ? [] : [fact(words.exit.label, exitOf(notice.exit, words, date))]),
    fact(words.appeal, notice.appeal),
    ...notice.deliveries
      .slice(-1)
      .map(({ moment, at, late }) => fact(late ? words.displayedLate : words.displayedAt[moment], date(at))),
  ]);
}

function exitOf(
  { wiped, approved, exportsUntil }: NonNullable<Notice['exit']>,
  words: NoticeWords,
  date: (instant: number) => string,
): string {
  if (wiped !== null) return words.exit.wiped(date(wiped));
  const what = approved ? words.exit.approved : words.exit.exportBy(date(exportsUntil));
  return `${what} (cordon-agent export)`;
}

function statementLines({ statement, authoritative }: Notice, languages: readonly string[]): string[] {
  const text = localizedText(languages, statement);
  if (!text) return [];
  const others = Object.keys(statement).filter((tag) => tag !== text.tag);
  const authority = authorityIn(text.tag, authoritative, languages);
  return [
    `  [${plain(text.tag)}] ${plain(text.text)}`,
    ...(authority === null ? [] : [`  ${plain(authority.text)}`]),
    ...(others.length > 0 ? [`  also in: ${plain(others.join(', '))} (LANGUAGE=…, or --json)`] : []),
  ];
}

export const messageLines = (messages: readonly AdminMessage[]): string[] =>
  messages.length === 0
    ? ['No messages.']
    : messages.map(({ at, text, displayed }) => `${displayed ? ' ' : '*'} ${when(at)}  ${plain(text)}`);
