/**
 * Report of one run of vitest, for `tests/run.ts`. A reporter of vitest writes it to the file that CORDON_STAGE_REPORT names. Unlike vitest's
 * JSON report, it counts a file as failed if an error occurred in it outside of its tests.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';
import { z } from 'zod';

const stageReport = z.object({
  files: z.array(
    z.object({
      /** Path relative to the project. */
      path: z.string(),
      failed: z.boolean(),
      seconds: z.number(),
      passedTests: z.int(),
      failedTests: z.int(),
      skippedTests: z.array(z.string()),
    }),
  ),
  /** Number of errors that belong to no file. */
  errors: z.int(),
});
export type StageReport = z.infer<typeof stageReport>;

export const readStageReport = (file: string): StageReport => stageReport.parse(JSON.parse(readFileSync(file, 'utf8')));

/**
 * Paths of the failed files, each of which may run once more. Empty if more than `most` files failed. Also empty if an error belongs to no
 * file, because a second try could not show that this error is gone.
 */
export function filesForSecondTry({ files, errors }: StageReport, most: number): string[] {
  const failed = files.filter((file) => file.failed).map(({ path }) => path);
  return errors > 0 || failed.length > most ? [] : failed;
}

const MILLISECONDS = 1000;

export default class StageReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const file = process.env['CORDON_STAGE_REPORT'];
    if (file === undefined) throw new Error('CORDON_STAGE_REPORT is not set.');
    const places = errors.map((error): unknown => error['VITEST_TEST_PATH']);
    const paths = new Set<unknown>(modules.map(({ moduleId }) => moduleId));
    const report: StageReport = {
      files: modules.map((module) => reportOf(module, places.includes(module.moduleId))),
      errors: places.filter((place) => !paths.has(place)).length,
    };
    writeFileSync(file, JSON.stringify(report));
  }
}

function reportOf(module: TestModule, hasErrors: boolean): StageReport['files'][number] {
  const tests = [...module.children.allTests()].map((test) => ({ name: test.fullName, state: test.result().state }));
  const { collectDuration, duration } = module.diagnostic();
  return {
    path: module.relativeModuleId,
    // The state of a file is "pending" if its worker crashed.
    failed: hasErrors || !['passed', 'skipped'].includes(module.state()),
    seconds: (collectDuration + duration) / MILLISECONDS,
    passedTests: tests.filter(({ state }) => state === 'passed').length,
    failedTests: tests.filter(({ state }) => state === 'failed').length,
    skippedTests: tests.filter(({ state }) => state !== 'passed' && state !== 'failed').map(({ name }) => name),
  };
}
