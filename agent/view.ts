/** What a person reads. Text from elsewhere is shown with control characters made harmless. */
import type { AgentStatus } from './agent.ts';
import type { DatagramOutcome } from './datagrams/datagrams.ts';
import type { DenialView, GateView } from './enforcement/gate-view.ts';
import type { Notice } from './enforcement/notices.ts';
import type { ShownMessage } from './store/agent-store.ts';

/** A message could hold escape sequences that rewrite the terminal, or turn the line's direction round. */
export function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}

const when = (instant: number): string => new Date(instant).toISOString().replace(/:\d\d\.\d{3}Z$/, 'Z');

export function statusLines(status: AgentStatus, running: boolean): string[] {
  const { areas, certainty } = status.location;
  return [
    `device       ${status.device} (generation ${status.generation})`,
    `agent        ${running ? 'running' : 'not running: start it with `cordon-agent run`'}`,
    ...(running
      ? [`connection   ${status.connection}${status.connectionDetail ? `: ${plain(status.connectionDetail)}` : ''}`]
      : []),
    `time         ${when(status.now)} (${status.authenticatedTime ? 'the server’s' : 'counted on from the server’s last'})`,
    `certificate  until ${when(status.certificateExpires)}`,
    `documents    list ${status.list}${status.listExpires === null ? '' : ` (good until ${when(status.listExpires)})`}, record ${status.record}, root ${status.root}`,
    `location     ${areas.length > 0 ? `${areas.join(' or ')} (${certainty})` : 'unknown'}`,
    `workspace    ${status.workspace}`,
    `unsent       ${status.unsent}`,
    ...(status.nextChange === null ? [] : [`next change  ${when(status.nextChange)}`]),
    ...status.gates.filter(({ service }) => service !== 'enrolment').flatMap(gateLines),
  ];
}

function gateLines({ service, open, reasons, denials, since }: GateView): string[] {
  const exempt = open && reasons.some((reason) => reason !== 'no_order') ? ` (${reasons.join(', ')})` : '';
  const waiting = !open && denials.length === 0 ? ': waits for the order list and this device’s record' : '';
  return [
    `${service.padEnd(12)} ${open ? 'open' : 'suspended'}${exempt}${waiting}, since ${when(since)}`,
    ...denials.flatMap(denialLines),
  ];
}

function denialLines({ order, revision, title, reasons, until, appeal, statement }: DenialView): string[] {
  return [
    `             by order ${order}.${revision}, ${plain(title)}, because ${reasons.join(', ')}; ${until === null ? 'no end is set' : `until ${when(until)}`}`,
    ...Object.entries(statement).map(([language, text]) => `             [${language}] ${plain(text)}`),
    `             appeal to: ${plain(appeal)}`,
  ];
}

export function noticeLines(notices: readonly Notice[]): string[] {
  if (notices.length === 0) return ['No order is noticed or in force.'];
  return notices.flatMap((notice) => [
    `${notice.order}.${notice.revision}  ${plain(notice.title)}${notice.status === 'held' ? ' (held)' : ''}`,
    `  ${notice.services.join(', ')} in ${notice.areas.join(', ')}, from ${when(notice.effective)}${notice.until === null ? '' : ` until ${when(notice.until)}`}`,
    ...Object.entries(notice.statement).map(([language, text]) => `  [${language}] ${plain(text)}`),
    `  appeal to: ${plain(notice.appeal)}`,
  ]);
}

export const messageLines = (messages: readonly ShownMessage[]): string[] =>
  messages.length === 0
    ? ['No messages.']
    : messages.map(({ at, text, shown }) => `${shown ? ' ' : '*'} ${when(at)}  ${plain(text)}`);

export function outcomeLines({ outcome, denial }: DatagramOutcome): string[] {
  if (!denial) return [outcome];
  const appeal = denial.appeal === null ? [] : [`appeal to: ${plain(denial.appeal)}`];
  return [`${outcome} by the ${denial.by}: ${plain(denial.detail)}`, ...appeal];
}
