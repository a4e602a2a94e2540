/**
 * Format of timelines (`tests/timelines/README.md`): a fleet, events, and expectations. The parser checks everything that can be known
 * before a server runs, and returns steps with instants. It plays nothing.
 */
import { z } from 'zod';
import { ERROR_CODES } from '../../shared/errors.ts';
import { NOTICE_MOMENTS, PROVENANCES } from '../../shared/order/documents.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { REASONS, SERVICES, WAITING_RULES } from '../../shared/verdict/terms.ts';
import { withCurrentNames } from './earlier-names.ts';

/** A timeline that cannot be played, with the position of its error. */
export class TimelineError extends Error {}

/** Sender of a mail from outside the company. */
export const OUTSIDE = 'outside';

const label = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,39}$/, 'is lower-case letters, digits, - and _');
const name = z.string().min(1).max(60);
const time = z
  .string()
  .regex(
    /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?$/,
    'is a time such as 2015-11-30T23:59, perhaps with an offset',
  );
const signedDuration = z.string().regex(/^-?P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?$/);
const rule = z.enum(['allow', 'deny']);

const evidence = {
  ip: z.union([z.string().regex(/^[A-Z]{2}$/), z.ipv4(), z.ipv6()]),
  position: z.tuple([z.number().min(-90).max(90), z.number().min(-180).max(180), z.number().positive()]),
  network: z.string().regex(/^\d{3}$/, 'is a mobile country code such as 410'),
  sim: z.string().regex(/^\d{3}$/, 'is a mobile country code such as 410'),
};
const evidenceSchema = z.strictObject(evidence).partial();
const evidenceChange = z
  .strictObject({
    ip: evidence.ip.nullable(),
    position: evidence.position.nullable(),
    network: evidence.network.nullable(),
    sim: evidence.sim.nullable(),
  })
  .partial();
export type Evidence = z.infer<typeof evidenceSchema>;
export type EvidenceChange = z.infer<typeof evidenceChange>;

const fleetSchema = z.strictObject({
  label,
  count: z.int().min(1).max(2000),
  home: z.string().max(32),
  seat: z.string().max(32).optional(),
  online: z.boolean().default(true),
  evidence: evidenceSchema.default({}),
});
export type Fleet = z.infer<typeof fleetSchema>;

/** Areas, services and nexus stay free text here, because a timeline may expect the server to refuse an unknown one. */
const terms = {
  areas: z.array(z.string()),
  services: z.array(z.string()),
  nexus: z.array(z.string()),
  effective: time,
  until: time.nullable(),
  mode: z.enum(['suspend', 'exit']),
  unknown: rule,
  stale: z.enum(['keep', 'allow', 'deny']),
  contested: rule,
  visitors: z.string(),
  travelers: rule,
  waiting: z.enum(WAITING_RULES),
  exempt: z.array(z.union([label, z.strictObject({ label, until: time.optional(), reason: z.string().optional() })])),
  disputed: z.record(z.string(), z.string()),
  authority: z.string(),
  addressee: z.string(),
  instrument: z.string(),
  statement: z.record(z.string(), z.string()),
  receivedOn: z.iso.date().nullable(),
  answerBy: time.nullable(),
  provenance: z.enum(PROVENANCES).nullable(),
  notice: z.record(z.string(), z.string()).nullable(),
  publication: z.union([z.strictObject({ until: time }), z.strictObject({ law: z.string() })]).nullable(),
  noticePlan: z.array(z.enum(NOTICE_MOMENTS)).nullable(),
  exportWindow: z.string().nullable(),
  /** Another order of the timeline. */
  answers: label.nullable(),
};
const termsChange = z.object(terms).partial();
export type Terms = z.infer<typeof termsChange>;

const at = { at: time };
const act = { ...at, expect: z.strictObject({ refused: z.enum(ERROR_CODES), order: label.optional() }).optional() };
/** Proposer; by default `proposer`. */
const by = { by: name.default('proposer') };

