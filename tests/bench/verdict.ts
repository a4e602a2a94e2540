/**
 * Verdict for one device, from the cache and computed again under 50 orders. The benchmark runs in this process, with absolute budgets
 * instead of a floor.
 */

import { LocalBus } from '../../server/bus/bus.ts';
import { createVerdicts } from '../../server/orders/effect/verdicts.ts';
import { expandAreas, parseHomeArea, parseScopeArea } from '../../shared/areas/area-code.ts';
import { newDeviceId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { emptyLocation, observeAll } from '../../shared/verdict/locate.ts';
import type { DeviceFacts, OrderRule } from '../../shared/verdict/terms.ts';
import { type Bench, type Extent, firstRun, type Sample, sized } from './measure.ts';

const NOW = Date.parse('2015-11-30T19:00:00Z');
const DAY = 86_400_000;
const DEVICES = 1_000;

const PLACES = ['PK', 'SA', 'AE', 'IN', 'TR', 'EG', 'ID', 'RU', 'CN', 'EU'] as const;

/** Fifty active orders with every kind of nexus. A tenth of them affect the area of the devices. */
const rules: OrderRule[] = Array.from({ length: 50 }, (_, index) => ({
  order: `2015-${String(index + 1).padStart(3, '0')}`,
  revision: 1,
  services: new Set(['messaging', 'mail'] as const),
  areas: expandAreas([parseScopeArea(PLACES[index % PLACES.length] ?? 'PK')]),
  nexus: new Set(['present', 'home', 'network', 'seat'] as const),
  effective: NOW - DAY,
  until: NOW + 30 * DAY,
  pausedUntil: null,
  withdrawn: false,
  unknown: 'allow',
  contested: 'deny',
  stale: 'keep',
  visitors: DAY,
  travelers: 'allow',
  waiting: 'hold',
  disputed: new Map(),
}));

function facts(): DeviceFacts {
  const observed = { areas: [parseHomeArea('PK')], at: NOW - 60_000 };
  return {
    home: parseHomeArea('PK'),
    seat: parseHomeArea('SE'),
    exemptions: [],
    location: observeAll(emptyLocation(), [
      { source: 'network', ...observed },
      { source: 'address', connected: true, ...observed },
    ]),
    listExpires: null,
  };
}

async function perVerdict(usual: number, fromScratch: boolean, extent: Extent): Promise<Sample[]> {
  const repeat = sized(usual, extent);
  const devices = Array.from({ length: DEVICES }, newDeviceId);
  const known = facts();
  const verdicts = createVerdicts({
    clock: new DrivenClock(NOW),
    bus: new LocalBus(),
    log: { warn: () => undefined },
    rules: () => rules,
    facts: async () => known,
    affectedBy: async () => [],
  });
  for (const device of devices) await verdicts.verdict(device);
  const samples: Sample[] = [];
  for (let run = firstRun(extent); run < extent.runs; run += 1) {
    const started = process.cpuUsage();
    let denied = 0;
    for (let round = 0; round < repeat; round += 1) {
      if (fromScratch) verdicts.invalidate(devices);
      for (const device of devices) {
        const verdict = fromScratch ? await verdicts.verdict(device) : verdicts.cached(device);
        if (verdict?.services.messaging.allowed === false) denied += 1;
      }
    }
    // CPU time is measured, because other processes may use this core.
    const { user, system } = process.cpuUsage(started);
    const value = (user + system) / (repeat * DEVICES);
    if (denied !== repeat * DEVICES) throw new Error('a verdict was not what it must be');
    if (run >= 0) samples.push({ value, floor: null, busy: null });
  }
  verdicts.stop();
  return samples;
}

export const verdictBenches = (extent: Extent): Bench[] => [
  { name: 'verdict-cache', unit: 'µs of CPU', budget: 1, better: 'less', run: () => perVerdict(1_000, false, extent) },
  { name: 'verdict-scratch', unit: 'µs of CPU', budget: 20, better: 'less', run: () => perVerdict(10, true, extent) },
];
