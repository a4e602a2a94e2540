/** What a person reads: lines for `cordon-agent` to print. Whatever came over the wire goes through `plain`. */
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
    `documents    list ${status.list}${status.listExpires === null ? '' : ` (good until ${when(status.listExpires)})`}, record ${status.record}, root ${status.root}`,
    `location     ${areas.length > 0 ? `${areas.join(' or ')} (${certainty})` : 'unknown'}`,
    `workspace    ${status.workspace}`,
    `messages     ${messagingLine(status.messaging)}`,
    `unsent       ${status.unsent} ${status.unsent === 1 ? 'report' : 'reports'}`,
    ...(status.nextChange === null ? [] : [`next change  ${when(status.nextChange)}`]),
    ...gatesLines(status.gates.filter(({ service }) => service !== 'enrolment')),
  ];
}

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
    ];
  });
}

function denialLines({ order, revision, title, reasons, until, appeal, statement }: DenialView): string[] {
  return [
    `             by order ${order}.${revision}, ${plain(title)}, because ${reasons.join(', ')}; ${until === null ? 'no end is set' : `until ${when(until)}`}`,
    ...Object.entries(statement).map(([language, text]) => `             [${plain(language)}] ${plain(text)}`),
    `             appeal to: ${plain(appeal)}`,
  ];
}

export function noticeLines(notices: readonly Notice[]): string[] {
  if (notices.length === 0) return ['No order is noticed or in force.'];
  return notices.flatMap((notice) => [
    `${notice.order}.${notice.revision}  ${plain(notice.title)}${notice.status === 'held' ? ' (held)' : ''}`,
    `  ${notice.services.join(', ')} in ${notice.areas.join(', ')}, from ${when(notice.effective)}${notice.until === null ? '' : ` until ${when(notice.until)}`}`,
    ...Object.entries(notice.statement).map(([language, text]) => `  [${plain(language)}] ${plain(text)}`),
    `  appeal to: ${plain(notice.appeal)}`,
  ]);
}

export const messageLines = (messages: readonly ShownMessage[]): string[] =>
  messages.length === 0
    ? ['No messages.']
    : messages.map(({ at, text, shown }) => `${shown ? ' ' : '*'} ${when(at)}  ${plain(text)}`);
