/**
 * Equal evidence, orders and time must give equal verdicts in the server's modules and in the agent's enforcement, each over its own store.
 * The two exchange only what a connection carries. After a time offline, a device has the server's verdict again.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { addressObservation } from '../../agent/evidence/sensors.ts';
import { observationOf } from '../../server/gateway/observation.ts';
import { parseEvidenceArea, parseHomeArea } from '../../shared/areas/area-code.ts';
import { isCordonError } from '../../shared/errors.ts';
import { NEXUS, SERVICES } from '../../shared/verdict/terms.ts';
import { type BothSides as Both, openBothSides } from '../support/both-sides.ts';
import { openNewStore } from '../support/new-store.ts';
import { PROPOSAL } from '../support/order-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const folder = mkdtempSync(join(tmpdir(), 'cordon-both-sides-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

const area = fc.constantFrom('PK', 'IN', 'AE', 'FR', 'XX-kashmir', 'PK-SD', 'PK-PB');
/** Areas of a position, including those with the result of a polygon comparison. */
const spot = fc.oneof(
  area,
  fc.constantFrom('PK-PB+XZ-lahore@1', 'PK-PB!XZ-lahore@1', 'IN-PB', 'XX-kashmir!XZ-lahore@1'),
);
const country = fc.constantFrom('PK', 'IN', 'AE', 'FR');
const rule = fc.constantFrom('allow' as const, 'deny' as const);
const terms = fc.record({
  areas: fc.uniqueArray(fc.constantFrom('PK', 'IN', 'AE', 'EU', 'PK-SD', 'UN-034', 'XG-ours', 'XZ-lahore'), {
    minLength: 1,
    maxLength: 2,
  }),
  services: fc.uniqueArray(fc.constantFrom(...SERVICES), { minLength: 1 }),
  nexus: fc.uniqueArray(fc.constantFrom(...NEXUS), { minLength: 1 }),
  unknown: rule,
  contested: rule,
  travelers: rule,
  visitors: fc.constantFrom('PT0S', 'PT6H', 'P2D'),
  disputed: fc.constantFrom({}, { kashmir: 'PK' }, { kashmir: 'IN' }),
});
const after = fc.integer({ min: 1, max: 60 });
const sensed = fc.option(fc.uniqueArray(area, { minLength: 1, maxLength: 2 }));
const placed = fc.option(fc.uniqueArray(spot, { minLength: 1, maxLength: 2 }));
/** End of an exemption in hours after the order’s start, or after the current time for a revision. */
const exempt = fc.oneof(fc.constant(null), fc.constant('always' as const), after);
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.constantFrom(1, 8, 10, 60, 400, 1500) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('sense' as const), network: sensed, position: placed, whole: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('connect' as const), address: fc.option(country) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('disconnect' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('propose' as const),
      terms,
      hours: after,
      lasts: fc.option(after),
      exempt,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('act' as const),
      act: fc.constantFrom('revise' as const, 'pause' as const, 'resume' as const, 'withdraw' as const),
      order: fc.nat(3),
      terms,
      exempt,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('home' as const), home: fc.option(country) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('statement' as const),
      kind: fc.constantFrom('presence' as const, 'home' as const),
      area: fc.option(country),
      hours: after,
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

interface Link {
  connected: boolean;
}

/** Two people sign each revision. One person signs a pause. */
async function adopt(both: Both, order: string, revision: number, signers: 1 | 2): Promise<void> {
  const { ada, ben } = both.people;
  for (const person of [ada, ben].slice(0, signers)) await both.world.sign(order, revision, person);
}

async function act(both: Both, each: Extract<Step, { do: 'propose' | 'act' }>): Promise<void> {
  const { world, people, clock, device } = both;
  const { orders } = world;
  try {
    const exemptUntil = (from: number) =>
      each.exempt === null
        ? []
        : [{ device, ...(each.exempt !== 'always' && { until: new Date(from + each.exempt * HOUR).toISOString() }) }];
    if (each.do === 'propose') {
      const effective = clock.now() + each.hours * HOUR;
      const until = each.lasts === null ? null : new Date(effective + each.lasts * HOUR).toISOString();
      const exempt = exemptUntil(effective);
      const proposal = { ...PROPOSAL, ...each.terms, effective: new Date(effective).toISOString(), until, exempt };
      const { order, revision } = await orders.drafting.propose(people.proposer.id, proposal);
      return await adopt(both, order, revision, 2);
    }
    const number = `2015-00${each.order + 1}`;
    const kind = each.act;
    const changes = kind === 'revise' ? { ...each.terms, exempt: exemptUntil(clock.now()) } : {};
    const { revision } = await orders.drafting.proposeAction(people.proposer.id, number, { action: kind, ...changes });
    await adopt(both, number, revision, kind === 'pause' ? 1 : 2);
  } catch (error) {
    if (!isCordonError(error) || error.code === 'internal') throw error;
  }
}

async function perform(both: Both, link: Link, each: Step): Promise<void> {
  const { clock, agent, jurisdiction, device, devices } = both;
  // No evidence source has two values at the same time, because the verdict would then depend on their order.
  clock.jump(clock.now() + MINUTE);
  const now = clock.now();
  switch (each.do) {
    case 'wait':
      return clock.jump(now + each.minutes * MINUTE);
    case 'sense': {
      const [network, position] = [each.network, each.position].map((areas) => areas?.map(parseEvidenceArea));
      return agent.evidence.observe([
        ...(network ? [{ source: 'network' as const, areas: network, at: now }] : []),
        ...(position
          ? [{ source: 'position' as const, areas: position, at: now, whole: each.whole && position.length === 1 }]
          : []),
      ]);
    }
    case 'connect': {
      if (link.connected) await disconnect(both);
      link.connected = true;
      const areas = await jurisdiction.observeAddress(device, 1, each.address ?? '127.0.0.1', true);
      const seen = addressObservation(areas, now);
      if (seen) agent.evidence.observe([seen]);
      else agent.evidence.connectionEnded(now);
      return;
    }
    case 'disconnect':
      if (link.connected) await disconnect(both);
      link.connected = false;
      return;
    case 'propose':
    case 'act':
      return act(both, each);
    case 'home':
      await devices.update(device, { home: each.home === null ? null : parseHomeArea(each.home) });
      return;
    case 'statement': {
      const { kind, hours } = each;
      // Server and device would have different input: an offline device lacks the new record, and a record does not state when a location
      // statement was withdrawn.
      if (kind === 'presence' && !link.connected) return;
      const said = each.area && {
        kind,
        reason: 'a call',
        areas: [parseHomeArea(each.area)],
        until: now + hours * HOUR,
      };
      await devices.update(device, { statement: said });
    }
  }
}

async function disconnect({ jurisdiction, device, agent, clock }: Both): Promise<void> {
  await jurisdiction.observeAddress(device, 1, null, false);
  agent.evidence.connectionEnded(clock.now());
}

/** Waits until the server’s scheduled work is done. */
async function quiet(): Promise<void> {
  for (let turns = 0; turns < 30; turns += 1) await turn();
}

/** Exchanges everything that a connection carries: reports to the server, time and documents to the device. */
async function exchange({ world, device, agent, store, jurisdiction, deviceClock, clock }: Both): Promise<void> {
  deviceClock.authenticate(clock.now());
  for (const { seq, item } of store.unconfirmed(0, 1000)) {
    if (item.type === 'evidence') {
      await jurisdiction.observe(device, 1, item.observations.map(observationOf));
    }
    expect(item.type).not.toBe('alert');
    store.confirm(seq);
  }
  const { orders } = world;
  agent.accept.approverSets(orders.approverSets.envelopes());
  const list = orders.list.current();
  if (list && list.version > (agent.documents.list?.version ?? 0)) agent.accept.list(list.envelope);
  const record = await orders.effect.record(device);
  if (record && record.version > (agent.documents.record?.version ?? 0)) agent.accept.record(record.envelope);
  agent.settle();
}

const TERMS = {
  areas: ['EU'],
  services: [...SERVICES],
  unknown: 'deny',
  contested: 'allow',
  travelers: 'allow',
  visitors: 'PT0S',
  disputed: {},
} satisfies Omit<Extract<Step, { do: 'propose' }>['terms'], 'nexus'>;
/** Steps that produce every reason at least once, because the random steps may omit a reason. */
const EVERY_REASON: Step[] = [
  { do: 'connect', address: null },
  { do: 'propose', terms: { ...TERMS, nexus: ['home'] }, hours: 2, lasts: 4, exempt: 3 },
  ...Array.from({ length: 5 }, (): Step => ({ do: 'wait', minutes: 60 })),
  { do: 'propose', terms: { ...TERMS, nexus: ['present', 'network'] }, hours: 2, lasts: null, exempt: null },
  { do: 'propose', terms: { ...TERMS, nexus: ['home'] }, hours: 10, lasts: null, exempt: null },
  { do: 'wait', minutes: 400 },
  { do: 'connect', address: null },
  { do: 'sense', network: ['FR'], position: null, whole: false },
  { do: 'wait', minutes: 400 },
];

it('server and device compute the same verdict from equal evidence, orders and time, and the gates follow it', async () => {
  const met = new Set<string>();
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      const both = await openBothSides(await openNewStore(join(folder, `${count++}.db`)));
      const link: Link = { connected: false };
      try {
        for (const each of steps) {
          const isOnlyTime = link.connected && each.do === 'wait';
          await perform(both, link, each);
          await quiet();
          const { services } = await both.world.orders.effect.verdict(both.device);
          const expected = SERVICES.map((service) => services[service].allowed);
          const gates = () => SERVICES.map((service) => both.agent.gates().get(service)?.open);
          // Only time has passed, so the agent must detect the change without the server. It can, unless its device record is outdated.
          if (
            isOnlyTime &&
            both.agent.documents.record?.version === (await both.world.orders.effect.record(both.device))?.version
          ) {
            expect(gates()).toEqual(expected);
          }
          if (!link.connected) continue;
          await exchange(both);
          const verdict = (await both.world.orders.effect.verdict(both.device)).services;
          expect(both.agent.verdict?.services).toEqual(verdict);
          expect(gates()).toEqual(SERVICES.map((service) => verdict[service].allowed));
          compared += 1;
          for (const service of SERVICES) for (const reason of verdict[service].reasons) met.add(reason);
        }
      } finally {
        await both.close();
      }
    }),
    { numRuns: Number(process.env['CORDON_RUNS'] ?? 40), examples: [[EVERY_REASON]] },
  );
  expect(compared).toBeGreaterThan(100);
  for (const reason of ['present', 'network', 'home', 'exempt', 'exemption_over', 'unknown', 'no_order']) {
    expect(met).toContain(reason);
  }
}, 120_000);
