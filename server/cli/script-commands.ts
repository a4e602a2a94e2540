/** `cordon scripts`: scripts that run on devices after another person has reviewed and signed them. */
import type { Command } from 'commander';
import { issuedToMany } from '../../shared/api/commands.ts';
import {
  type ScriptVersionView,
  scriptList,
  scriptOutput,
  scriptSettings,
  scriptVersionList,
  scriptVersionView,
  scriptView,
} from '../../shared/api/scripts.ts';
import { CordonError } from '../../shared/errors.ts';
import { signScriptPayload } from '../../shared/order/approver-key.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { DECLARATION_HELP } from '../../shared/scripts/declared-arguments.ts';
import { describeScript } from '../../shared/scripts/describe-script.ts';
import { INTERPRETERS, LARGEST_SCRIPT } from '../../shared/scripts/limits.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import { queryOf } from './client.ts';
import { type JobFlags, jobBody } from './job-flags.ts';
import { confirm, type KeyOptions, openKey } from './key-files.ts';
import { readBytes } from './local-files.ts';
import { table, when } from './output.ts';
import { textOf } from './signing-text.ts';

const pathOf = (id: string, rest = ''): string => `/scripts/${encodeURIComponent(id)}${rest}`;
const versionPath = (id: string, version: string, rest: string): string =>
  pathOf(id, `/versions/${encodeURIComponent(version)}${rest}`);
const HEAD = ['version', 'state', 'written', 'expires', 'reviewed by', 'purpose'];
const rowOf = ({ version, state, createdAt, expiresAt, reviews, purpose }: ScriptVersionView) => [
  version,
  state,
  when(createdAt),
  when(expiresAt),
  plain(reviews.map(({ name }) => name).join(', ')),
  plain(purpose),
];

export function addScriptCommands(program: Command, cli: Cli): void {
  const scripts = commandOf(program, 'scripts');
  addReadCommands(scripts, cli);
  addWriteCommands(scripts, cli);
  addReviewCommands(scripts, cli);
  addRunCommands(scripts, cli);
}

async function versionsOf(cli: Cli, id: string, before?: number): Promise<ScriptVersionView[]> {
  const query = queryOf(before === undefined ? {} : { before: String(before) });
  return (await cli.client().call(scriptVersionList, 'GET', pathOf(id, `/versions${query}`))).versions;
}

async function versionOf(cli: Cli, id: string, version: string): Promise<ScriptVersionView> {
  const number = Number(version);
  const found = (await versionsOf(cli, id, number + 1)).find((each) => each.version === number);
  if (found) return found;
  throw new CordonError('not_found', `The script has no version ${version}. List them with "cordon scripts versions".`);
}

function addReadCommands(scripts: Command, cli: Cli): void {
  scripts
    .command('list')
    .description('List the scripts with the state of their newest versions')
    .action(async () => {
      const { scripts: all } = await cli.client().call(scriptList, 'GET', '/scripts');
      const rows = all.map(({ id, name, newestVersion, state, purpose }) => [
        id,
        plain(name),
        newestVersion,
        state,
        plain(purpose),
      ]);
      cli.out().show(all, table(['id', 'name', 'newest', 'state', 'purpose'], rows));
    });
  scripts
    .command('versions')
    .description('List the versions of a script with their reviews, newest first')
    .argument('<script>')
    .action(async (id: string) => {
      const versions = await versionsOf(cli, id);
      cli.out().show(versions, table(HEAD, versions.map(rowOf)));
    });
  scripts
    .command('text')
    .description('Print the text of a version')
    .argument('<script>')
    .argument('<version>')
    .action(async (id: string, version: string) => {
      const found = await versionOf(cli, id, version);
      cli.out().show(found, found.text.split('\n').map(plain));
    });
  scripts
    .command('output')
    .description('Print the output of a script on one device so far. The command id is in "cordon jobs devices"')
    .argument('<command>')
    .action(async (command: string) => {
      let [text, from, ended] = ['', 0, false];
      for (;;) {
        const query = queryOf({ from: String(from) });
        const path = `/commands/${encodeURIComponent(command)}/output${query}`;
        const page = await cli.client().call(scriptOutput, 'GET', path);
        text += page.text;
        ended = page.ended;
        if (page.next === from) break;
        from = page.next;
      }
      cli.out().show({ text, ended }, text.split('\n').map(plain));
      if (!ended) cli.out().note('The script has not ended on this device.');
    });
}

interface Content {
  readonly purpose: string;
  readonly interpreter: string;
  readonly seconds: number;
  readonly memory: number;
  readonly output: number;
  readonly days: number;
  readonly declareArgument?: string[];
}

function addWriteCommands(scripts: Command, cli: Cli): void {
  const withContent = (command: Command): Command =>
    command
      .requiredOption('--purpose <text>', 'what the script is for, for reviewers and the users of devices')
      .option('--interpreter <name>', INTERPRETERS.join(', '), 'sh')
      .option('--seconds <seconds>', 'time limit, at most 3600', Number, 60)
      .option('--memory <mib>', 'memory limit of each process in MiB', Number, 256)
      .option('--output <kib>', 'output limit in KiB, at most 1024', Number, 64)
      .option('--days <days>', 'days until the version expires', Number, 180)
      .option('--declare-argument <declaration...>', `argument that the script accepts: ${DECLARATION_HELP}`);
  const bodyOf = (file: string, { purpose, interpreter, seconds, memory, output, days, declareArgument }: Content) => ({
    purpose,
    interpreter,
    seconds,
    memory,
    output,
    days,
    arguments: declareArgument,
    text: readBytes(file, LARGEST_SCRIPT).toString('utf8'),
  });
  withContent(
    scripts
      .command('create')
      .description('Create a script with its first version from a file. Another person must review it')
      .argument('<name>')
      .argument('<file>', 'text of the script'),
  ).action(async (name: string, file: string, options: Content) => {
    const script = await cli.client().call(scriptView, 'POST', '/scripts', { name, ...bodyOf(file, options) });
    cli.out().show(script, [`${script.id} version 1`, `An approver: cordon scripts review ${script.id} 1 --key FILE`]);
  });
  withContent(
    scripts
      .command('add-version')
      .description('Write the next version of a script from a file. Another person must review it')
      .argument('<script>')
      .argument('<file>', 'text of the script')
      .requiredOption('--after <version>', 'newest version that you have read', Number),
  ).action(async (id: string, file: string, { after, ...options }: Content & { after: number }) => {
    const body = { after, ...bodyOf(file, options) };
    const made = await cli.client().call(scriptVersionView, 'POST', pathOf(id, '/versions'), body);
    cli.out().show(made, table(HEAD, [rowOf(made)]));
  });
}

