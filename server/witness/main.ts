/** `cordon-witness`: witness of transparency logs, a separate program. It should be run by another organization than the log's operator. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, CommanderError } from 'commander';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { EXIT, EXIT_CODES, exitCodeHelp } from '../../shared/exit-codes.ts';
import { requirePrivateFile } from '../../shared/private-file.ts';
import type { StopSignals } from '../../shared/stop-signals.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { VERSION } from '../version.ts';
import { createWitness } from './witness.ts';
import { createWitnessFolder, openWitnessFolder } from './witness-folder.ts';
import { createWitnessServer, hashOf } from './witness-server.ts';

interface RunOptions {
  readonly listen: string;
  readonly certificate?: string;
  readonly key?: string;
}

const say = (...lines: readonly string[]) => process.stdout.write(lines.map((line) => `${plain(line)}\n`).join(''));
const log = (text: string) => process.stderr.write(`cordon-witness: ${plain(text)}\n`);

/** Runs one command and returns the exit code. */
export async function main(argv: readonly string[], stopSignals: () => StopSignals): Promise<number> {
  const program = new Command('cordon-witness')
    .description('Cosigns the checkpoints of ledgers that only grow (C2SP tlog-witness).')
    .version(`cordon-witness/${VERSION}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print the help of this command')
    .helpCommand('help [command]', 'Print the help of a command')
    .option('--home <folder>', 'folder with the key, the store and the list of logs', '.cordon-witness')
    .addHelpText('after', exitCodeHelp(['failed', 'usage', 'notFound', 'conflict', 'unavailable', 'unverified']))
    .exitOverride();
  const home = () => resolve(program.opts<{ home: string }>().home);

  program
    .command('init')
    .description('Create the key and the store of a witness, and print its verifier key')
    .requiredOption('--name <name>', 'name of the witness, such as witness.example.org/w1')
    .action(({ name }: { name: string }) => {
      const key = createWitnessFolder(home(), name);
      say(key, `Add each log to ${home()}/logs, then start the witness: cordon-witness run`);
    });
  program
    .command('run')
    .description('Cosign checkpoints until the program is stopped')
    .option('--listen <host:port>', 'address of the listener', '127.0.0.1:7380')
    .option('--certificate <file>', 'PEM file with the TLS certificate. Without it, use a proxy that adds TLS')
    .option('--key <file>', 'PEM file with the private key of the TLS certificate')
    .action((options: RunOptions) => run(home(), options, stopSignals()));
  program
    .command('show')
    .description('Show the verifier key, and the newest cosigned tree of each log')
    .option('--json', 'print JSON', false)
    .action(({ json }: { json: boolean }) => show(home(), json));

  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
    log(error instanceof Error ? error.message : String(error));
    return isCordonError(error) ? EXIT_CODES[error.code] : EXIT.failed;
  }
}

async function run(home: string, options: RunOptions, signals: StopSignals): Promise<void> {
  const tls = readTls(options);
  const { host, port } = readAddress(options.listen);
  const { signer, key, logs, store } = await openWitnessFolder(home);
  const witness = createWitness({ signer, logs, store, now: Date.now, log });
  const server = createWitnessServer({ witness, store, log }, tls);
  server.listen(port, host);
  await once(server, 'listening');
  const bound = server.address();
  const at = bound !== null && typeof bound === 'object' ? `${bound.address}:${bound.port}` : options.listen;
  if (logs.length === 0) log(`there is no log in ${home}/logs: the witness cosigns nothing`);
  say(`${key}`, `cosigns ${logs.length} logs at ${tls ? 'https' : 'http'}://${at}`, 'ready');
  signals.ready();
  await signals.requested;
  server.close();
  server.closeIdleConnections();
  await once(server, 'close');
  store.close();
  signals.release();
}

function readTls({ certificate, key }: RunOptions): { readonly cert: string; readonly key: string } | null {
  if (certificate === undefined && key === undefined) return null;
  if (certificate === undefined || key === undefined) {
    throw new CordonError('invalid_input', 'Give both --certificate and --key, or neither.');
  }
  requirePrivateFile(key);
  return { cert: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
}

function readAddress(text: string): { readonly host: string; readonly port: number } {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (host === '' || Number(port) > 65_535) {
    throw new CordonError('invalid_input', `--listen must be HOST:PORT, such as 127.0.0.1:7380, and not ${text}.`);
  }
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}

async function show(home: string, json: boolean): Promise<void> {
  const { key, logs, store } = await openWitnessFolder(home);
  const cosigned = new Map(store.cosigned().map((each) => [each.origin, each]));
  const refused = store.refused();
  store.close();
  const shown = logs.map(({ origin }) => {
    const tree = cosigned.get(origin);
    return {
      origin,
      path: `${hashOf(origin)}/checkpoint`,
      size: tree?.size ?? 0,
      root: tree?.root.toString('base64') ?? null,
      at: tree === undefined ? null : new Date(tree.at).toISOString(),
      refused: refused.filter((each) => each.origin === origin),
    };
  });
  if (json) return void say(JSON.stringify({ key, logs: shown }));
  say(key);
  for (const { origin, size, root, at, refused: notes } of shown) {
    say(at === null ? `${origin}: nothing cosigned yet` : `${origin}: ${size} entries, root ${root}, cosigned ${at}`);
    if (notes.length > 0) {
      say(`  The log signed ${notes.length} inconsistent checkpoints. They prove a fork: cordon-witness show --json`);
    }
  }
}
