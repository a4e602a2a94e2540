/**
 * Process that `store-kill.test.ts` kills. It writes grouped rows and two-row transactions as fast as possible. When the store confirms a
 * write, the process prints the write's name.
 */
import { writeSync } from 'node:fs';
import { openDatabase } from '../../server/store/database.ts';
import { setMeta } from '../../server/store/meta-store.ts';

const [file, run] = process.argv.slice(2);
if (!file || !run) throw new Error('usage: store-writer FILE RUN');
const database = await openDatabase({ file });
const write = database.grouped<string>(async (tx, codes) => {
  const rows = codes.map((code) => ({ at: 0, first_at: 0, count: 1, device_id: null, code, detail: 'x'.repeat(200) }));
  await tx.insertInto('alerts').values(rows).execute();
});

async function writeGrouped(writer: number): Promise<void> {
  for (let count = 0; ; count += 1) {
    const code = `${run}-${writer}-${count}`;
    await write(code);
    writeSync(1, `${code}\n`);
  }
}

async function writePairs(): Promise<void> {
  for (let count = 0; ; count += 1) {
    const key = `${run}-pair-${count}`;
    await database.transaction(async (tx) => {
      await setMeta(tx, `${key}-left`, 'x'.repeat(5_000));
      await setMeta(tx, `${key}-right`, '');
    });
    writeSync(1, `${key}\n`);
  }
}

await Promise.all([writePairs(), ...Array.from({ length: 50 }, (_, writer) => writeGrouped(writer))]);
