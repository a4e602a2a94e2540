/** A command whose output pipe was closed, as in `cordon … | head`, ends without a message. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runProgram } from '../support/run-program.ts';

it.each(['server/cordon.js', 'agent/cordon-agent.js'])(
  '%s ends quietly when the reader of its output has closed the pipe',
  async (program) => {
    // The program `true` ends before Node has started, so the first write finds the pipe closed.
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
