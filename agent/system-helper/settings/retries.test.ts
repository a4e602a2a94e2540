/** Decisions of the system helper about a setting that cannot be applied, on a clock that the test drives. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { HelperRefusal } from '../requests.ts';
import type { SettingPart, SettingParts } from './setting-part.ts';
import { openSettingRecords } from './setting-records.ts';
import { createSettings } from './settings.ts';

const MINUTE = 60_000;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-settings-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A part whose next applications fail or succeed as the test says. */
function world() {
  const state = {
    now: 0,
    refusal: null as HelperRefusal | null,
    applied: null as unknown,
    attempts: 0,
    revertFails: false,
  };
  const part: SettingPart<unknown> = {
    isApplied: async (value) => state.applied === value,
    async apply(value) {
      state.attempts++;
      if (state.refusal) throw state.refusal;
      state.applied = value;
    },
    async revert() {
      if (state.revertFails) throw new HelperRefusal('failed', 'The program is broken.');
      state.applied = null;
    },
  };
  const parts = new Proxy({}, { get: () => part }) as SettingParts;
  const records = openSettingRecords(folder);
  const settings = createSettings({
    parts,
    records,
    policy: { settings: ['screen.lock-minutes'] },
    check: async (_, value) => ({ status: state.applied === value ? 'met' : 'not-met', detail: '' }),
    now: () => state.now,
    log: () => undefined,
  });
  const apply = async (minutes: number) => (await settings.apply({ 'screen.lock-minutes': minutes })).settings[0];
  return { state, records, settings, apply };
}

it('tries a value that failed again after 15 minutes, and another value at once', async () => {
  const { state, apply } = world();
  state.refusal = new HelperRefusal('failed', 'logind is broken.');
  for (let round = 0; round < 3; round++) {
    expect(await apply(5)).toMatchObject({
      outcome: 'failed',
      detail: 'logind is broken.',
      check: { status: 'not-met' },
    });
    state.now += 5 * MINUTE - 1;
  }
  expect(state.attempts).toBe(1);
  await apply(10);
  expect(state.attempts).toBe(2);
  state.now += 15 * MINUTE;
  state.refusal = null;
  expect(await apply(10)).toMatchObject({ outcome: 'applied', detail: '', check: { status: 'met' } });
  expect(state.attempts).toBe(3);
  expect(await apply(10)).toMatchObject({ outcome: 'applied' });
  expect(state.attempts).toBe(3);
});

it('repairs a setting at once, and reports a failed repair as failed', async () => {
  const { state, apply } = world();
  await apply(5);
  state.applied = 'of another program';
  expect(await apply(5)).toMatchObject({ outcome: 'repaired' });
  state.applied = 'of another program';
  state.refusal = new HelperRefusal('failed', 'logind is broken.');
  expect(await apply(5)).toMatchObject({ outcome: 'failed' });
});

it('keeps no record of a setting that the device cannot have', async () => {
  const { state, apply, records } = world();
  state.refusal = new HelperRefusal('not_supported', 'The program is not installed.');
  expect(await apply(5)).toMatchObject({ outcome: 'not-supported', detail: 'The program is not installed.' });
  expect(records.all()).toEqual([]);
});

it('tries a reversal again with each request until it succeeds', async () => {
  const { state, apply, settings, records } = world();
  await apply(5);
  state.revertFails = true;
  await settings.apply({});
  expect(records.all()).toHaveLength(1);
  state.revertFails = false;
  await settings.apply({});
  expect([state.applied, records.all()]).toEqual([null, []]);
});
