/**
 * Events of a device, newest first. Commands and certificates have real times; all other events have times of the server clock, which a
 * demo can advance. If the two clocks differ, the console shows one list for each clock.
 */
import type { z } from 'zod';
import type { commandList } from '../../../../shared/api/commands.ts';
import type {
  alertList,
  certificateList,
  DeviceView,
  deviceReceiptList,
  evidenceView,
} from '../../../../shared/api/devices.ts';
import type { LegalHoldView } from '../../../../shared/api/holds.ts';
import { areaName } from '../../../../shared/areas/area-words.ts';
import { EVIDENCE_SOURCES } from '../../../../shared/verdict/terms.ts';
import { SOURCE_NAMES } from '../../../../shared/verdict/words.ts';
import { commandName } from '../../words/commands.ts';
import { alertName, receiptSentence } from '../../words/devices.ts';

export interface HistoryEvent {
  readonly at: number;
  readonly clock: 'server' | 'real';
  readonly text: string;
  /** Text that a person or a device wrote. The console shows the text as untrusted. */
  readonly note: string | null;
  readonly order: string | null;
}

type Evidence = z.output<typeof evidenceView>;
type Commands = z.output<typeof commandList>;
type Certificates = z.output<typeof certificateList>;

/** Records of the device. A field is undefined while its query runs, or if the admin may not read the records. */
export interface Sources {
  readonly device: DeviceView;
  readonly evidence: Evidence | undefined;
  readonly receipts: z.output<typeof deviceReceiptList> | undefined;
  readonly alerts: z.output<typeof alertList> | undefined;
  readonly commands: Commands | undefined;
  readonly certificates: Certificates | undefined;
  readonly holds: readonly LegalHoldView[] | undefined;
}

/**
 * Maximum difference between the server clock and the real time, in milliseconds, for one common list of events. With a larger difference,
 * the console shows one list for each clock. Times of two different clocks do not show which event came first.
 */
const SAME = 2 * 60_000;

export const clocksDiffer = (serverNow: number, realNow: number): boolean => Math.abs(serverNow - realNow) > SAME;

export function historyOf(sources: Sources): HistoryEvent[] {
  const { device, evidence, receipts, alerts, commands, certificates, holds } = sources;
  return [
    ...ofDevice(device),
    ...(evidence?.observations ?? []).map(ofObservation),
    ...(receipts?.receipts ?? []).map((receipt) =>
      server(Date.parse(receipt.at), receiptSentence(receipt), { order: receipt.order }),
    ),
    ...(alerts?.alerts ?? []).map(({ at, code, detail, count }) =>
      server(at, `Alert: ${alertName(code)}${count > 1 ? `, ${count} times` : ''}.`, { note: detail }),
    ),
    ...(commands?.commands ?? []).flatMap(ofCommand),
    ...(certificates?.certificates ?? []).flatMap(ofCertificate),
    ...(holds ?? []).flatMap(ofHold),
  ].sort((a, b) => b.at - a.at);
}

type Extra = Partial<Pick<HistoryEvent, 'note' | 'order'>>;
const on =
  (clock: HistoryEvent['clock']) =>
  (at: number, text: string, { note = null, order = null }: Extra = {}): HistoryEvent => ({
    at,
    clock,
    text,
    note: note === '' ? null : note,
    order,
  });
const server = on('server');
const real = on('real');

function ofDevice({ enrolledAt, endedAt, status, generation, presence, statement }: DeviceView): HistoryEvent[] {
  return [
    server(enrolledAt, generation === 1 ? 'Enrolled.' : `Enrolled, for the ${ordinal(generation)} time.`),
    ...(presence ? [server(presence.changedAt, presence.connected ? 'Connected.' : 'Disconnected.')] : []),
    ...(endedAt === null ? [] : [server(endedAt, status === 'revoked' ? 'Revoked.' : 'Unenrolled.')]),
    // The evidence includes statements about a present location, so only a statement about the home is a separate event.
    ...(statement?.kind === 'home'
      ? [
          server(statement.at, `An admin set the home area: ${locationNames(statement.areas)}.`, {
            note: statement.reason,
          }),
        ]
      : []),
  ];
}

function ofObservation({ source, areas, at, detail }: Evidence['observations'][number]): HistoryEvent {
  const known = EVIDENCE_SOURCES.find((one) => one === source);
  if (known === 'statement') {
    return detail === 'ended'
      ? server(at, 'The location statement of the admin ended.')
      : server(at, `An admin set the location: ${locationNames(areas)}.`, { note: detail });
  }
  if (known === 'address' && detail === 'disconnected') {
    return server(at, `The connection ended. Its IP address was in ${locationNames(areas)}.`);
  }
  return server(at, `${known ? SOURCE_NAMES[known] : source}: ${locationNames(areas)}.`, { note: detail });
}

const ENDS = { done: 'completed', failed: 'failed', expired: 'expired', canceled: 'canceled' } as const;
const DISPLAYED_ON = {
  desktop: ' on the desktop',
  page: ' on the device page',
  'command-line': ' on the command line',
} as const;

function ofCommand({
  command,
  createdAt,
  storedAt,
  finishedAt,
  state,
  detail,
  displayed,
}: Commands['commands'][number]): HistoryEvent[] {
  const name = commandName(command);
  return [
    real(createdAt, `Command sent: ${name}.`, { note: command.kind === 'message' ? command.text : null }),
    // A command that has ended has no separate event for its delivery, because the end implies the delivery.
    ...(state === 'stored' && storedAt !== null ? [real(storedAt, `Command delivered: ${name}.`)] : []),
    ...(finishedAt === null || state === 'queued' || state === 'stored'
      ? []
      : [real(finishedAt, `Command ${ENDS[state]}: ${name}.`, { note: detail })]),
    ...(displayed ? [real(displayed.at, `Message displayed to the user${DISPLAYED_ON[displayed.on]}.`)] : []),
  ];
}

function ofCertificate({ notBefore, revokedAt, supersededAt }: Certificates['certificates'][number]): HistoryEvent[] {
  return [
    real(notBefore, 'Certificate issued.'),
    ...(supersededAt === null ? [] : [real(supersededAt, 'Certificate replaced by a newer certificate.')]),
    ...(revokedAt === null ? [] : [real(revokedAt, 'Certificate revoked.')]),
  ];
}

function ofHold({ on, placedAt, reason, released }: LegalHoldView): HistoryEvent[] {
  const subject = on.kind === 'person' ? ' on its user' : '';
  return [
    server(placedAt, `Legal hold placed${subject}.`, { note: reason }),
    ...(released ? [server(released.at, `Legal hold${subject} released.`, { note: released.reason })] : []),
  ];
}

const locationNames = (areas: readonly string[]): string => areas.map(areaName).join(' or ');

const ENDINGS: Readonly<Record<string, string>> = { one: 'st', two: 'nd', few: 'rd', other: 'th' };
const rules = new Intl.PluralRules('en', { type: 'ordinal' });
const ordinal = (count: number): string => `${count}${ENDINGS[rules.select(count)] ?? 'th'}`;
