/**
 * Values of request bodies that the activity log names besides identifiers, so that an entry says which action an admin took. All values
 * are from closed lists or are numbers of versions: never a text that a person typed.
 */
import { ROLES } from '../../shared/api/roles.ts';
import { ORDER_ACTIONS } from '../../shared/order/documents.ts';
import { COMMAND_KINDS } from '../../shared/protocol/command-kinds.ts';
import type { Target } from '../activity/activity.ts';
import type { RouteName } from '../admins/rights.ts';

interface NamedValue {
  /** Path of the field in the body. `*` stands for each element of a list. */
  readonly path: readonly string[];
  readonly kind: string;
  readonly allows: (value: unknown) => boolean;
  /** Id of the target for an allowed value. Default: the value itself. */
  readonly id?: (value: unknown) => string;
}

const oneOf = (values: readonly unknown[]) => (value: unknown) => values.includes(value);
const isVersion = (value: unknown) => Number.isSafeInteger(value) && Number(value) > 0;

const COMMAND: NamedValue = { path: ['command', 'kind'], kind: 'command-kind', allows: oneOf(COMMAND_KINDS) };
const SWITCH: NamedValue = {
  path: ['on'],
  kind: 'switch',
  allows: oneOf([true, false]),
  id: (on) => (on === true ? 'on' : 'off'),
};

const NAMED: Readonly<Partial<Record<RouteName, readonly NamedValue[]>>> = {
  'commands.issue': [COMMAND],
  'commands.issue-many': [COMMAND],
  'orders.revise': [{ path: ['action'], kind: 'order-action', allows: oneOf(ORDER_ACTIONS) }],
  'policies.roll-out': [
    { path: ['version'], kind: 'version', allows: isVersion },
    { path: ['percent'], kind: 'percent', allows: (value) => value === 0 || isVersion(value) },
  ],
  'policies.roll-back': [{ path: ['version'], kind: 'version', allows: isVersion }],
  'scripts.switch': [SWITCH],
  'accounts.update': [{ path: ['status'], kind: 'status', allows: oneOf(['active', 'disabled']) }],
  'accounts.create': [{ path: ['grants', '*', 'role'], kind: 'role', allows: oneOf(ROLES) }],
  'grants.create': [{ path: ['role'], kind: 'role', allows: oneOf(ROLES) }],
};

export function namedValues(name: RouteName, body: unknown): Target[] {
  return (NAMED[name] ?? []).flatMap(({ path, kind, allows, id = String }) =>
    valuesAt(body, path)
      .filter(allows)
      .map((value) => ({ kind, id: id(value) })),
  );
}

function valuesAt(value: unknown, [field, ...rest]: readonly string[]): unknown[] {
  if (field === undefined) return [value];
  if (value === null || typeof value !== 'object') return [];
  if (field === '*') return Array.isArray(value) ? value.slice(0, 100).flatMap((each) => valuesAt(each, rest)) : [];
  return Object.hasOwn(value, field) ? valuesAt(Reflect.get(value, field), rest) : [];
}
