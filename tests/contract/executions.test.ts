import { expect, it } from 'vitest';
import { LocalBus } from '../../server/bus/bus.ts';
import { createExecutions } from '../../server/orders/effect/executions.ts';
import { ExecutionStore } from '../../server/store/execution-store.ts';
import { expandAreas, parseScopeArea } from '../../shared/areas/area-code.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';
import { openOrderWorld, PROPOSAL } from '../support/order-world.ts';
import { NOW } from '../support/signed-documents.ts';
import { until } from '../support/until.ts';
import { describeOnEveryStore } from './every-store.ts';

const ruleOf = (order: string, effective: number): OrderRule => ({
  order,
  revision: 1,
  services: new Set(['messaging']),
  areas: expandAreas([parseScopeArea('PK')]),
  nexus: new Set(['present']),
  effective,
  until: null,
  pausedUntil: null,
  withdrawn: false,
  visitors: 0,
  unknown: 'allow',
  contested: 'allow',
  stale: 'keep',
  travelers: 'deny',
  waiting: 'hold',
  disputed: new Map(),
});

describeOnEveryStore('executions', (openStore) => {
  it('records an order that starts while the entry of another order is written', async () => {
    const database = await openStore();
    const world = await openOrderWorld(database);
    await world.approverSet([world.people.ada, world.people.ben], [world.people.ada, world.people.ben]);
    const { order: first } = await world.orders.drafting.propose(world.people.proposer.id, PROPOSAL);
    const { order: second } = await world.orders.drafting.propose(world.people.proposer.id, PROPOSAL);
    await world.stop();

    const store = new ExecutionStore(database);
    const clock = new DrivenClock(NOW);
    const rules = [ruleOf(first, NOW + 1_000), ruleOf(second, NOW + 1_500)];
    const warnings: object[] = [];
    const executions = createExecutions({
      store: {
        executions: (order) => store.executions(order),
        lastExecutions: () => store.lastExecutions(),
        recordExecution: async (execution, entry) => {
          await store.recordExecution(execution, entry);
          if (execution.order === first) clock.jump(NOW + 1_500);
        },
      },
      clock,
      rules: () => rules,
      withheld: () => false,
      recorded: () => undefined,
      bus: new LocalBus(),
      log: { warn: (fields) => void warnings.push(fields) },
    });
    await executions.run();
    clock.jump(NOW + 1_000);
    await until(async () => {
      const found = [...(await store.executions(first)), ...(await store.executions(second))];
      expect(found.map(({ order, state, at }) => [order, state, at - NOW])).toEqual([
        [first, 'active', 1_000],
        [second, 'active', 1_500],
      ]);
    });
    await executions.stop();
    expect(warnings).toEqual([]);
  });
});
