/**
 * org-key: the organisation's own key, without whose signature no device is a member of any conversation. It stays in its file, away from the
 * server; whoever keeps it sees in words what it signs, or lets a process sign within bounds.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { Cli } from './cli.ts';
import {
  COLUMNS,
  countersignAll,
  isAdditional,
  type Outcome,
  rowOf,
  type Waiting,
  whatWaits,
} from './countersigning.ts';
import { agree, createKey, type KeyOptions, openKey, writeNew } from './key-files.ts';
import { table } from './output.ts';

interface WhichOptions {
  readonly group?: string[];
  readonly most?: number;
}

interface CountersignOptions extends KeyOptions, WhichOptions {
  readonly again?: boolean;
  readonly yes?: boolean;
}

interface ServeOptions extends KeyOptions, WhichOptions {
  readonly additional?: boolean;
  readonly most: number;
  readonly every: number;
}

const PASSPHRASE = ['--passphrase-file <file>', 'instead of typing it (or CORDON_KEY_PASSPHRASE)'] as const;
const GROUP = ['--group <name...>', 'only devices of these groups, as the server says'] as const;

const ROTATION = `
Another key in its place, without anybody losing a conversation:
  cordon org-key create NEW
  cordon approvers propose KEYID… --organisation-key OLD.pub NEW.pub     then each: cordon approvers sign
  cordon org-key countersign --key NEW --again
  cordon approvers propose KEYID… --organisation-key NEW.pub             then each: cordon approvers sign
`;

export function addOrgKeyCommands(program: Command, cli: Cli): void {
  const orgKey = program
    .command('org-key')
    .description("the organisation's key: its signature makes a device a member of conversations")
    .addHelpText('after', ROTATION);
  orgKey
    .command('create')
    .description('make a key file (Ed25519, encrypted with a passphrase), and beside it FILE.pub for the approvers')
    .argument('<file>', 'a new file, on a machine that is not the server')
    .option(...PASSPHRASE)
    .action(async (file: string, options: { passphraseFile?: string }) => {
      const { keyid, publicKey } = await createKey(cli, file, options.passphraseFile);
      writeNew(`${file}.pub`, `${publicKey}\n`, 0o644);
      cli
        .out()
        .show({ keyid, publicKey, file }, [
          `key ${keyid} in ${file}, its public half in ${file}.pub`,
          `Then: cordon approvers propose KEYID… --organisation-key ${file}.pub`,
        ]);
    });
  orgKey
    .command('waiting')
    .description('the devices that wait for a countersignature')
    .option(...GROUP)
    .action(async ({ group: groups = [] }: WhichOptions) => {
      const waiting = await whatWaits(cli.client(), { groups, most: Number.POSITIVE_INFINITY, lacking: null });
      cli.out().show(waiting, table(COLUMNS, waiting.map(rowOf)));
    });
  orgKey
    .command('countersign')
    .description('show what waits, ask once, and sign it')
    .requiredOption('--key <file>')
    .option(...PASSPHRASE)
    .option(...GROUP)
    .option('--most <devices>', 'no more than so many, the oldest first', count)
    .option('--again', 'those that this key has not signed, also when another one has')
    .option('--yes', 'sign without asking')
    .action(
      async ({ group: groups = [], most = Number.POSITIVE_INFINITY, again, yes, ...options }: CountersignOptions) => {
        const key = await openKey(cli, options);
        const waiting = await whatWaits(cli.client(), { groups, most, lacking: again ? key.keyid : null });
        if (waiting.length === 0) return cli.out().show({ countersigned: 0, refused: [] }, ['Nothing waits.']);
        for (const line of table(COLUMNS, waiting.map(rowOf))) cli.out().note(line);
        const devices = waiting.length === 1 ? 'this device' : `these ${waiting.length} devices`;
        await agree(cli, `Confirm the keys of ${devices} with key ${key.keyid}?`, '--yes', yes);
        const outcome = await countersignAll(cli.client(), key, waiting);
        cli.out().show(outcome, outcomeLines(outcome, waiting));
      },
    );
  orgKey
    .command('serve')
    .description(
      'countersign what comes, within bounds, until they are reached; run it as another user than the server',
    )
    .requiredOption('--key <file>')
    .requiredOption('--most <devices>', 'ends when it has signed for so many', count)
    .option(...PASSPHRASE)
    .option(...GROUP)
    .option(
      '--additional',
      'also sign a further device of a person who has one, unless the creator of its code is limited to groups or areas',
    )
    .option('--every <seconds>', 'how often it looks', seconds, 2)
    .action((options: ServeOptions) => serve(cli, options));
}

/** Maximum number of certificates in one pass. Certificates that wait for a person must not keep the others from being seen. */
const MOST_LOOKED_AT = 5_000;

