/** Uploads of files and packages, on each database: in parts, bounded, and without a trace after a failure. */
import { createHash, randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { createBandwidth } from '../../server/bandwidth.ts';
import { createFiles } from '../../server/files/files.ts';
import type { Database } from '../../server/store/database.ts';
import { UploadStore } from '../../server/store/file-parts.ts';
import { FileStore } from '../../server/store/file-store.ts';
import { createUploads, PART, type UploadStore as Port } from '../../server/uploads.ts';
import { describeOnEveryStore } from './every-store.ts';

const LIMITS = { most: 10 * PART, what: 'A file' };

async function* pieces(content: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

const leftovers = async ({ db }: Database) => (await db.selectFrom('upload_parts').select('position').execute()).length;

describeOnEveryStore('uploads', (open) => {
  it('become files with the same bytes, whatever the sizes of the pieces', async () => {
    const database = await open();
    const store = new FileStore(database);
    const uploads = createUploads(new UploadStore(database));
    const files = createFiles({
      store,
      uploads,
      commands: { requireUnfinished: () => Promise.reject(new Error('no device')) },
      requireManagement: async () => undefined,
      bandwidth: createBandwidth(0),
    });
    for (const [length, size] of [
      [1, 1],
      [PART, 7001],
      [2 * PART + 5, 3 * PART],
    ] as const) {
      const content = randomBytes(length);
      const sha256 = createHash('sha256').update(content).digest('hex');
      const upload = (name: string) => files.upload({ name, note: '' }, pieces(content, size), 'acc_a');
      expect(await upload('a.pdf')).toMatchObject({ sha256, size: length });
      const stored: Buffer[] = [];
      for (let position = 0; ; position += 1) {
        const part = await store.part(sha256, position);
        if (!part) break;
        stored.push(part);
      }
      expect(Buffer.concat(stored).equals(content)).toBe(true);
      expect(await upload('a.pdf')).toMatchObject({ sha256 });
      await expect(upload('b.pdf')).rejects.toMatchObject({ code: 'conflict' });
      expect(await leftovers(database)).toBe(0);
      expect(await store.delete(sha256)).toBe(true);
      expect(await store.part(sha256, 0)).toBeNull();
    }
    await expect(files.upload({ name: 'a', note: '' }, pieces(Buffer.alloc(0), 1), 'acc_a')).rejects.toMatchObject({
      code: 'invalid_input',
    });
  });

  it('leave nothing after a failure, an interruption or a restart', async () => {
    const database = await open();
    const uploads = createUploads(new UploadStore(database));
    const receive = (content: AsyncIterable<Uint8Array>) =>
      uploads.receive('acc_a', content, LIMITS, () => Promise.reject(new Error('refused')));
    await expect(receive(pieces(randomBytes(11 * PART), PART))).rejects.toMatchObject({ code: 'too_large' });
    await expect(receive(pieces(randomBytes(2 * PART), PART))).rejects.toThrow('refused');
    async function* broken() {
      yield randomBytes(2 * PART);
      expect(await leftovers(database)).toBe(2);
      throw new Error('the connection ended');
    }
    await expect(receive(broken())).rejects.toThrow('the connection ended');
    expect(await leftovers(database)).toBe(0);

    await database.db
      .insertInto('upload_parts')
      .values({ upload: 'x', position: 0, body: Buffer.alloc(1) })
      .execute();
    await uploads.discardAll();
    expect(await leftovers(database)).toBe(0);
  });

  it('end after a silence, free their slots, and leave slots for other accounts', async () => {
    const database = await open();
    const uploads = createUploads(new UploadStore(database), { silent: 50 });
    const never = Promise.withResolvers<never>();
    async function* silent() {
      yield randomBytes(PART);
      await never.promise;
    }
    const receive = (by: string, content: AsyncIterable<Uint8Array>) =>
      uploads.receive(by, content, LIMITS, async ({ size }) => size);
    const held = [receive('acc_a', silent()), receive('acc_a', silent())];
    const ended = held.map((upload) => expect(upload).rejects.toMatchObject({ code: 'unavailable' }));
    await expect(receive('acc_a', pieces(randomBytes(PART), PART))).rejects.toThrow('Too many files are in transfer');
    expect(await receive('acc_b', pieces(randomBytes(PART), PART))).toBe(PART);
    await Promise.all(ended);
    expect(await leftovers(database)).toBe(0);
    expect(await receive('acc_a', pieces(randomBytes(PART), PART))).toBe(PART);
  });

  it('hold at most one part in memory, and only a few at a time', async () => {
    const database = await open();
    const parts = new UploadStore(database);
    let written = 0;
    let most = 0;
    const counting: Port = {
      append: async (upload, position, body) => {
        await parts.append(upload, position, body);
        written += body.length;
      },
      part: (upload, position) => parts.part(upload, position),
      discard: (upload) => parts.discard(upload),
      discardAll: parts.discardAll,
    };
    const uploads = createUploads(counting);
    let given = 0;
    async function* content() {
      for (let round = 0; round < 100; round += 1) {
        const piece = Buffer.alloc(10_007, round);
        given += piece.length;
        yield piece;
        // The reader asks for the next piece, so it has stored every complete part.
        most = Math.max(most, given - written);
      }
    }
    const hash = createHash('sha256');
    for (let round = 0; round < 100; round += 1) hash.update(Buffer.alloc(10_007, round));
    const digest = hash.digest('hex');
    await uploads.receive('acc_a', content(), LIMITS, async ({ sha256, size, parts: count, read }) => {
      expect([sha256, size, count]).toEqual([digest, 1_000_700, Math.ceil(1_000_700 / PART)]);
      const across = await read(PART - 3, 6);
      expect([...across]).toEqual([...Buffer.alloc(6, Math.floor(PART / 10_007))]);
      expect(await read(1_000_700 - 2, 10)).toHaveLength(2);
      expect(await read(2_000_000, 10)).toHaveLength(0);
    });
    expect(most).toBeLessThan(PART);

    const slow = Array.from({ length: 2 }, () => gate());
    const running = slow.map(({ content: waiting }) => uploads.receive('acc_b', waiting, LIMITS, async () => 'stored'));
    await expect(uploads.receive('acc_b', content(), LIMITS, async () => 'stored')).rejects.toMatchObject({
      code: 'unavailable',
    });
    for (const { end } of slow) end();
    expect(await Promise.all(running)).toEqual(['stored', 'stored']);
  });
});

/** Content that ends when the test says so. */
function gate() {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  async function* content() {
    yield Buffer.from('a');
    await ended;
  }
  return { content: content(), end };
}
