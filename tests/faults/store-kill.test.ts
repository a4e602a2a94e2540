import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { openDatabase } from '../../server/store/database.ts';

const KILLS = Number(process.env['CORDON_FAULTS'] ?? 5);
const WRITER = fileURLToPath(new URL('store-writer.ts', import.meta.url));

/** Runs the writer until its first acknowledgment, and kills it a random time later. Returns the acknowledged writes. */
async function writeAndKill(file: string, run: number): Promise<string[]> {
  const child = spawn(process.execPath, [WRITER, file, String(run)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  const exited = once(child, 'exit');
  const ended = once(child.stdout, 'end');
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  await Promise.race([once(child.stdout, 'data'), exited]);
  await delay(Math.random() * 150);
  child.kill('SIGKILL');
  await Promise.all([exited, ended]);
  // The last line may be incomplete. Only complete lines are acknowledgments.
  return output.split('\n').slice(0, -1);
}

it(`case 54: the store has all acknowledged writes after each of ${KILLS} kills with -9`, {
  timeout: 60_000 + KILLS * 10_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-kill-'));
  const file = join(folder, 'cordon.db');
  const acknowledged: string[] = [];
  for (let run = 0; run < KILLS; run += 1) {
    const written = await writeAndKill(file, run);
    expect(written.length).toBeGreaterThan(0);
    acknowledged.push(...written);
    const database = await openDatabase({ file });
    const alerts = new Set((await database.db.selectFrom('alerts').select('code').execute()).map(({ code }) => code));
    const keys = new Set((await database.db.selectFrom('meta').select('key').execute()).map(({ key }) => key));
    const there = (word: string) => alerts.has(word) || (keys.has(`${word}-left`) && keys.has(`${word}-right`));
    expect(acknowledged.filter((word) => !there(word))).toEqual([]);
    const halves = [...keys]
      .filter((key) => /-(left|right)$/.test(key))
      .map((key) => key.replace(/-(left|right)$/, ''));
    expect(halves.length).toBe(new Set(halves).size * 2);
    const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(database.db);
    expect(rows).toEqual([{ integrity_check: 'ok' }]);
    await database.close();
  }
  rmSync(folder, { recursive: true, force: true });
  console.log(`${acknowledged.length} acknowledged writes in ${KILLS} kills, none lost`);
});
