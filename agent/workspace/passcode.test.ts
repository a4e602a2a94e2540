/** The passcode of a real workspace: what its files open, the count of attempts, and a crash before each change of a file. */
import { createDecipheriv, hkdfSync } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Disk, destroyFile, writeWhole } from './disk.ts';
import { openWorkspace as open, type Workspace, type WorkspaceState } from './workspace.ts';

const LOCK_SHARE = Buffer.alloc(32, 7);
const RESET_SHARE = Buffer.alloc(32, 9);
const OTHER_SHARE = Buffer.alloc(32, 8);
const PASSCODE = 'correct horse';
const LIMITS = { minimumLength: 6, attempts: 3 };
const SECRET = Buffer.from('the budget of the embassy');

/** A cheap cost, because the tests check many passcodes. */
const openWorkspace = (path: string, disk?: Disk) => open(path, { disk, passcodeCost: { memory: 64, passes: 1 } });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-passcode-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function withPasscode(): Promise<Workspace> {
  const workspace = await openWorkspace(folder);
  await workspace.put('a', SECRET);
  await workspace.passcode.set(PASSCODE, LIMITS, RESET_SHARE);
  return workspace;
}

const keyFiles = () =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.key'))
    .sort();

describe('passcode', () => {
  it('keeps the workspace open until it is forgotten, and opens it again', async () => {
    const workspace = await withPasscode();
    expect([workspace.state(), await workspace.get('a')]).toEqual(['open', SECRET]);
    expect(keyFiles()).toEqual(['passcode.key', 'recovery.key', 'wrapping.key']);
    expect(await workspace.passcode.forget()).toBe(true);
    expect(workspace.state()).toBe('passcode');
    for (const act of [workspace.get('a'), workspace.put('b', SECRET), workspace.list(), workspace.remove('a')]) {
      await expect(act).rejects.toMatchObject({ code: 'workspace_locked' });
    }
    await workspace.passcode.enter(PASSCODE, LIMITS);
    expect(await workspace.get('a')).toEqual(SECRET);
    const again = await openWorkspace(folder);
    expect([again.state(), again.passcode.isSet()]).toEqual(['passcode', true]);
    await expect(again.passcode.set('another one', LIMITS, OTHER_SHARE)).rejects.toMatchObject({
      code: 'workspace_locked',
    });
  });

  it('leaves no file that opens the workspace without the passcode or the share', async () => {
    const workspace = await open(folder);
    await workspace.passcode.set(PASSCODE, LIMITS, RESET_SHARE);
    const wrapping = readFileSync(join(folder, 'wrapping.key'));
    const recovery = readFileSync(join(folder, 'recovery.key'));
    const file = JSON.parse(readFileSync(join(folder, 'passcode.key'), 'utf8'));
    const derived = (share: Buffer) =>
      Buffer.from(hkdfSync('sha256', wrapping, share, 'cordon workspace recovery', 32));
    const attack = (kek: Buffer, bytes: Buffer, context: string) => {
      const decipher = createDecipheriv('aes-256-gcm', kek, bytes.subarray(0, 12)).setAAD(Buffer.from(context));
      decipher.setAuthTag(bytes.subarray(-16));
      return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
    };
    for (const state of ['open', 'locked', 'recovery', 'locked passcode']) {
      const context = `cordon workspace ${state}`;
      expect(() => attack(wrapping, recovery.subarray(4), context)).toThrow();
      expect(() => attack(wrapping, Buffer.from(file.sealed, 'base64'), context)).toThrow();
      expect(() => attack(derived(LOCK_SHARE), recovery.subarray(4), context)).toThrow();
    }
    expect(attack(derived(RESET_SHARE), recovery.subarray(4), 'cordon workspace recovery')).toHaveLength(32);
    expect(file.header).toMatchObject({ version: 1, minimum: 6, memory: 65_536, passes: 3 });
  });

  it.each([
    ['shorter than the minimum', '12345', 'invalid_input'],
    ['longer than the maximum', 'x'.repeat(257), 'invalid_input'],
    ['with six characters outside the basic plane', '😀😁😂🤣😃😄', null],
    ['that another keyboard writes in another form', 'Ünïcödé', null],
  ])('judges a passcode %s', async (_case, passcode, code) => {
    const workspace = await openWorkspace(folder);
    const set = workspace.passcode.set(passcode, LIMITS, RESET_SHARE);
    if (code !== null) {
      await expect(set).rejects.toMatchObject({ code });
      expect([workspace.state(), workspace.passcode.isSet(), keyFiles()]).toEqual([
        'open',
        false,
        ['open.key', 'wrapping.key'],
      ]);
      return;
    }
    await set;
    await workspace.passcode.forget();
    await workspace.passcode.enter(passcode.normalize('NFD'), LIMITS);
    expect(workspace.state()).toBe('open');
  });

  it('changes and removes the passcode with the present one', async () => {
    const workspace = await withPasscode();
    const change = (current: string) => workspace.passcode.change({ current, next: 'battery staple' }, LIMITS);
    await expect(change('wrong one')).rejects.toMatchObject({ code: 'passcode_wrong' });
    await change(PASSCODE);
    await workspace.passcode.forget();
    await expect(workspace.passcode.enter(PASSCODE, LIMITS)).rejects.toMatchObject({ code: 'passcode_wrong' });
    await workspace.passcode.enter('battery staple', LIMITS);
    await workspace.passcode.remove('battery staple', LIMITS);
    expect(keyFiles()).toEqual(['open.key', 'wrapping.key']);
    expect(await (await openWorkspace(folder)).get('a')).toEqual(SECRET);
    await expect(workspace.passcode.enter(PASSCODE, LIMITS)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('learns at an entry that the passcode is long enough for a stricter policy', async () => {
    const workspace = await withPasscode();
    expect(await workspace.passcode.minimumLength()).toBe(6);
    const stricter = { minimumLength: 10, attempts: 3 };
    await workspace.passcode.enter(PASSCODE, stricter);
    expect(await workspace.passcode.minimumLength()).toBe(10);
    const longest = { minimumLength: 64, attempts: 3 };
    await workspace.passcode.enter(PASSCODE, longest);
    expect(await workspace.passcode.minimumLength()).toBe(PASSCODE.length);
    await workspace.passcode.forget();
    await workspace.passcode.enter(PASSCODE, LIMITS);
    expect(await workspace.get('a')).toEqual(SECRET);
  });
});

describe('failed attempts', () => {
  /** Each letter is an attempt: w wrong, r right, k restart of the agent, u reset by an admin. */
  it.each([
    ['w', 2, 'passcode'],
    ['ww', 1, 'passcode'],
    ['www', 0, 'passcode'],
    ['wwr', 3, 'open'],
    ['wwrww', 1, 'open'],
    ['wkwk', 1, 'passcode'],
    ['wkwkwk', 0, 'passcode'],
    ['wwwr', 0, 'passcode'],
    ['wwwkr', 0, 'passcode'],
    ['wwwu', 3, 'open'],
  ] as const)('after %s leave %i attempts, and the workspace is %s', async (steps, remaining, state) => {
    await withPasscode();
    let workspace = await openWorkspace(folder);
    for (const step of steps) {
      if (step === 'k') workspace = await openWorkspace(folder);
      else if (step === 'u') await workspace.unlock([RESET_SHARE], { resetPasscode: true });
      else await workspace.passcode.enter(step === 'r' ? PASSCODE : 'wrong one', LIMITS).catch(() => undefined);
    }
    expect([await workspace.passcode.remaining(LIMITS), workspace.state()]).toEqual([remaining, state]);
    if (remaining === 0) {
      await expect(workspace.passcode.enter(PASSCODE, LIMITS)).rejects.toMatchObject({ code: 'passcode_closed' });
    }
  });

  it('are counted before the check, and a damaged count closes the passcode', async () => {
    await withPasscode();
    const workspace = await openWorkspace(folder);
    const wrong = workspace.passcode.enter('wrong one', LIMITS);
    await expect.poll(() => existsSync(join(folder, 'attempts')), { interval: 1 }).toBe(true);
    expect(readFileSync(join(folder, 'attempts'), 'utf8')).toBe('1');
    await expect(wrong).rejects.toMatchObject({ code: 'passcode_wrong' });
    writeFileSync(join(folder, 'attempts'), 'none');
    await expect(workspace.passcode.enter(PASSCODE, LIMITS)).rejects.toMatchObject({ code: 'passcode_closed' });
  });

  it('count one after another, even if they arrive at once', async () => {
    await withPasscode();
    const workspace = await openWorkspace(folder);
    const attempts = ['wrong 1', 'wrong 2', 'wrong 3', PASSCODE].map((each) =>
      workspace.passcode.enter(each, LIMITS).then(
        () => 'open',
        (error) => error.code,
      ),
    );
    expect(await Promise.all(attempts)).toEqual([
      'passcode_wrong',
      'passcode_wrong',
      'passcode_closed',
      'passcode_closed',
    ]);
  });
});

describe('lock by an admin', () => {
  it('is stricter than the passcode, which stays set after the unlock', async () => {
    const workspace = await withPasscode();
    await workspace.lock(LOCK_SHARE);
    expect([workspace.state(), workspace.passcode.isSet()]).toEqual(['locked', true]);
    expect(keyFiles()).toEqual(['locked.key', 'recovery.key', 'wrapping.key']);
    await workspace.lock(OTHER_SHARE);
    await expect(workspace.passcode.enter(PASSCODE, LIMITS)).rejects.toMatchObject({ code: 'workspace_locked' });
    await expect(workspace.unlock([OTHER_SHARE, RESET_SHARE])).rejects.toMatchObject({ code: 'workspace_locked' });
    await workspace.unlock([OTHER_SHARE, LOCK_SHARE]);
    expect(workspace.state()).toBe('passcode');
    await workspace.passcode.enter(PASSCODE, LIMITS);
    expect(await workspace.get('a')).toEqual(SECRET);
  });

  it('waits for a check of the passcode, and then counts', async () => {
    await withPasscode();
    const workspace = await openWorkspace(folder);
    const [entered, locked] = [workspace.passcode.enter(PASSCODE, LIMITS), workspace.lock(LOCK_SHARE)];
    await Promise.all([entered, locked]);
    expect(workspace.state()).toBe('locked');
    await workspace.unlock([LOCK_SHARE]);
    expect(workspace.state()).toBe('passcode');
  });

  it('ends together with the passcode in a reset, and a wipe destroys all keys', async () => {
    const workspace = await withPasscode();
    await workspace.lock(LOCK_SHARE);
    await expect(workspace.unlock([LOCK_SHARE], { resetPasscode: true })).rejects.toMatchObject({
      code: 'workspace_locked',
    });
    expect(workspace.state()).toBe('locked');
    await workspace.unlock([LOCK_SHARE, RESET_SHARE], { resetPasscode: true });
    expect([workspace.state(), workspace.passcode.isSet(), await workspace.get('a')]).toEqual(['open', false, SECRET]);
    await workspace.passcode.set('battery staple', LIMITS, OTHER_SHARE);
    await workspace.passcode.enter('wrong one', LIMITS).catch(() => undefined);
    await workspace.wipe();
    expect(readdirSync(folder).sort()).toEqual(['files', 'wiped']);
    expect(workspace.state()).toBe('wiped');
    await workspace.unlock([], { resetPasscode: true });
    expect([workspace.state(), workspace.passcode.isSet(), await workspace.list()]).toEqual(['open', false, []]);
  });
});

describe('a crash before the change number', () => {
  class Crash extends Error {}

  /** A disk that fails from the given change on, as if the machine had stopped there. */
  function dyingDisk(after: number): Disk {
    let left = after;
    const alive = <Args extends unknown[], T>(act: (...args: Args) => Promise<T>) => {
      return async (...args: Args) => {
        if (left === 0) throw new Crash();
        left -= 1;
        return act(...args);
      };
    };
    return { writeWhole: alive(writeWhole), destroyFile: alive(destroyFile) };
  }

  interface Change {
    readonly name: string;
    /** Brings the workspace into the state before the change. */
    readonly before: (workspace: Workspace) => Promise<unknown>;
    readonly change: (workspace: Workspace) => Promise<unknown>;
    /** States that may follow a restart. */
    readonly states: readonly WorkspaceState[];
    /** State after the change is made again. */
    readonly end: WorkspaceState;
  }
  const set = (workspace: Workspace) => workspace.passcode.set(PASSCODE, LIMITS, RESET_SHARE);
  const enter = (workspace: Workspace) => workspace.passcode.enter(PASSCODE, { ...LIMITS, attempts: 100 });
  const CHANGES: readonly Change[] = [
    { name: 'set', before: async () => undefined, change: set, states: ['open', 'passcode'], end: 'open' },
    {
      name: 'change',
      before: set,
      change: (workspace) => workspace.passcode.change({ current: PASSCODE, next: PASSCODE }, LIMITS),
      states: ['passcode'],
      end: 'open',
    },
    {
      name: 'removal',
      before: set,
      change: (workspace) => workspace.passcode.remove(PASSCODE, LIMITS),
      states: ['passcode', 'open'],
      end: 'open',
    },
    {
      name: 'lock',
      before: set,
      change: (workspace) => workspace.lock(LOCK_SHARE),
      states: ['passcode', 'locked'],
      end: 'locked',
    },
    {
      name: 'unlock',
      before: (workspace) => set(workspace).then(() => workspace.lock(LOCK_SHARE)),
      change: (workspace) => workspace.unlock([LOCK_SHARE]),
      states: ['locked', 'passcode'],
      end: 'passcode',
    },
    {
      name: 'reset while locked',
      before: (workspace) => set(workspace).then(() => workspace.lock(LOCK_SHARE)),
      change: (workspace) => workspace.unlock([LOCK_SHARE, RESET_SHARE], { resetPasscode: true }),
      states: ['locked', 'open'],
      end: 'open',
    },
    {
      name: 'reset',
      before: set,
      change: (workspace) => workspace.unlock([RESET_SHARE], { resetPasscode: true }),
      states: ['passcode', 'open'],
      end: 'open',
    },
  ];

  it.each(CHANGES)('of a $name loses no key and opens nothing', async ({ before, change, states, end }) => {
    const prepared = join(folder, 'prepared');
    const workspace = await openWorkspace(prepared);
    await workspace.put('a', SECRET);
    await before(workspace);
    let isComplete = false;
    for (let after = 0; !isComplete; after += 1) {
      const copy = join(folder, `copy-${after}`);
      cpSync(prepared, copy, { recursive: true });
      isComplete = await openWorkspace(copy, dyingDisk(after))
        .then(change)
        .then(
          () => true,
          (error) => {
            expect(error).toBeInstanceOf(Crash);
            return false;
          },
        );
      const restarted = await openWorkspace(copy);
      await restarted.repair();
      expect(states).toContain(restarted.state());
      // `open.key` opens the workspace without a secret, so it never stays beside the passcode.
      if (restarted.state() === 'passcode') expect(existsSync(join(copy, 'open.key'))).toBe(false);
      // A set passcode is not set again.
      const again = ['conflict', 'workspace_locked'];
      if (!isComplete) await change(restarted).catch((error) => expect(again).toContain(error.code));
      if (restarted.state() === 'passcode' && end !== 'passcode') await enter(restarted);
      expect(restarted.state()).toBe(end);
      if (end === 'locked') await restarted.unlock([LOCK_SHARE]);
      if (restarted.state() === 'passcode') await enter(restarted);
      expect(await restarted.get('a')).toEqual(SECRET);
    }
  });
});
