import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isCordonError } from '../../shared/errors.ts';
import { signerOf } from '../../shared/order/dsse.ts';
import {
  behindMark,
  judgeMark,
  markFilesOf,
  readMark,
  readMarks,
  requireSignedMark,
  type StoreHeights,
  writeMark,
} from './high-water-mark.ts';
import { startMarkKeeper } from './mark-keeper.ts';

const folder = mkdtempSync(join(tmpdir(), 'cordon-mark-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const [ROOT, OTHER] = ['a'.repeat(64), 'b'.repeat(64)];
const HEIGHTS: StoreHeights = { counter: 7, ledger: { size: 40, root: ROOT }, list: 5, crl: 3, approvers: 2 };
const MARK = { installation: 'ins_a', at: Date.parse('2026-05-03T10:00:00Z'), heights: HEIGHTS };

function keys() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    ...signerOf(privateKey),
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  };
}

describe('a store', () => {
  it.each([
    ['at the mark', {}, ROOT, []],
    ['ahead of the mark', { counter: 9, list: 6, ledger: { size: 41, root: OTHER } }, ROOT, []],
    ['with an older order list', { list: 4 }, ROOT, ['order list 4 instead of 5']],
    ['with an older revocation list', { crl: 2 }, ROOT, ['revocation list 2 instead of 3']],
    ['with an older approver set', { approvers: 1 }, ROOT, ['approver set 1 instead of 2']],
    ['with fewer writes', { counter: 6 }, ROOT, ['write counter 6 instead of 7']],
    ['with a smaller ledger', { ledger: { size: 39, root: OTHER } }, null, ['ledger size 39 instead of 40']],
    ['with another ledger of this size', {}, OTHER, ['another ledger with 40 entries']],
  ])('%s', (_name, changed, rootThere, expected) => {
    expect(behindMark(HEIGHTS, { ...HEIGHTS, ...changed }, rootThere)).toEqual(expected);
  });

  it('that was set back is refused with what it lacks, and with the ways to continue', () => {
    const store = { name: '/data/cordon.db', installation: 'ins_a', heights: { ...HEIGHTS, crl: 1 } };
    expect(() => judgeMark({ path: '/keys/high-water.mark', mark: MARK }, store, ROOT)).toThrow(
      /set back to a state before 2026-05-03T10:00:00.000Z: revocation list 1 instead of 3\..*Nothing was changed.*cordon restore.*cordon accept-rollback/,
    );
  });

  it('of another installation is refused', () => {
    const store = { name: 'x', installation: 'ins_b', heights: HEIGHTS };
    expect(() => judgeMark({ path: 'm', mark: MARK }, store, ROOT)).toThrow(/belongs to ins_a.*Nothing was changed/);
  });
});

describe('a mark', () => {
  const paths = markFilesOf(join(folder, 'keys'), join(folder, 'people'));

  it('is written into both folders, and its signature is checked', async () => {
    const online = keys();
    await writeMark(paths, MARK, online);
    for (const path of paths) {
      const stored = readMark(path);
      if (!stored) throw new Error(`there is no mark at ${path}`);
      expect(stored.mark).toEqual(MARK);
      requireSignedMark(stored, online);
      expect(() => requireSignedMark(stored, keys())).toThrow(/did not sign it. Nothing was changed/);
    }
  });

  it('that is damaged is refused', () => {
    const path = join(folder, 'damaged.mark');
    writeFileSync(path, '{"payload":');
    expect(() => readMark(path)).toThrow(/damaged\.mark is damaged/);
  });
});

describe('the copies of the mark', () => {
  const copies = (name: string) => {
    const paths = markFilesOf(join(folder, name, 'keys'), join(folder, name, 'people'));
    return { paths, write: () => writeMark(paths, MARK, keys()) };
  };

  it('are readable if one of them is damaged or missing, and the damaged one is named', async () => {
    const { paths, write } = copies('one');
    const [first = '', second = ''] = paths;
    expect(readMarks(paths)).toEqual({ marks: [], damaged: [] });
    await write();
    expect(readMarks(paths)).toMatchObject({ marks: [{ path: first }, { path: second }], damaged: [] });
    for (const [damaged, good] of [
      [first, second],
      [second, first],
    ] as const) {
      await write();
      writeFileSync(damaged, '{"payload":');
      expect(readMarks(paths)).toMatchObject({ marks: [{ path: good, mark: MARK }], damaged: [damaged] });
    }
  });

  it('are refused if no copy is readable', async () => {
    const { paths, write } = copies('none');
    await write();
    for (const path of paths) writeFileSync(path, '');
    expect(() => readMarks(paths)).toThrow(/is damaged.*Nothing was changed/);
    rmSync(paths[0] ?? '');
    expect(() => readMarks(paths)).toThrow(/is damaged.*Nothing was changed/);
  });
});

describe('the keeper of the mark', () => {
  const storeOf = (heights: StoreHeights) => {
    const present = { ...heights };
    return {
      present,
      heights: async () => ({ ...present }),
      saveCounter: async (counter: number) => {
        present.counter = counter;
      },
    };
  };
  const start = (name: string, store: ReturnType<typeof storeOf>, logged: string[] = []) =>
    startMarkKeeper({
      store,
      paths: [join(folder, name, 'high-water.mark')],
      installation: 'ins_a',
      online: keys(),
      now: () => 1,
      log: { error: (_facts, message) => void logged.push(message) },
    });
  const written = (name: string) => readMark(join(folder, name, 'high-water.mark'))?.mark.heights;

  it('covers a version before it is published, and the last writes at the stop', async () => {
    const store = storeOf(HEIGHTS);
    const keeper = await start('kept', store);
    expect(written('kept')).toEqual({ ...HEIGHTS, counter: 8 });
    store.present.list = 6;
    await keeper.cover('list', 6);
    expect(written('kept')).toMatchObject({ list: 6, counter: 9 });
    await keeper.cover('list', 6);
    expect(written('kept')).toMatchObject({ counter: 9 });
    store.present.crl = 4;
    await keeper.stop();
    expect(written('kept')).toMatchObject({ crl: 4, counter: 10 });
  });

  it('publishes nothing while the mark cannot be written, and continues afterward', async () => {
    const [store, logged] = [storeOf(HEIGHTS), [] as string[]];
    const keeper = await start('blocked', store, logged);
    const path = join(folder, 'blocked', 'high-water.mark');
    // A folder of this name makes the rename fail, also for root.
    rmSync(path);
    mkdirSync(path);
    store.present.crl = 4;
    const code = await keeper.cover('crl', 4).catch((error: unknown) => isCordonError(error) && error.code);
    expect(code).toBe('unavailable');
    expect(keeper.failure()).not.toBeNull();
    expect(logged).toHaveLength(1);
    rmSync(path, { recursive: true });
    await keeper.cover('crl', 4);
    expect(keeper.failure()).toBeNull();
    expect(readFileSync(path, 'utf8')).toContain('payload');
    await keeper.stop();
  });
});
