/** Imports go one way: the rules, with the reason beside each, are in `.dependency-cruiser.cjs`. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';

const cruise = (...paths: string[]) =>
  spawnSync('depcruise', ['--config', '.dependency-cruiser.cjs', '--output-type', 'err-long', ...paths], {
    encoding: 'utf8',
  });

describe('imports', () => {
  const probe = 'shared/import-probe';
  afterEach(() => rmSync(probe, { recursive: true, force: true }));

  it('go one way', () => {
    const { status, stdout } = cruise('server', 'agent', 'shared', 'certs');
    expect(stdout).toContain('no dependency violations found');
    expect(status).toBe(0);
  });

  it.each([
    ['shared-stands-alone', "import '../../server/config.ts';"],
    ['sql-in-store-only', "import 'kysely';"],
    ['forge-in-certs-only', "import 'node-forge';"],
    ['tests-are-not-shipped', "import '../../tests/run.ts';"],
  ])('a probe that breaks %s is refused with its reason', (rule, source) => {
    mkdirSync(probe, { recursive: true });
    writeFileSync(`${probe}/probe.ts`, `${source}\n`);
    const { status, stdout } = cruise(probe);
    expect(stdout).toContain(rule);
    expect(status).not.toBe(0);
  });
});
