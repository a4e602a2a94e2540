import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The files that take the longest, in this order: started last, one of them would run alone at the end. */
const LONGEST = [
  'replay',
  'console-pages',
  'counsel',
  'page-looks',
  'pakistan-kill',
  'hostile-delivery',
  'cut-database',
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

/** Tests that start programs. */
const PROGRAMS = ['tests/{e2e,faults}/**/*.test.ts', 'agent/main.test.ts'];

/** Tests that measure turns of the event loop. */
const MEASURING = ['server/jurisdiction/ip-database.test.ts', 'tests/contract/{ip-comparison,large-packs}.test.ts'];

export default defineConfig({
  test: {
    // What hangs ends some day. No test is timed by it: one that starts processes takes as long as its neighbors let it.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
    pool: 'forks',
    // Two cores, and tests that often wait for processes of their own: two more workers fill the gaps.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    // One worker loads the modules once for many files: to start a worker and load them takes longer than most files.
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
