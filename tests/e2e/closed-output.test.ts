/** A command line whose reader is gone, as in `cordon … | head`, ends without a message. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runProgram } from '../support/run-program.ts';

it.each(['server/cordon.js', 'agent/cordon-agent.js'])(
  '%s ends quietly when nobody reads its output',
  async (program) => {
    // `true` ends before Node has started, so that the first write finds the pipe closed.
    const script = '{ "$0" "$1" --help; echo "ended with $?" >&2; } | true';
    const { err } = await runProgram('sh', [
      '-c',
      script,
      process.execPath,
      join(import.meta.dirname, '../..', program),
    ]);
    expect(err).toBe('ended with 0\n');
  },
);
