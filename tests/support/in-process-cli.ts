/** The command line `cordon` in this process, without a terminal, for tests with many commands. `admin-cli.ts` runs the real program. */
import { Readable, Writable } from 'node:stream';
import { runCli } from '../../server/cli/main.ts';

function sink() {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, written) {
      chunks.push(String(chunk));
      written();
    },
  });
  return { stream, text: () => chunks.join('') };
}

export async function runInProcess(args: readonly string[], env: NodeJS.ProcessEnv) {
  const [stdout, stderr] = [sink(), sink()];
  const terminal = { stdin: Readable.from([]), stdout: stdout.stream, stderr: stderr.stream };
  const code = await runCli(args, terminal, env);
  return { code, out: stdout.text(), err: stderr.text(), json: () => JSON.parse(stdout.text()) };
}
