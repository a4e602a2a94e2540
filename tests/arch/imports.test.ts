/** Import rules. `.dependency-cruiser.cjs` has the rules with their reasons. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';

const cruise = (...paths: string[]) =>
  spawnSync('depcruise', ['--config', '.dependency-cruiser.cjs', '--output-type', 'err-long', ...paths], {
    encoding: 'utf8',
  });

describe('imports', () => {
  // A hidden folder, which a build of the pages at the same time does not count as a source.
  const probeIn = (folder: string) => `${folder}/.import-probe`;
  afterEach(() => {
    for (const folder of [
      'shared',
      'shared/seal',
      'agent',
      'server',
      'server/api',
      'server/console',
      'agent/link',
      'agent/page/client',
    ]) {
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
    ['pages-run-in-a-browser', 'server/console', "import 'node:path';"],
    ['pages-run-in-a-browser', 'server/console', "import '../../../shared/order/verify-list.ts';"],
    ['server-cannot-read', 'server', "import '../../shared/seal/open.ts';"],
    [
      'server-cannot-read',
      'server',
      "import '../../agent/.import-probe/through.ts';",
      "import '../../shared/seal/suite.ts';",
    ],
    ['mls-in-seal-only', 'agent', "import 'ts-mls';"],
    ['mls-in-seal-only', 'server/api', "import 'ts-mls/welcome.js';"],
    ['seal-runs-in-a-browser', 'shared/seal', "import '../../order/digest.ts';"],
    ['console-is-a-client', 'server', "import '../console/build.ts';"],
    ['page-by-its-api', 'agent/page/client', "import '../../../agent.ts';"],
    ['pages-run-in-a-browser', 'agent/page/client', "import '../../../../shared/order/verify-list.ts';"],
    ['page-on-demand', 'agent/link', "import '../../page/page.ts';"],
    ['look-for-pages-only', 'server/api', "import '../../../shared/look/theme.ts';"],
    ['pages-built-and-served-by-their-owners', 'server', "import '../../shared/pages/build.ts';"],
    ['production-without-build-tools', 'server', "import 'react';"],
    ['console-by-its-build', 'server/api', "import '../../console/main.tsx';"],
    ['http-without-undici', 'agent/link', "import 'node:http';"],
    ['parts-of-packages', 'server', "import 'rate-limiter-flexible';"],
    ['packages-on-demand', 'server', "import 'pg';"],
  ])('a probe that breaks %s in %s is refused with its reason', (rule, folder, source, through = '') => {
    const probe = probeIn(folder);
    for (const made of [probe, probeIn('agent')]) mkdirSync(made, { recursive: true });
    writeFileSync(`${probe}/probe.ts`, `${source}\n`);
    writeFileSync(`${probeIn('agent')}/through.ts`, `${through}\n`);
    const { status, stdout } = cruise(probe);
    expect(stdout).toContain(rule);
    expect(status).not.toBe(0);
  });
});
