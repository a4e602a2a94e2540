/**
 * Members of dynamic groups. A change of a device's facts marks the device in the store, and this module then evaluates the expressions
 * that use these facts. A new expression is evaluated for all devices, some at a time. Both continue after a crash, because the store has
 * the marks and the position of the build, and evaluations can be repeated.
 */
import { Loop } from '../../shared/loops/loop.ts';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import type { Expression, ExpressionParser } from './expression.ts';
import { FACT_SOURCES, type FactValues } from './facts.ts';
import type { Pauses } from './pauses.ts';
import type { ChangedDevice, DynamicGroup, FactReader, GroupMemberStore, MembershipPair } from './ports.ts';

/** Number of devices that one step evaluates. The queries and writes of a step take a few milliseconds each. */
const STEP = 200;
/**
 * Number of devices in one step of a build (the first evaluation of an expression). It is larger, because these writes share pages of the
 * database.
 */
const BUILD_STEP = 1_000;
/** Milliseconds between two searches for changed devices. */
const EVERY = 1_000;
const RETRY_AFTER = 5_000;
/** Maximum number of compiled expressions in memory. When it is reached, all are deleted and compiled again when needed. */
const MOST_COMPILED = 1_000;

export interface MembershipsPorts {
  readonly store: GroupMemberStore;
  readonly facts: FactReader;
  readonly parse: ExpressionParser;
  readonly pauses: Pauses;
  readonly bus: Pick<Bus, 'publish'>;
  readonly clock: Clock;
}

interface Evaluated {
  readonly group: DynamicGroup;
  readonly expression: Expression;
}

export function createMemberships({ store, facts, parse, pauses, bus, clock }: MembershipsPorts) {
  let loop: Loop | null = null;
  const compiled = new Map<string, Expression | null>();

  /** Expressions of the groups. An expression that a newer catalog of facts no longer accepts has no members. */
  function compile(groups: readonly DynamicGroup[]): Evaluated[] {
    if (compiled.size > MOST_COMPILED) compiled.clear();
    return groups.flatMap((group) => {
      const expression = compiled.get(group.expression) ?? parse(group.expression).expression;
      compiled.set(group.expression, expression);
      return expression ? [{ group, expression }] : [];
    });
  }

  /** Finds the members among the given devices. A device with an unknown result is no member. */
  async function membersOf(
    devices: readonly DeviceId[],
    expressions: readonly Evaluated[],
    values: ReadonlyMap<DeviceId, FactValues>,
  ): Promise<ReadonlyMap<GroupId, ReadonlySet<DeviceId>>> {
    const members = new Map<GroupId, Set<DeviceId>>(expressions.map(({ group }) => [group.id, new Set()]));
    for (const device of devices) {
      const known = values.get(device) ?? {};
      for (const { group, expression } of expressions) {
        if (expression.evaluate(known) === true) members.get(group.id)?.add(device);
        if (pauses.isDue(expression.cost)) await pauses.pause();
      }
    }
    return members;
  }

  /** Evaluates groups for devices, and stores the differences. Returns the devices whose memberships changed. */
  async function evaluate(
    devices: readonly DeviceId[],
    groups: readonly DynamicGroup[],
    progress: { readonly processed: readonly ChangedDevice[]; readonly builtAfter?: string | null },
  ): Promise<void> {
    const expressions = compile(groups);
    const sources = expressions.reduce((bits, { expression }) => bits | expression.sources, 0);
    const values = await facts.facts(devices, sources, clock.now());
    const members = await membersOf(devices, expressions, values);
    const stored = await store.memberships(
      devices,
      groups.map(({ id }) => id),
    );
    const { add, remove } = differences(members, stored);
    await store.apply({ evaluated: groups, add, remove, ...progress });
    const moved = [...new Set([...add, ...remove].map(({ device }) => device))];
    if (moved.length === 0) return;
    bus.publish({ kind: 'memberships', devices: moved });
    bus.publish({ kind: 'devices' });
  }

  /** Evaluates the groups for the devices with changed facts. Returns false if no device has changed. */
  async function evaluateChanged(): Promise<boolean> {
    const processed = await store.changed(STEP);
    if (processed.length === 0) return false;
    const groups = await store.dynamicGroups();
    const sources = processed.reduce((bits, each) => bits | each.sources, 0);
    const concerned = compile(groups).filter(({ expression }) => (expression.sources & sources) !== 0);
    await evaluate(
      processed.map(({ device }) => device),
      concerned.map(({ group }) => group),
      { processed },
    );
    return true;
  }

  /** Continues the build of new expressions by one step. Returns false if all groups are complete. */
  async function build(): Promise<boolean> {
    const unfinished = (await store.dynamicGroups()).filter(({ builtAfter }) => builtAfter !== null);
    const [first = null] = unfinished.map(({ builtAfter }) => builtAfter).sort();
    if (first === null) return false;
    // Groups whose builds are at the same position share one read of the facts.
    const groups = unfinished.filter(({ builtAfter }) => builtAfter === first);
    const devices = await store.devicesAfter(first, BUILD_STEP, null);
    const last = devices.length < BUILD_STEP ? null : (devices.at(-1) ?? null);
    await evaluate(devices, groups, { processed: [], builtAfter: last });
    if (last === null) bus.publish({ kind: 'devices' });
    return true;
  }

  async function run(current: Loop): Promise<void> {
    const usesAreas = compile(await store.dynamicGroups()).some(
      ({ expression }) => (expression.sources & FACT_SOURCES.location) !== 0,
    );
    while (usesAreas && !current.stopped && !(await store.markExpiredLocations(clock.now(), STEP)))
      await pauses.pause();
    while (!current.stopped && ((await evaluateChanged()) || (await build()))) await pauses.pause();
    while (!current.stopped && !(await store.deleteEndedMembers(STEP * 5))) await pauses.pause();
  }

  return {
    /** Starts an evaluation now. Otherwise the next evaluation starts within a second. */
    request: (): void => loop?.request(),
    start(failed: (error: unknown) => void): () => Promise<void> {
      const started = new Loop({ run, failed, every: EVERY, retryAfter: RETRY_AFTER });
      loop = started;
      started.request();
      return () => started.stop();
    },
    /** Runs all due evaluations, for tests and measurements. */
    async settle(): Promise<void> {
      await run(new Loop({ run: async () => undefined, failed: () => undefined }));
    },
  };
}

function differences(
  members: ReadonlyMap<GroupId, ReadonlySet<DeviceId>>,
  stored: readonly MembershipPair[],
): { readonly add: MembershipPair[]; readonly remove: MembershipPair[] } {
  const before = new Map<GroupId, Set<DeviceId>>();
  for (const { group, device } of stored) {
    const devices = before.get(group);
    if (devices) devices.add(device);
    else before.set(group, new Set([device]));
  }
  const remove = stored.filter(({ group, device }) => !members.get(group)?.has(device));
  const add = [...members].flatMap(([group, devices]) =>
    [...devices].flatMap((device) => (before.get(group)?.has(device) ? [] : [{ group, device }])),
  );
  return { add, remove };
}
