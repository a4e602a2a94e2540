/**
 * `cordon org-key`: the organization key, whose signature verifies devices for conversations. The key is in a file on another machine than
 * the server. The key holder reads each certificate before signing it, or runs a process that signs automatically within limits.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import {
  COLUMNS,
  countersignAll,
  isAdditional,
  type Outcome,
  rowOf,
  type WaitingCertificate,
  waitingCertificates,
  warningsOf,
} from './countersignatures.ts';
import { agree, createKey, type KeyOptions, openKey } from './key-files.ts';
import { writeNew } from './local-files.ts';
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

const PASSPHRASE = ['--passphrase-file <file>', 'read the passphrase from this file (CORDON_KEY_PASSPHRASE)'] as const;
const GROUP = ['--group <name...>', 'Only devices of these groups, as stated by the server'] as const;

const ROTATION = `
Replacement of the organization key, without loss of conversations:
  cordon org-key create NEW
  cordon approvers propose KEYID… --organization-key OLD.pub NEW.pub     then each approver: cordon approvers sign
  cordon org-key countersign --key NEW --again
  cordon approvers propose KEYID… --organization-key NEW.pub             then each approver: cordon approvers sign
`;

export function addOrgKeyCommands(program: Command, cli: Cli): void {
  const orgKey = commandOf(program, 'org-key').addHelpText('after', ROTATION);
  orgKey
    .command('create')
    .description('Create an encrypted key file, and FILE.pub with the public key')
    .argument('<file>', 'new file for the key. Keep it on a machine other than the server')
    .option(...PASSPHRASE)
    .action(async (file: string, options: { passphraseFile?: string }) => {
      const { keyid, publicKey } = await createKey(cli, file, options.passphraseFile);
      writeNew(`${file}.pub`, `${publicKey}\n`, 0o644);
      cli
        .out()
        .show({ keyid, publicKey, file }, [
          `key ${keyid} in ${file}, its public half in ${file}.pub`,
          `Then: cordon approvers propose KEYID… --organization-key ${file}.pub`,
        ]);
    });
  orgKey
    .command('waiting')
    .description('List the devices that wait for verification')
    .option(...GROUP)
    .action(async ({ group: groups = [] }: WhichOptions) => {
      const waiting = await waitingCertificates(cli.client(), {
        groups,
        most: Number.POSITIVE_INFINITY,
        lacking: null,
      });
      cli.out().show(waiting, [...table(COLUMNS, waiting.map(rowOf)), ...warningsOf(waiting)]);
    });
  orgKey
    .command('countersign')
    .description('Show the waiting devices and verify them after one confirmation')
    .requiredOption('--key <file>')
    .option(...PASSPHRASE)
    .option(...GROUP)
    .option('--most <devices>', 'maximum number of devices to verify now, oldest enrollment first', count)
    .option('--again', 'include devices that another organization key has verified')
    .option('--yes', 'sign without confirmation')
    .action(
      async ({ group: groups = [], most = Number.POSITIVE_INFINITY, again, yes, ...options }: CountersignOptions) => {
        const key = await openKey(cli, options);
        const waiting = await waitingCertificates(cli.client(), { groups, most, lacking: again ? key.keyid : null });
        if (waiting.length === 0)
          return cli.out().show({ countersigned: 0, refused: [] }, ['No device waits for verification.']);
        for (const line of [...table(COLUMNS, waiting.map(rowOf)), ...warningsOf(waiting)]) cli.out().note(line);
        const devices = waiting.length === 1 ? 'this device' : `these ${waiting.length} devices`;
        await agree(cli, `Confirm the keys of ${devices} with key ${key.keyid}?`, '--yes', yes);
        const outcome = await countersignAll(cli.client(), key, waiting);
        cli.out().show(outcome, outcomeLines(outcome, waiting));
      },
    );
  orgKey
    .command('serve')
    .description(
      'Verify new devices automatically, up to a limit, but never a mail connector. Run this as another system user than the server',
    )
    .requiredOption('--key <file>')
    .requiredOption('--most <devices>', 'stop after this number of devices', count)
    .option(...PASSPHRASE)
    .option(...GROUP)
    .option(
      '--additional',
      'also verify the second and further devices of a person. An admin without scope limits must have created their activation codes',
    )
    .option('--every <seconds>', 'seconds between two checks', seconds, 2)
    .action((options: ServeOptions) => serve(cli, options));
}

/**
 * Maximum number of certificates without a countersignature that one round of the loop reads from the server, oldest first. The limit is
 * high, because certificates that wait for an admin's decision could otherwise hide newer certificates.
 */