const STEPS = {
  propose: z.strictObject({
    ...act,
    do: z.literal('propose'),
    order: label,
    ...by,
    ...termsChange.shape,
    areas: terms.areas,
    services: terms.services,
    nexus: terms.nexus,
    effective: terms.effective,
  }),
  /** `immediate`: each signer confirms that the revision takes effect immediately, because its time has passed. */
  approve: z.strictObject({
    ...act,
    do: z.literal('approve'),
    order: label,
    by: z.array(name).min(1).optional(),
    immediate: z.literal(true).optional(),
  }),
  revise: z.strictObject({ ...act, do: z.literal('revise'), order: label, ...by, ...termsChange.shape }),
  extend: z.strictObject({ ...act, do: z.literal('extend'), order: label, ...by, effective: terms.effective }),
  pause: z.strictObject({ ...act, do: z.literal('pause'), order: label, ...by }),
  resume: z.strictObject({ ...act, do: z.literal('resume'), order: label, ...by }),
  /** Wipes work data for good where the order denies service. */
  exit: z.strictObject({ ...act, do: z.literal('exit'), order: label, ...by }),
  withdraw: z.strictObject({ ...act, do: z.literal('withdraw'), order: label, ...by }),
  /** A named polygon, or its next version. Corners are longitude and latitude; the first is not repeated. */
  draw: z.strictObject({
    ...act,
    do: z.literal('draw'),
    polygon: label,
    corners: z.array(z.tuple([z.number(), z.number()])).min(3),
  }),
  /** Imports and activates an IP database with these addresses and countries. It contains few other addresses. */
  'ip-database': z.strictObject({
    ...act,
    do: z.literal('ip-database'),
    database: label,
    puts: z.record(z.ipv4(), z.string().regex(/^[A-Z]{2}$/)),
  }),
  /** Activates the previous IP database again. */
  rollback: z.strictObject({ ...act, do: z.literal('rollback') }),
  /** Imports and activates the next territory policy. A territory that it does not name is contested. */
  policy: z.strictObject({ ...act, do: z.literal('policy'), territories: z.record(z.string(), z.string()) }),
  move: z.strictObject({
    ...act,
    do: z.literal('move'),
    label,
    evidence: evidenceChange.default({}),
    home: z.string().max(32).optional(),
  }),
  offline: z.strictObject({ ...act, do: z.literal('offline'), label }),
  online: z.strictObject({ ...act, do: z.literal('online'), label }),
  restart: z.strictObject({ ...act, do: z.literal('restart'), label }),
  clock: z.strictObject({ ...act, do: z.literal('clock'), label, offset: signedDuration }),
  crash: z.strictObject({ ...act, do: z.literal('crash'), who: label }),
  /** The server is killed and stays down until `start`. */
  stop: z.strictObject({ ...act, do: z.literal('stop') }),
  start: z.strictObject({ ...act, do: z.literal('start') }),
  /** Placed on every device of the label, or released. */
  'legal-hold': z.strictObject({ ...act, do: z.literal('legal-hold'), label, released: z.boolean().default(false) }),
  /** From the first device of a label, or from outside the company, to the person of another label's first device. The text is the subject. */
  mail: z.strictObject({
    ...act,
    do: z.literal('mail'),
    from: label,
    to: label,
    text: z.string().regex(/^[ -~]{1,200}$/),
  }),
  /** From the first device of one label to the person of another label's first device. The text identifies the message afterward. */
  send: z.strictObject({ ...act, do: z.literal('send'), from: label, to: label, text: z.string().min(1).max(200) }),
} as const;

const stateSchema = z.strictObject({
  ...at,
  expect: z.literal('state'),
  label,
  services: z
    .partialRecord(z.enum(SERVICES), z.enum(['allowed', 'denied']))
    .refine((services) => Object.keys(services).length > 0, 'names no service'),
  order: label.optional(),
  because: z.enum(REASONS).optional(),
  see: z.enum(['server', 'device', 'both']).default('both'),
});

const messageSchema = z.strictObject({
  ...at,
  expect: z.literal('message'),
  text: z.string(),
  is: z.enum(['waiting', 'sent', 'held', 'delivered', 'refused', 'returned']),
  order: label.optional(),
});

const mailSchema = z.strictObject({
  ...at,
  expect: z.literal('mail'),
  text: z.string(),
  is: z.enum(['delivered', 'held', 'returned']),
  order: label.optional(),
});

/** All messages that the label's first device received from others: each once, those of one sender in this order, and no others. */
const inboxSchema = z.strictObject({ ...at, expect: z.literal('inbox'), label, texts: z.array(z.string()) });

/** State of the work data on every device of the label as the device reports it, and of its enrollment. */
const workspaceSchema = z.strictObject({
  ...at,
  expect: z.literal('workspace'),
  label,
  workspace: z.enum(['open', 'locked', 'wiped']),
  enrolled: z.boolean().default(true),
});

type Timed<S> = Omit<S, 'at'> & {
  /** Counted from 1. */
  readonly number: number;
  readonly at: Instant;
  /** As the timeline writes it. */
  readonly said: string;
};
export type Expectation = Timed<z.infer<typeof stateSchema>>;
export type Act = { [K in keyof typeof STEPS]: Timed<z.infer<(typeof STEPS)[K]>> }[keyof typeof STEPS];
export type ActOf<K extends keyof typeof STEPS> = Extract<Act, { do: K }>;
/** State of a message, as reported by both agents. */
export type MessageExpectation = Timed<z.infer<typeof messageSchema>>;
/** State of a mail, as reported by the server's events and by the recipient's agent. */
export type MailExpectation = Timed<z.infer<typeof mailSchema>>;
/** Messages that have arrived, as reported by the recipient's own agent. */
export type InboxExpectation = Timed<z.infer<typeof inboxSchema>>;
export type WorkspaceExpectation = Timed<z.infer<typeof workspaceSchema>>;
export type Step = Act | Expectation | MessageExpectation | MailExpectation | InboxExpectation | WorkspaceExpectation;

