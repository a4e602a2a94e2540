/**
 * The programs that tests start hundreds of times. `npm test` bundles them once and names the folder in CORDON_TEST_PROGRAMS. A bundle
 * loads in half the CPU time of several hundred source files. Without that variable, tests start the source.
 */
import { join } from 'node:path';

export const PROJECT = join(import.meta.dirname, '../..');
export const PROGRAMS = [
  'server/start.js',
  'server/cordon.js',
  'agent/cordon-agent.js',
  'agent/cordon-agent-system.js',
  'agent/cordon-mail-connector.js',
  'tests/replay/replay.ts',
  'tests/replay/server-process.ts',
  'tests/replay/fleet-process.ts',
  'tests/support/agents-process.ts',
  'tests/support/herd-process.ts',
] as const;

type Program = (typeof PROGRAMS)[number];

/** Path of the program's bundle, or of its source if this run has no bundles. */
export function programPath(program: Program): string {
  const folder = process.env['CORDON_TEST_PROGRAMS'];
  return folder === undefined ? join(PROJECT, program) : join(folder, bundleOf(program));
}

export const bundleOf = (program: Program): string => program.replace(/\.[jt]s$/, '.mjs');
