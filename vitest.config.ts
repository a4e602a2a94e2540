import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The slowest test files. They start first, because a slow file that starts last would run alone at the end. */
const LONGEST = [
  'console-pages',
  'replay',
  'counsel',
  'monday',
  'page-looks',
  'demo',
  'set-back-store',
  'cut-database',
  'console-november',
  'benchmarks',
  'order',
  'messages',
  'restore',
  'mail-programs',
  'hostile-delivery',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId, project }: TestSpecification) => {
      const long = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return long >= 0 ? long : LONGEST.length + Number(project.name !== 'programs');
    };
    return [...files].sort((a, b) => place(a) - place(b) || a.moduleId.localeCompare(b.moduleId));
  }
}

/** Test files that start programs. */
const PROGRAMS = ['tests/{e2e,faults}/**/*.test.ts', 'agent/main.test.ts'];

/**
 * Tests that measure how long the event loop is blocked. They run in a project of their own, because other test files in the same process
 * would disturb the measurement.
 */
const MEASURING = ['server/jurisdiction/ip-database.test.ts', 'tests/contract/{ip-comparison,large-packs}.test.ts'];

export default defineConfig({
  test: {
    // Limit for hanging tests. It measures nothing, because a test that starts processes takes longer beside other tests.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
    pool: 'forks',
    // Two cores need four workers, because many tests wait for other processes.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    // Test files share a worker, because loading the modules takes longer than most files.
    isolate: false,
    projects: [
      { extends: true, test: { name: 'programs', include: PROGRAMS } },
      { extends: true, test: { name: 'alone', include: MEASURING, isolate: true } },
      {
        extends: true,
        test: {
          name: 'together',
          include: ['{server,agent,shared,certs,tests}/**/*.test.ts'],
          exclude: [...PROGRAMS, ...MEASURING, '**/node_modules/**'],
        },
      },
    ],
  },
});
