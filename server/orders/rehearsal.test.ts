import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { parsePlace } from '../../shared/areas/area-code.ts';
import { compileRule } from '../../shared/order/rules.ts';
import { type DeviceId, newDeviceId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { emptyLocation, observe } from '../../shared/verdict/locate.ts';
import { NOW, revisionDocument } from '../../tests/support/signed-documents.ts';
import { briefly } from './briefly.ts';
import {
  countsOf,
  createRehearsal,
  type DeviceStanding,
  nameKey,
  type Rehearsal,
  type Rehearsing,
  sizeOf,
} from './rehearsal.ts';

const pk = parsePlace('PK');
const ask = (more: Partial<Rehearsing> = {}): Rehearsing => ({
  rule: compileRule({ revision: revisionDocument(), lasting: false }),
  exemptions: [],
  listed: 2,
  at: 'now',
  whom: 'all',
  names: new Set(),
  ...more,
});

describe('a rehearsal', () => {
  let fleet: Map<DeviceId, DeviceStanding>;
  let rehearsal: Rehearsal;
  let clock: DrivenClock;
  let asked: number[];
  let under: number;
  let most: number;

  const add = (count: number, more: Partial<DeviceStanding> = {}) => {
    const location = observe(emptyLocation(), { source: 'address', areas: [pk], at: NOW, connected: true });
    for (let index = 0; index < count; index += 1) {
      const place = { home: pk, seat: null, location };
      fleet.set(newDeviceId(), { place, user: 'Somebody', connected: true, listVersion: 2, ...more });
    }
  };

  beforeEach(() => {
    fleet = new Map();
    asked = [];
    under = 0;
    most = 0;
    clock = new DrivenClock(NOW);
    rehearsal = createRehearsal({
      clock,
      jurisdiction: { affectedBy: async () => [...fleet.keys()] },
      standing: {
        standing: async (devices) => {
          asked.push(devices.length);
          under += 1;
          most = Math.max(most, under);
          await turn();
          under -= 1;
          return new Map([...fleet].filter(([device]) => devices.includes(device)));
        },
        activeDevices: async () => fleet.size,
        firstListWith: async () => null,
      },
    });
  });

  it('takes a fleet in slices, one pass at a time, and lets the loop turn between them', async () => {
    add(1_000);
    let turns = 0;
    let looking = true;
    const count = () => {
      turns += 1;
      if (looking) setImmediate(count);
    };
    count();
    const [one, other] = await Promise.all([rehearsal.rehearseAnew(ask()), rehearsal.rehearseAnew(ask({ listed: 3 }))]);
    looking = false;
    expect([sizeOf(one.sets), sizeOf(other.sets)]).toEqual([1_000, 1_000]);
    expect(Math.max(...asked)).toBeLessThanOrEqual(256);
    expect(most).toBe(1);
    expect(turns).toBeGreaterThanOrEqual(asked.length);
  });

  it('puts those together to whom it is the same, and counts them', async () => {
    add(3);
    add(2, { connected: false });
    add(4, { connected: false, listVersion: 1 });
    const { sets, fleet: all, ofApprovers } = await rehearsal.rehearse(ask());
    expect(sets.map(({ devices }) => devices.length)).toEqual([3, 2, 4]);
    expect(countsOf(sets)).toMatchObject({ denied: 9, offline_current: 2, offline_behind: 4, travelling: 0 });
    expect([all, ofApprovers]).toEqual([9, 0]);
  });

  it("finds an approver's device by name or e-mail, however it is written", async () => {
    add(2, { user: 'Ayesha Khan' });
    add(1, { user: ' AYESHA@Example.org ' });
    add(1, { user: 'Ｂｅｎ' });
    add(1, { user: 'Ayesha' });
    const names = new Set(['ayesha khan', 'Ayesha@example.org', 'BEN'].map(nameKey));
    expect((await rehearsal.rehearse(ask({ names }))).ofApprovers).toBe(4);
  });

  it('answers the same question once, until something that it is about differs', async () => {
    add(1);
    const before = ask();
    const [first] = await Promise.all([rehearsal.rehearse(before), rehearsal.rehearse(ask())]);
    expect(asked).toHaveLength(1);
    const { rule } = before;
    const titled = compileRule({ revision: revisionDocument({ order: '2015-002', revision: 5 }), lasting: false });
    expect(await rehearsal.rehearse(ask({ rule: titled }))).toBe(first);
    const device = newDeviceId();
    const others: Partial<Rehearsing>[] = [
      { at: 'effective' },
      { listed: null },
      { whom: 'denied' },
      { names: new Set(['x']) },
      { exemptions: [{ device, salt: '', commitment: '', until: null }] },
      { exemptions: [{ device, salt: '', commitment: '', until: 1 }] },
      { rule: { ...rule, unknown: 'deny' } },
      { rule: { ...rule, visitors: 1 } },
      { rule: { ...rule, nexus: new Set(['home']) } },
      { rule: { ...rule, services: new Set(['mail']) } },
      { rule: { ...rule, disputed: new Map([['kashmir', pk]]) } },
    ];
    for (const other of others) expect(await rehearsal.rehearse(ask(other))).not.toBe(first);
    expect(await rehearsal.rehearseAnew(ask())).not.toBe(first);
    clock.jump(NOW + 3_600_000);
    expect((await rehearsal.rehearse(ask())).at).toBe(NOW + 3_600_000);
  });
});

describe('an answer that is kept for a moment', () => {
  it('is made once for all who wait for it, and anew after its time', async () => {
    let made = 0;
    const make = async () => {
      await turn();
      made += 1;
      return made;
    };
    const kept = briefly<number>({ lasting: 60_000, most: 2 });
    expect(await Promise.all([kept.get('a', make), kept.get('a', make)])).toEqual([1, 1]);
    expect(await kept.get('a', make)).toBe(1);
    // Two are kept, and the oldest goes.
    expect([await kept.get('b', make), await kept.get('c', make), await kept.get('a', make)]).toEqual([2, 3, 4]);
  });

  it('lasts longer the longer it took', async () => {
    const now = vi.spyOn(performance, 'now');
    try {
      let made = 0;
      const at = (ms: number) => now.mockReturnValue(ms);
      const kept = briefly<number>({ lasting: 100, most: 2 });
      const ask = (took: number) =>
        kept.get('a', async () => {
          at(performance.now() + took);
          made += 1;
          return made;
        });
      at(0);
      expect(await ask(10)).toBe(1);
      at(109);
      expect(await ask(0)).toBe(1);
      at(110);
      expect(await ask(1_000)).toBe(2);
      at(5_109);
      expect(await ask(0)).toBe(2);
      at(5_110);
      expect(await ask(0)).toBe(3);
    } finally {
      now.mockRestore();
    }
  });

  it('is not kept when it could not be made', async () => {
    const kept = briefly<string>({ lasting: 60_000, most: 2 });
    await expect(kept.get('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await kept.get('a', async () => 'yes')).toBe('yes');
  });
});
