/**
 * What has happened to a device, put in order. Two clocks are involved: the server's (enrolment, connections, evidence, receipts, alarms) and
 * real time (commands, certificates). While both show the same, there is one order; when they differ, as in a demo that drives the server's,
 * nobody can say what of one was before what of the other, and there are two.
 */
import type { z } from 'zod';
import type { commandList } from '../../../../shared/api/commands.ts';
import type {
  alarmList,
  certificateList,
  DeviceView,
  deviceReceiptList,
  evidenceView,
} from '../../../../shared/api/devices.ts';
import type { LegalHoldView } from '../../../../shared/api/holds.ts';
import { areaName } from '../../../../shared/areas/area-words.ts';
import { EVIDENCE_SOURCES } from '../../../../shared/verdict/terms.ts';
import { SOURCE_NAMES } from '../../../../shared/verdict/words.ts';
import { COMMAND_NAMES } from '../../words/commands.ts';
import { alarmName, receiptSentence } from '../../words/devices.ts';

export interface Happening {
  readonly at: number;
  readonly clock: 'server' | 'real';
  readonly what: string;
  /** Words that people or devices gave. */
  readonly given: string | null;
  readonly order: string | null;
}

type Evidence = z.output<typeof evidenceView>;
type Commands = z.output<typeof commandList>;
type Certificates = z.output<typeof certificateList>;

/** What is known by now; undefined while it is not, or must not be, known. */
export interface Sources {
  readonly device: DeviceView;
  readonly evidence: Evidence | undefined;
  readonly receipts: z.output<typeof deviceReceiptList> | undefined;
  readonly alarms: z.output<typeof alarmList> | undefined;
  readonly commands: Commands | undefined;
  readonly certificates: Certificates | undefined;
  readonly holds: readonly LegalHoldView[] | undefined;
}

/** Clocks that differ by less are taken for the same: nobody sets them by the second. */
const SAME = 2 * 60_000;

export const clocksDiffer = (serverNow: number, realNow: number): boolean => Math.abs(serverNow - realNow) > SAME;

/** Newest first. */
export function happenings(sources: Sources): Happening[] {
  const { device, evidence, receipts, alarms, commands, certificates, holds } = sources;
  return [
    ...ofDevice(device),
    ...(evidence?.observations ?? []).map(ofObservation),
    ...(receipts?.receipts ?? []).map((receipt) =>
      server(Date.parse(receipt.at), receiptSentence(receipt), { order: receipt.order }),
    ),
    ...(alarms?.alarms ?? []).map(({ at, code, detail, count }) =>
      server(at, `Alarm: ${alarmName(code)}${count > 1 ? `, ${count} times` : ''}.`, { given: detail }),
    ),
    ...(commands?.commands ?? []).flatMap(ofCommand),
    ...(certificates?.certificates ?? []).flatMap(ofCertificate),
    ...(holds ?? []).flatMap(ofHold),
  ].sort((a, b) => b.at - a.at);
}

type Extra = Partial<Pick<Happening, 'given' | 'order'>>;
const on =
  (clock: Happening['clock']) =>
  (at: number, what: string, { given = null, order = null }: Extra = {}): Happening => ({
    at,
    clock,
    what,
    given: given === '' ? null : given,
    order,
  });
const server = on('server');
const real = on('real');

function ofDevice({ enrolledAt, endedAt, status, generation, presence, statement }: DeviceView): Happening[] {
  return [
    server(enrolledAt, generation === 1 ? 'Enrolled.' : `Enrolled, for the ${ordinal(generation)} time.`),
    ...(presence ? [server(presence.changedAt, presence.connected ? 'Connected.' : 'Disconnected.')] : []),
    ...(endedAt === null ? [] : [server(endedAt, status === 'revoked' ? 'Revoked.' : 'Unenrolled.')]),
    // A statement of where it is stands among the evidence.
    ...(statement?.kind === 'home'
      ? [server(statement.at, `An admin stated its home: ${places(statement.areas)}.`, { given: statement.reason })]
      : []),
  ];
}

function ofObservation({ source, areas, at, detail }: Evidence['observations'][number]): Happening {
  const known = EVIDENCE_SOURCES.find((one) => one === source);
  if (known === 'statement') {
    return detail === 'ended'
      ? server(at, "The admin's statement ended.")
      : server(at, `An admin stated where it is: ${places(areas)}.`, { given: detail });
  }
  if (known === 'address' && detail === 'disconnected') {
    return server(at, `Its connection ended; the address was in ${places(areas)}.`);
  }
  return server(at, `${known ? SOURCE_NAMES[known] : source}: ${places(areas)}.`, { given: detail });
}

const ENDS = { done: 'done', failed: 'failed', expired: 'given up', cancelled: 'cancelled' } as const;

function ofCommand({
  command,
  createdAt,
  storedAt,
  finishedAt,
  state,
  detail,
}: Commands['commands'][number]): Happening[] {
  const name = COMMAND_NAMES[command.kind];
  return [
    real(createdAt, `Command sent: ${name}.`, { given: command.kind === 'message' ? command.text : null }),
    // That it arrived is a step of it, and the end says so too.
    ...(state === 'stored' && storedAt !== null ? [real(storedAt, `Command on the device: ${name}.`)] : []),
    ...(finishedAt === null || state === 'queued' || state === 'stored'
      ? []
      : [real(finishedAt, `Command ${ENDS[state]}: ${name}.`, { given: detail })]),
  ];
}

function ofCertificate({ notBefore, revokedAt, supersededAt }: Certificates['certificates'][number]): Happening[] {
  return [
    real(notBefore, 'Certificate issued.'),
    ...(supersededAt === null ? [] : [real(supersededAt, 'Certificate replaced by a newer one.')]),
    ...(revokedAt === null ? [] : [real(revokedAt, 'Certificate revoked.')]),
  ];
}

function ofHold({ on, placedAt, reason, released }: LegalHoldView): Happening[] {
  const whom = on.kind === 'person' ? ' on its user' : '';
  return [
    server(placedAt, `A legal hold was placed${whom}.`, { given: reason }),
    ...(released ? [server(released.at, `A legal hold${whom} was released.`, { given: released.reason })] : []),
  ];
}

const places = (areas: readonly string[]): string => areas.map(areaName).join(' or ');

const ENDINGS: Readonly<Record<string, string>> = { one: 'st', two: 'nd', few: 'rd', other: 'th' };
const rules = new Intl.PluralRules('en', { type: 'ordinal' });
const ordinal = (count: number): string => `${count}${ENDINGS[rules.select(count)] ?? 'th'}`;
