/**
 * `npm run test:vectors -- FOLDER`: checks the MLS working group's published vectors in a copy of its repository, which is not part of this
 * one.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isOurs, MLS_VECTORS } from './mls-vectors.ts';
import type { Vector } from './read-vector.ts';

const folder = process.argv[2] ?? process.env['CORDON_MLS_VECTORS'];

async function run(from: string): Promise<void> {
  let [passed, failed, skipped] = [0, 0, 0];
  for (const [name, holds] of Object.entries(MLS_VECTORS)) {
    const file = join(from, `${name}.json`);
    if (!existsSync(file)) {
      console.log(`FAIL ${name}: ${file} is missing`);
      failed += 1;
      continue;
    }
    const vectors: Vector[] = JSON.parse(readFileSync(file, 'utf8'));
    const ours = vectors.filter(isOurs);
    skipped += vectors.length - ours.length;
    let held = 0;
    for (const [at, vector] of ours.entries()) {
      try {
        await holds(vector);
        held += 1;
      } catch (error) {
        console.log(`FAIL ${name} ${at}: ${error instanceof Error ? error.message : error}`);
      }
    }
    passed += held;
    failed += ours.length - held;
    console.log(`${name}: ${held} of ${ours.length}`);
  }
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped (other suites)`);
  process.exitCode = failed > 0 ? 1 : 0;
}

if (folder === undefined || !existsSync(folder)) {
  console.log(
    'Name the folder test-vectors of a copy of mlswg/mls-implementations (git clone it): npm run test:vectors -- FOLDER',
  );
  process.exitCode = 2;
} else {
  await run(folder);
}