const MOST_PER_PASS = 5_000;

async function serve(
  cli: Cli,
  { group: groups = [], most, every, additional = false, ...options }: ServeOptions,
): Promise<void> {
  const key = await openKey(cli, options);
  const scope = groups.length === 0 ? 'any group' : `the groups ${groups.map(plain).join(', ')}`;
  cli.out().note(`Verifies at most ${most} devices of ${scope}, with key ${key.keyid}.`);
  /**
   * Digests of the certificates that this process has signed. A digest is added before the signature is sent. The process counts its
   * signatures itself for the limit `--most`, because a dishonest server could report fewer signatures.
   */
  const signed = new Set<string>();
  const refused = new Set<string>();
  /**
   * First device that this process has verified for each person. Every other device of the person counts as an additional device, even if
   * the server conceals the first device. Additional devices need the option `--additional`.
   */
  const first = new Map<string, string>();
  const skipped = new Set<string>();
  const isSkipped = (each: WaitingCertificate): boolean => {
    if (signed.has(each.digest)) return true;
    const known = first.get(each.person);
    const needsOption = isAdditional(each) || (known !== undefined && known !== each.device);
    if (!each.mailConnector && (!needsOption || (additional && each.codeBy?.scoped === false))) return false;
    if (!skipped.has(each.digest)) {
      skipped.add(each.digest);
      const user = `${plain(each.name)} (${each.person})`;
      const kind = each.mailConnector
        ? 'a mail connector, which reads all mail of the company'
        : `an additional device of ${user}`;
      cli.out().note(`Not signed: ${each.device} is ${kind}. Check it with cordon org-key countersign.`);
    }
    return true;
  };
  let unanswered: readonly WaitingCertificate[] = [];
  let silent = false;
  while (signed.size < most || unanswered.length > 0) {
    try {
      if (unanswered.length === 0) {
        const all = await waitingCertificates(cli.client(), { groups, most: MOST_PER_PASS, lacking: null });
        unanswered = onePerPerson(all.filter((each) => !isSkipped(each))).slice(0, most - signed.size);
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
  const vain = refused.size === 0 ? '' : `. The server refused ${refused.size} more signatures`;
  cli
    .out()
    .show({ countersigned: done, signed: signed.size }, [
      `${done} devices are verified${vain}. The limit is reached, so the process ends.`,
    ]);
}

/**
 * Returns the oldest waiting certificate of each person, so that the process never signs two new devices of one person at once. Any further
 * device counts as an additional device, which the process signs only with the option `--additional`.
 */
const onePerPerson = (waiting: readonly WaitingCertificate[]): WaitingCertificate[] =>
  [...new Map(waiting.toReversed().map((each) => [each.person, each])).values()].reverse();

/** Errors after which the signing process tries again, for example after a restart of the server or on a full disk. */
const PASSES: ReadonlySet<string> = new Set([
  'unavailable',
  'store_unavailable',
  'ledger_unavailable',
  'rate_limited',
  'internal',
]);

function outcomeLines({ countersigned, refused }: Outcome, waiting: readonly WaitingCertificate[]): string[] {
  const byDigest = new Map(waiting.map((each) => [each.digest, each]));
  const labelOf = (digest: string) => {
    const each = byDigest.get(digest);
    return each ? `${plain(each.name)}, ${each.device}` : digest;
  };
  const not = new Set(refused.map(({ digest }) => digest));
  return [
    `${countersigned} verified`,
    ...waiting.filter(({ digest }) => !not.has(digest)).map(({ digest }) => `  ${labelOf(digest)}`),
    ...refused.map(({ digest, code, detail }) => `not ${labelOf(digest)}: ${detail} [${code}]`),
  ];
}

function count(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new CordonError('invalid_input', `${text} is not a number of devices.`);
}

function seconds(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 3600) return value;
  throw new CordonError('invalid_input', `${text} is not a number of seconds up to 3600.`);
}
