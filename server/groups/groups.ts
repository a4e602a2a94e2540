/**
 * Members of groups. A static group has the devices that an admin adds. A dynamic group has the devices for which its expression is true.
 * Beside these, each device has one primary group (`server/devices`), which gives the device its home area, legal seat and mail rule.
 */
import { CordonError } from '../../shared/errors.ts';
import { type DeviceId, type GroupId, newGroupId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { createExpressionParser, FUNCTIONS } from './expression.ts';
import { FACTS, type FactCatalog } from './facts.ts';
import { createMemberships } from './memberships.ts';
import { createPauses } from './pauses.ts';
import type { FactReader, GroupMemberStore, GroupUse } from './ports.ts';
import { createPreview } from './preview.ts';

export { FUNCTIONS };

export interface GroupMembersPorts {
  readonly store: GroupMemberStore;
  readonly facts: FactReader;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly catalog?: FactCatalog;
}

export type GroupMembers = ReturnType<typeof createGroupMembers>;

export function createGroupMembers({ store, facts, bus, clock, catalog = FACTS }: GroupMembersPorts) {
  const parse = createExpressionParser(catalog);
  const memberships = createMemberships({ store, facts, parse, pauses: createPauses(), bus, clock });

  function requireExpression(text: string): void {
    const { error } = parse(text);
    if (!error) return;
    const { message, line, column, start, end } = error;
    const detail = `The expression is invalid at line ${line}, column ${column}. ${message}`;
    throw new CordonError('invalid_input', detail, { field: 'expression', line, column, start, end });
  }

  /** Starts the evaluation of changed devices, and notifies the console. */
  function changed(): void {
    memberships.request();
    bus.publish({ kind: 'devices' });
  }

  return {
    facts: Object.entries(catalog).map(([name, { type, meaning }]) => ({ name, type, meaning })),
    preview: createPreview({ store, facts, parse, createPauses, clock }),
    membershipsOf: store.membershipsOf.bind(store),
    uses: (group: GroupId): Promise<GroupUse[]> => store.uses(group),

    async createDynamic(name: string, expression: string): Promise<GroupId> {
      requireExpression(expression);
      const id = newGroupId();
      await store.insertDynamic({ id, name, expression, createdAt: clock.now() });
      changed();
      return id;
    },

    requireExpression,
    /** Returns the names of the facts that the expression reads; none for an invalid expression. */
    factsIn: (expression: string): ReadonlySet<string> => parse(expression).expression?.facts ?? new Set(),
    /** Starts the evaluation of a group at once, after its expression has changed. */
    expressionChanged: changed,

    async setTrusted(group: GroupId, trusted: boolean): Promise<void> {
      await store.setTrusted(group, trusted);
      bus.publish({ kind: 'devices' });
    },

    async changeMembers(group: GroupId, add: readonly DeviceId[], remove: readonly DeviceId[]): Promise<void> {
      await store.changeMembers(group, add, remove);
      bus.publish({ kind: 'memberships', devices: [...new Set([...add, ...remove])] });
      bus.publish({ kind: 'devices' });
    },

    start: memberships.start,
    settle: memberships.settle,
  };
}