async function serve(
  cli: Cli,
  { group: groups = [], most, every, additional = false, ...options }: ServeOptions,
): Promise<void> {
  const key = await openKey(cli, options);
  const whose = groups.length === 0 ? 'any group' : `the groups ${groups.map(plain).join(', ')}`;
  cli.out().note(`Countersigns ${most} devices of ${whose} at most, with key ${key.keyid}.`);
  /** Each counts before its signature leaves this machine: what becomes of it then is the server's word, which bounds nothing. */
  const signed = new Set<string>();
  const refused = new Set<string>();
  /** The device that this run has signed first for each person: a later one is additional, whatever the server says. */
  const first = new Map<string, string>();
  const left = new Set<string>();
  const isLeft = (each: Waiting): boolean => {
    if (signed.has(each.digest)) return true;
    const known = first.get(each.person);
    const wants = isAdditional(each) || (known !== undefined && known !== each.device);
    if (!wants || (additional && each.codeBy?.scoped === false)) return false;
    if (!left.has(each.digest)) {
      left.add(each.digest);
      const whose = `${plain(each.name)} (${each.person})`;
      cli
        .out()
        .note(`Not signed: ${each.device} is a further device of ${whose}. Check it with cordon org-key countersign.`);
    }
    return true;
  };
  let unanswered: readonly Waiting[] = [];
  let silent = false;
  while (signed.size < most || unanswered.length > 0) {
    try {
      if (unanswered.length === 0) {
        const all = await whatWaits(cli.client(), { groups, most: MOST_LOOKED_AT, lacking: null });
        unanswered = onePerPerson(all.filter((each) => !isLeft(each))).slice(0, most - signed.size);
        for (const { digest, device, person } of unanswered) {
          signed.add(digest);
          first.set(person, device);
        }
      }
      if (unanswered.length > 0) {
        const outcome = await countersignAll(cli.client(), key, unanswered);
        for (const { digest } of outcome.refused) if (signed.has(digest)) refused.add(digest);
        for (const line of outcomeLines(outcome, unanswered)) cli.out().note(line);
        unanswered = [];
      }
      silent = false;
    } catch (error) {
      if (!isCordonError(error) || !PASSES.has(error.code)) throw error;
      if (!silent) cli.out().note(`${error.message} Trying again.`);
      silent = true;
    }
    if (signed.size < most || unanswered.length > 0) await delay(every * 1000);
  }
  const done = signed.size - refused.size;
  const vain = refused.size === 0 ? '' : `, ${refused.size} more were signed for and refused by the server`;
  cli
    .out()
    .show({ countersigned: done, signed: signed.size }, [
      `${done} devices are countersigned${vain}: the bound is reached, and this ends.`,
    ]);
}

/** Keeps the older certificate of two first devices of one person. The other one is additional in the next pass. */
const onePerPerson = (waiting: readonly Waiting[]): Waiting[] =>
  [...new Map(waiting.toReversed().map((each) => [each.person, each])).values()].reverse();

/** A server that restarts, or a disk that is full, is no reason to end. */
const PASSES: ReadonlySet<string> = new Set([
  'unavailable',
  'store_unavailable',
  'ledger_unavailable',
  'rate_limited',
  'internal',
]);

function outcomeLines({ countersigned, refused }: Outcome, waiting: readonly Waiting[]): string[] {
  const byDigest = new Map(waiting.map((each) => [each.digest, each]));
  const named = (digest: string) => {
    const each = byDigest.get(digest);
    return each ? `${plain(each.name)}, ${each.device}` : digest;
  };
  const not = new Set(refused.map(({ digest }) => digest));
  return [
    `${countersigned} countersigned`,
    ...waiting.filter(({ digest }) => !not.has(digest)).map(({ digest }) => `  ${named(digest)}`),
    ...refused.map(({ digest, code, detail }) => `not ${named(digest)}: ${detail} [${code}]`),
  ];
}

function count(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new CordonError('invalid_input', `${text} is no number of devices.`);
}

function seconds(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 3600) return value;
  throw new CordonError('invalid_input', `${text} is no number of seconds up to 3600.`);
}
