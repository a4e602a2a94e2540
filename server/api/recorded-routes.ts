/**
 * Routes whose requests the activity log records. Every route that is not a GET is a change, unless a list here says otherwise. A new route
 * is therefore recorded without further work.
 */
import type { ActivityKind } from '../../shared/activity/activity-kinds.ts';
import type { Target } from '../activity/activity.ts';
import type { RouteName } from '../admins/rights.ts';
import { namedValues } from './recorded-values.ts';

/** Routes that change nothing or only the caller's own display, although they are not GET. */
export const UNRECORDED: ReadonlySet<RouteName> = new Set<RouteName>([
  'session.passkey-challenge',
  'session.step-up-challenge',
  'passkeys.options',
  'provider.begin',
  'provider.step-up',
  'orders.preview',
  'device-columns.save',
  'devices.preview-action',
  'devices.preview-reassignment',
  'policies.rehearse',
]);

/** Sign-ins, sign-outs and step-ups. */
export const SIGN_INS: ReadonlySet<RouteName> = new Set<RouteName>([
  'session.create',
  'session.create-by-passkey',
  'provider.finish',
  'session.step-up',
  'session.delete',
  'demo.session',
]);

/**
 * Reads of personal data and exports, also with POST. The log has one entry per hour for the same data and credential. A preview of a group
 * is a read, because it can tell which devices are at a location.
 */
export const RECORDED_READS: ReadonlySet<RouteName> = new Set<RouteName>([
  'devices.evidence',
  'devices.explain',
  'devices.export',
  'ledger.openings',
  'orders.affected',
  'orders.statements',
  'orders.impact-csv',
  'order-documents.read',
  'disclosures.show',
  'disclosures.document',
  'disclosures.download',
  'activity.export',
  'device-logs.download',
  'fetched-files.download',
  'live-queries.answers',
  'live-queries.export',
  'scripts.output',
  'groups.preview',
]);

export function recordingOf(route: { readonly name: RouteName; readonly method: string }): ActivityKind | null {
  const { name, method } = route;
  if (RECORDED_READS.has(name)) return 'read';
  if (method === 'get' || UNRECORDED.has(name)) return null;
  return SIGN_INS.has(name) ? 'sign-in' : 'change';
}

const KINDS: Readonly<Record<string, string>> = {
  dev: 'device',
  per: 'person',
  acc: 'account',
  grp: 'group',
  cmd: 'command',
  qry: 'live-query',
  scr: 'script',
  pol: 'policy',
  pck: 'pack',
  hld: 'legal-hold',
  act: 'action',
  dsc: 'disclosure',
  aut: 'authority',
  ref: 'refusal',
  tok: 'token',
  ses: 'session',
  rol: 'role',
  ntr: 'notification-rule',
  ntc: 'notification-channel',
  ntd: 'delivery',
  dvw: 'device-view',
  lst: 'lost-mode',
};
const TYPED = /^([a-z]{3})_[a-z2-7]{16}$/;
const ORDER = /^\d{4}-\d{3,6}$/;
/** Kinds of targets that have no id with a prefix. Only the name of the path parameter shows the kind. */
const BY_PARAM: Readonly<Record<string, string>> = {
  number: 'order',
  hash: 'ip-database',
  code: 'area',
  serial: 'certificate',
  sha256: 'document',
  version: 'version',
};
const BY_ROUTE: Readonly<Record<string, string>> = {
  alerts: 'alert',
  passkeys: 'passkey',
  approvers: 'approver-set',
  'territory-policies': 'territory-policy',
  recovery: 'continuation',
  transparency: 'statement',
};
/** Only the path is read, because owners and auditors must not learn whose records an authority requested (ADR 54). */
const CONFIDENTIAL = /^(disclosures|authorities|transparency)\./;
const DEEPEST = 4;
const MOST_VALUES = 20_000;

/** Targets without repetitions, in the order of their addition. */
export class TargetList {
  readonly all: Target[] = [];
  /** Ids by kind. A joined key of kind and id would cost more than the rest of the list for a request with 10,000 devices. */
  readonly #ids = new Map<string, Set<string>>();

  /** Returns false if the list has the target already. */
  add(target: Target): boolean {
    const ids = this.#ids.get(target.kind);
    if (ids?.has(target.id)) return false;
    if (ids) ids.add(target.id);
    else this.#ids.set(target.kind, new Set([target.id]));
    this.all.push(target);
    return true;
  }
}

/**
 * Targets of a request: values from closed lists in its body, the identifiers in its path, query and body, and the identifier of a new
 * record in the response. Never texts.
 */
export function targetsOf(
  name: RouteName,
  request: { readonly params: unknown; readonly query: unknown; readonly body: unknown; readonly reply: unknown },
): TargetList {
  const found = new TargetList();
  const add = (target: Target | null) => void (target && found.add(target));
  for (const [key, value] of Object.entries(Object(request.params) as object)) add(byParam(name, key, String(value)));
  const bodies = CONFIDENTIAL.test(name) ? [] : [request.query, request.body];
  for (const value of namedValues(name, request.body)) found.add(value);
  const walk = { left: MOST_VALUES };
  for (const body of bodies) typedIn(body, add, walk, 0);
  const reply: unknown = Object(request.reply);
  if (reply !== null && typeof reply === 'object') {
    for (const key of ['id', 'device', 'number', 'order', 'delivery'] as const) add(typed(Reflect.get(reply, key)));
    for (const key of ['account', 'channel'] as const) {
      add(typed(Reflect.get(Object(Reflect.get(reply, key)) as object, 'id')));
    }
  }
  return found;
}

function byParam(route: RouteName, key: string, value: string): Target | null {
  if (key === 'revision') return null;
  const known = typed(value);
  if (known) return known;
  const [prefix = ''] = route.split('.');
  return { kind: BY_PARAM[key] ?? BY_ROUTE[prefix] ?? prefix, id: value.slice(0, 80) };
}

function typed(value: unknown): Target | null {
  if (typeof value !== 'string') return null;
  if (ORDER.test(value)) return { kind: 'order', id: value };
  const kind = KINDS[TYPED.exec(value)?.[1] ?? ''];
  return kind === undefined ? null : { kind, id: value };
}

function typedIn(value: unknown, add: (target: Target | null) => void, walk: { left: number }, depth: number): void {
  walk.left -= 1;
  if (walk.left < 0 || depth > DEEPEST) return;
  if (typeof value === 'string') add(typed(value));
  else if (value !== null && typeof value === 'object')
    for (const each of Object.values(value)) typedIn(each, add, walk, depth + 1);
}
