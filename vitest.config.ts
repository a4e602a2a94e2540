import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The long ones first, so that no worker is left alone with one at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => /\/tests\/(e2e|faults)\/|\/agent\/main\.test/.test(moduleId);
    return [...files].sort((a, b) => Number(isLong(b)) - Number(isLong(a)) || a.moduleId.localeCompare(b.moduleId));
  }
}

export default defineConfig({
  test: {
    include: ['{server,agent,shared,certs,tests}/**/*.test.ts'],
    // What hangs ends some day. No test is timed by it: one that starts processes takes as long as its neighbours let it.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
    pool: 'forks',
    // Two cores, and tests that often wait for processes of their own: a third worker fills the gaps.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
  },
});