export interface Timeline {
  readonly name: string;
  readonly about: string;
  readonly zone: string;
  readonly fleet: readonly Fleet[];
  readonly steps: readonly Step[];
}

const timelineSchema = z.strictObject({
  name: z.string().min(1).max(80),
  about: z.string().max(2000),
  zone: z.string().refine(isZone, 'is an IANA time zone such as Asia/Karachi'),
  fleet: z.array(fleetSchema).min(1).max(40),
  steps: z.array(z.record(z.string(), z.unknown())).min(1),
});

function isZone(zone: string): boolean {
  try {
    return Temporal.Now.instant().toZonedDateTimeISO(zone).timeZoneId.length > 0;
  } catch {
    // Temporal throws if the zone does not exist.
    return false;
  }
}

function parsed<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = [where, ...(issue?.path ?? []).map(String)].filter(Boolean).join('.');
  if (issue?.code === 'unrecognized_keys') {
    throw new TimelineError(
      `${path || 'the timeline'}: unknown field ${issue.keys.map((key) => `"${key}"`).join(', ')}`,
    );
  }
  throw new TimelineError(`${path || 'the timeline'}: ${issue?.message ?? 'is not as the format says'}`);
}

/** A time with an offset is that instant. Without one it is local to `zone`, and must exist there exactly once. */
export function instantOf(text: string, zone: string): Instant {
  if (/(Z|[+-]\d\d:\d\d)$/.test(text)) return Temporal.Instant.from(text).epochMilliseconds;
  return Temporal.PlainDateTime.from(text).toZonedDateTime(zone, { disambiguation: 'reject' }).epochMilliseconds;
}

function timeOf(text: string, zone: string, where: string): Instant {
  try {
    return instantOf(text, zone);
  } catch (error) {
    throw new TimelineError(`${where}.at: ${text} is no time in ${zone}`, { cause: error });
  }
}

/** Error of a device's clock, in milliseconds. Months and years are counted from `from`. */
export function offsetOf(text: string, from: Instant, zone: string): number {
  const start = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(zone);
  return start.add(Temporal.Duration.from(text)).epochMilliseconds - from;
}

function stepOf(raw: Record<string, unknown>, number: number, zone: string): Step {
  const where = `step ${number}`;
  const timed = <S extends { at: string }>(step: S) => ({
    ...step,
    number,
    said: step.at,
    at: timeOf(step.at, zone, where),
  });
  if (raw['do'] === undefined) {
    if (raw['expect'] === 'message') return timed(parsed(messageSchema, raw, where));
    if (raw['expect'] === 'mail') return timed(parsed(mailSchema, raw, where));
    if (raw['expect'] === 'inbox') return timed(parsed(inboxSchema, raw, where));
    if (raw['expect'] === 'workspace') return timed(parsed(workspaceSchema, raw, where));
    return timed(parsed(stateSchema, raw, where));
  }
  if (!Object.hasOwn(STEPS, String(raw['do']))) {
    throw new TimelineError(
      `${where}.do: unknown act "${String(raw['do'])}"; there are ${Object.keys(STEPS).join(', ')}`,
    );
  }
  switch (raw['do'] as keyof typeof STEPS) {
    case 'propose':
      return timed(parsed(STEPS.propose, raw, where));
    case 'approve':
      return timed(parsed(STEPS.approve, raw, where));
    case 'revise':
      return timed(parsed(STEPS.revise, raw, where));
    case 'extend':
      return timed(parsed(STEPS.extend, raw, where));
    case 'pause':
      return timed(parsed(STEPS.pause, raw, where));
    case 'resume':
      return timed(parsed(STEPS.resume, raw, where));
    case 'exit':
      return timed(parsed(STEPS.exit, raw, where));
    case 'withdraw':
      return timed(parsed(STEPS.withdraw, raw, where));
    case 'draw':
      return timed(parsed(STEPS.draw, raw, where));
    case 'ip-database':
      return timed(parsed(STEPS['ip-database'], raw, where));
    case 'rollback':
      return timed(parsed(STEPS.rollback, raw, where));
    case 'policy':
      return timed(parsed(STEPS.policy, raw, where));
    case 'move':
      return timed(parsed(STEPS.move, raw, where));
    case 'offline':
      return timed(parsed(STEPS.offline, raw, where));
    case 'online':
      return timed(parsed(STEPS.online, raw, where));
    case 'restart':
      return timed(parsed(STEPS.restart, raw, where));
    case 'clock':
      return timed(parsed(STEPS.clock, raw, where));
    case 'crash':
      return timed(parsed(STEPS.crash, raw, where));
    case 'stop':
      return timed(parsed(STEPS.stop, raw, where));
    case 'start':
      return timed(parsed(STEPS.start, raw, where));
    case 'legal-hold':
      return timed(parsed(STEPS['legal-hold'], raw, where));
    case 'send':
      return timed(parsed(STEPS.send, raw, where));
    case 'mail':
      return timed(parsed(STEPS.mail, raw, where));
  }
}

