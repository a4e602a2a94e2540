import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { changedPaths, listSourceTree } from './source-tree.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cordon-tree-'));
  for (const folder of ['server/console/dist', 'node_modules/x', 'tests'])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'tests/a.ts'), 'a');
  writeFileSync(join(root, 'tests/b.ts'), 'b');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it('names what was added, changed or removed, and nothing of build output or packages', () => {
  const before = listSourceTree(root);
  expect(changedPaths(before, listSourceTree(root))).toEqual([]);
  writeFileSync(join(root, 'server/console/dist/index.js'), '');
  writeFileSync(join(root, 'node_modules/x/index.js'), '');
  mkdirSync(join(root, '.cordon'));
  writeFileSync(join(root, '.cordon/cordon.db'), '');
  rmSync(join(root, 'tests/a.ts'));
  // Written back with the same content: still a write.
  writeFileSync(join(root, 'tests/b.ts'), 'b');
  utimesSync(join(root, 'tests/b.ts'), new Date(), new Date(Date.now() + 1000));
  expect(changedPaths(before, listSourceTree(root))).toEqual([
    '.cordon',
    '.cordon/cordon.db',
    'tests/a.ts',
    'tests/b.ts',
  ]);
});
