/** Imports go one way: the rules, with the reason beside each, are in `.dependency-cruiser.cjs`. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';

const cruise = (...paths: string[]) =>
  spawnSync('depcruise', ['--config', '.dependency-cruiser.cjs', '--output-type', 'err-long', ...paths], {
    encoding: 'utf8',
  });

describe('imports', () => {
  const probeIn = (folder: string) => `${folder}/import-probe`;
  afterEach(() => {
    for (const folder of ['shared', 'server', 'server/api', 'server/console']) {
      rmSync(probeIn(folder), { recursive: true, force: true });
    }
  });

  it('go one way', () => {
    const { status, stdout } = cruise('server', 'agent', 'shared', 'certs');
    expect(stdout).toContain('no dependency violations found');
    expect(status).toBe(0);
  });

  it.each([
    ['shared-stands-alone', 'shared', "import '../../server/config.ts';"],
    ['sql-in-store-only', 'shared', "import 'kysely';"],
    ['forge-in-certs-only', 'shared', "import 'node-forge';"],
    ['tests-are-not-shipped', 'shared', "import '../../tests/run.ts';"],
    ['console-from-shared-only', 'server/console', "import '../../config.ts';"],
    ['console-runs-in-a-browser', 'server/console', "import 'node:path';"],
    ['console-runs-in-a-browser', 'server/console', "import '../../../shared/order/verify-list.ts';"],
    ['console-is-a-client', 'server', "import '../console/build.ts';"],
    ['console-by-its-build', 'server/api', "import '../../console/main.tsx';"],
  ])('a probe that breaks %s in %s is refused with its reason', (rule, folder, source) => {
    const probe = probeIn(folder);
    mkdirSync(probe, { recursive: true });
    writeFileSync(`${probe}/probe.ts`, `${source}\n`);
    const { status, stdout } = cruise(probe);
    expect(stdout).toContain(rule);
    expect(status).not.toBe(0);
  });
});