export const exemptLabel = (one: NonNullable<Terms['exempt']>[number]): string =>
  typeof one === 'string' ? one : one.label;

/** Steps that only devices perform need no server. */
function takesServer(step: Step): boolean {
  if (!('do' in step)) return !('see' in step) || step.see !== 'device';
  const { do: done } = step;
  if (done === 'crash') return step.who === 'server';
  if (done === 'move') return step.home !== undefined;
  return !['start', 'offline', 'online', 'restart', 'clock'].includes(done);
}

/** Labels and orders must be known where they are named, and times must not go back. */
function checkTogether({ fleet, steps }: Timeline): void {
  const labels = new Set(fleet.map((one) => one.label));
  if (labels.size !== fleet.length) throw new TimelineError('fleet: a label stands there twice');
  if (labels.has('server')) throw new TimelineError('fleet: "server" is the server\'s own name');
  const orders = new Set<string>();
  /** By text: label of the message's recipient. */
  const sent = new Map<string, string>();
  let last = Number.NEGATIVE_INFINITY;
  let away = false;
  for (const step of steps) {
    const wrong = (why: string) => new TimelineError(`step ${step.number}: ${why}`);
    if (away && takesServer(step)) throw wrong('the server was stopped, and this takes it: start it first');
    if (!away && 'do' in step && step.do === 'start') throw wrong('the server was not stopped');
    if ('do' in step && step.do === 'stop') away = true;
    if ('do' in step && step.do === 'start') away = false;
    if (step.at < last) throw wrong(`${step.said} is before the step above it`);
    last = step.at;
    if ('label' in step && !labels.has(step.label)) throw wrong(`no fleet is labeled "${step.label}"`);
    if ('who' in step && step.who !== 'server' && !labels.has(step.who)) throw wrong(`nobody is called "${step.who}"`);
    if ('do' in step && (step.do === 'send' || step.do === 'mail')) {
      const isKnown = (one: string) => labels.has(one) || (step.do === 'mail' && one === OUTSIDE);
      const stranger = [step.from, step.to].find((one) => !isKnown(one));
      if (stranger !== undefined) throw wrong(`no fleet is labeled "${stranger}"`);
      if (sent.has(step.text)) throw wrong(`"${step.text}" was sent before; a text names its message`);
      sent.set(step.text, step.to);
    } else if ('is' in step && !sent.has(step.text)) throw wrong(`"${step.text}" has not been sent before it`);
    if ('texts' in step) {
      const stray = step.texts.find((text) => sent.get(text) !== step.label);
      if (stray !== undefined) throw wrong(`"${stray}" has not been sent to ${step.label} before it`);
      if (new Set(step.texts).size < step.texts.length) throw wrong('a text stands there twice');
    }
    if ('exempt' in step) {
      const stranger = step.exempt?.map(exemptLabel).find((one) => !labels.has(one));
      if (stranger !== undefined) throw wrong(`no fleet is labeled "${stranger}"`);
    }
    const { answers = null } = 'answers' in step ? step : {};
    if (answers !== null && !orders.has(answers)) throw wrong(`no order "${answers}" has been proposed before it`);
    if ('do' in step && step.do === 'propose') orders.add(step.order);
    const named = ['order' in step ? step.order : undefined, 'do' in step ? step.expect?.order : undefined];
    const unknown = named.find((order) => order !== undefined && !orders.has(order));
    if (unknown !== undefined) throw wrong(`no order "${unknown}" has been proposed before it`);
  }
}

/** Throws `TimelineError`, which names the step and the field. */
export function parseTimeline(text: string): Timeline {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new TimelineError(`not JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const { steps, ...rest } = parsed(timelineSchema, withCurrentNames(value), '');
  const timeline = { ...rest, steps: steps.map((raw, at) => stepOf(raw, at + 1, rest.zone)) };
  checkTogether(timeline);
  return timeline;
}