function addReviewCommands(scripts: Command, cli: Cli): void {
  scripts
    .command('review')
    .description('Show a version, and sign it with your approver key')
    .argument('<script>')
    .argument('<version>')
    .requiredOption('--key <file>')
    .option('--passphrase-file <file>', 'read the passphrase from this file (or CORDON_KEY_PASSPHRASE)')
    .option('--digest <sha256>', 'sign only if the statement has this SHA-256 digest')
    .option('--yes', 'sign without confirmation')
    .action(async (id: string, version: string, options: KeyOptions & { digest?: string; yes?: boolean }) => {
      const found = await versionOf(cli, id, version);
      const { payload } = found;
      const statement = textOf(payload, describeScript(payload), ({ label, value }) => `${label.padEnd(11)} ${value}`);
      const { script, version: number, text } = statement.document;
      if (script !== found.script || number !== found.version || text !== sha256(Buffer.from(found.text))) {
        throw new CordonError('script_refused', 'The statement is about another text. Do not sign it.');
      }
      const lines = [...found.text.split('\n').map((line) => `| ${plain(line)}`), ...statement.lines];
      await confirm(cli, { digest: statement.digest, lines }, options);
      const signer = await openKey(cli, options);
      const reviewed = await cli.client().call(scriptVersionView, 'POST', versionPath(id, version, '/reviews'), {
        digest: statement.digest,
        keyid: signer.keyid,
        signature: signScriptPayload(signer, payload),
      });
      cli.out().show(reviewed, table(HEAD, [rowOf(reviewed)]));
    });
  scripts
    .command('withdraw')
    .description('Withdraw a version. Devices that do not have it yet never run it')
    .argument('<script>')
    .argument('<version>')
    .action(async (id: string, version: string) => {
      const path = versionPath(id, version, '/withdrawal');
      const withdrawn = await cli.client().call(scriptVersionView, 'POST', path);
      cli.out().show(withdrawn, table(HEAD, [rowOf(withdrawn)]));
    });
}

interface RunOptions extends JobFlags {
  readonly all?: boolean;
  readonly group?: string;
  readonly device?: string[];
  readonly argument?: string[];
  readonly id?: string;
  readonly expires?: number;
}

function addRunCommands(scripts: Command, cli: Cli): void {
  scripts
    .command('run')
    .description('Run a reviewed version on devices, as a job. "cordon jobs" shows and controls it')
    .argument('<script>')
    .argument('<version>')
    .option('--all', 'run on all active devices that your role includes')
    .option('--group <group>', 'run on all active devices of this group')
    .option('--device <device...>', 'run on the devices with these ids or names')
    .option('--argument <argument...>', 'values of the arguments that the version declares')
    .option('--id <id>', 'id of the request. A repeated request with this id is ignored')
    .option('--expires <seconds>', 'seconds until the command expires', Number)
    .option('--name <name>', 'name of the job')
    .option('--waves <sizes>', 'sizes of the waves, such as 10,10%. The last wave has the remaining devices')
    .option('--gate <percent>', 'percentage of a wave that must be settled before the next wave starts', Number)
    .option('--stop-at <percent>', 'failure rate that stops the job', Number)
    .option('--stop-after <results>', 'number of results from which the failure rate counts', Number)
    .option('--window <times>', 'window in device time in which devices run the script, such as 22:00-04:00')
    .option('--days <days>', 'weekdays on which the window opens, such as 1,2,3 for Monday to Wednesday')
    .action(async (script: string, version: string, options: RunOptions) => {
      const { all, group, device: devices, argument, id, expires: expiresInSeconds } = options;
      const sent = await cli.client().call(issuedToMany, 'POST', '/commands', {
        id,
        command: { kind: 'run-script', script, version: Number(version), arguments: argument },
        expiresInSeconds,
        devices,
        filter: all || group ? { group } : undefined,
        ...jobBody(options),
      });
      const refused = sent.refused.map(({ device, code }) => `${device} ${code}`);
      cli.out().show(sent, [`${sent.id} queued for ${sent.queued}, refused for ${refused.length}`, ...refused]);
    });
  scripts
    .command('settings')
    .description('Show whether scripts are on. An owner switches them with --on or --off')
    .option('--on', 'switch scripts on for the organization')
    .option('--off', 'switch scripts off')
    .action(async ({ on, off }: { on?: true; off?: true }) => {
      if (on && off) throw new CordonError('invalid_input', 'Give --on or --off, not both.');
      const settings =
        on || off
          ? await cli.client().call(scriptSettings, 'POST', '/script-settings', { on: on === true })
          : await cli.client().call(scriptSettings, 'GET', '/script-settings');
      cli.out().show(settings, [`Scripts are ${settings.on ? 'on' : 'off'}.`]);
    });
}
