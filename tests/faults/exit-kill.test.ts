/**
 * An order's exit with kill -9 during it. The device is killed around the writes that record and report its wipe. The server is killed
 * around the writes that end the enrollment and delete the device's data. After a restart, the exit ends with the same result, and each
 * receipt exists once.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { receiptList } from '../../shared/api/affected-devices.ts';
import { orderExit } from '../../shared/api/order-rollout.ts';
import { orderList } from '../../shared/api/orders.ts';
import { openPlayer } from '../replay/player.ts';
import { parseTimeline, type Step } from '../replay/timeline.ts';
import type { DeathAt } from '../support/mortal-writes.ts';

const KILLS = Number(process.env['CORDON_FAULTS'] ?? 3);

const order = {
  order: 'leave',
  areas: ['PK'],
  services: ['messaging'],
  nexus: ['home'],
  effective: '2026-02-01T00:00',
};
const timeline = parseTimeline(
  JSON.stringify({
    name: 'exit-kill',
    about: '',
    zone: 'UTC',
    fleet: [{ label: 'office', count: 1, home: 'PK' }],
    steps: [
      { at: '2026-01-31T09:00', do: 'propose', ...order, mode: 'exit', exportWindow: 'P1D' },
      { at: '2026-01-31T09:01', do: 'approve', order: 'leave' },
      { at: '2026-02-01T00:01', expect: 'state', label: 'office', services: { messaging: 'denied' } },
      { at: '2026-02-03T09:00', do: 'exit', order: 'leave' },
      { at: '2026-02-03T09:01', expect: 'workspace', label: 'office', workspace: 'wiped', enrolled: false },
    ],
  }),
);
const isExit = (step: Step) => 'do' in step && step.do === 'exit';

interface Death extends DeathAt {
  readonly who: string;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-exit-kill-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Plays the timeline. Returns the final result, and the writes of server and device during the exit. */
async function play(name: string, death: Death | null) {
  const player = await openPlayer(timeline, join(folder, name), { mortal: true });
  try {
    const writes = new Map<string, readonly string[]>();
    for (const step of timeline.steps) {
      // Resets the counters, so that only the writes of the exit are counted.
      if (isExit(step)) await player.writes();
      if (isExit(step) && death) await player.mortals.dieAt(death.who, death);
      const { failure } = await player.play(step);
      expect(failure, `step ${step.number}, ${JSON.stringify(death)}`).toBeNull();
      if (isExit(step)) for (const [who, names] of await player.writes()) writes.set(who, names);
    }
    const { api } = player.owner;
    const [known] = (await api.call('GET', '/orders', orderList)).orders;
    const [office] = await player.fleet('office').states();
    const path = `/orders/${known?.number}/receipts?device=${office?.device}`;
    const { receipts } = await api.call('GET', path, receiptList);
    const { exit } = await api.call('GET', `/orders/${known?.number}/exit`, orderExit);
    return {
      writes,
      fell: player.mortals.fallen.length,
      wiped: receipts.filter(({ kind }) => kind === 'wiped').length,
      exit: exit && { wiped: exit.wiped, silent: exit.silent, certificates: exit.destroyed.certificates },
    };
  } finally {
    await player.close();
  }
}

/** Kill points before and after each relevant write, alternating between device and server. */
function deathsIn(writes: ReadonlyMap<string, readonly string[]>): Death[] {
  const of = (who: string, matters: RegExp) => {
    const count = new Map<string, number>();
    return (writes.get(who) ?? []).flatMap((write) => {
      const nth = (count.get(write) ?? 0) + 1;
      count.set(write, nth);
      if (!matters.test(write)) return [];
      return (['in front of', 'behind'] as const).map((side): Death => ({ who, write, nth, side }));
    });
  };
  const device = of('office', /^(insert|commit of insert) (state|outbox)$/).toReversed();
  const server = of(
    'server',
    /^(insert device_exits|delete attachments|commit of insert (device_exits|ledger_entries)|update receipts)$/,
  );
  return device
    .flatMap((death, at) => [death, ...(server[at] ? [server[at]] : [])])
    .concat(server.slice(device.length));
}

it(`an exit has the same result as without a crash when server or device is killed with -9 at ${KILLS} points`, {
  timeout: 60_000 + KILLS * 30_000,
}, async () => {
  const { writes, ...whole } = await play('whole', null);
  expect(whole).toEqual({ fell: 0, wiped: 1, exit: { wiped: 1, silent: 0, certificates: 1 } });
  const deaths = deathsIn(writes).slice(0, KILLS);
  expect(new Set(deaths.map(({ who }) => who))).toEqual(new Set(['office', 'server']));
  let fell = 0;
  for (const [at, death] of deaths.entries()) {
    const { writes: _writes, ...killed } = await play(`${at}`, death);
    console.log(
      `${death.who} ${death.side} ${death.write} ${death.nth}: ${killed.fell === 1 ? 'killed there' : 'did not reach this write'}`,
    );
    expect({ ...killed, fell: 0 }).toEqual(whole);
    fell += killed.fell;
  }
  expect(fell).toBeGreaterThan(deaths.length / 2);
});
