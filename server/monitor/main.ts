/** `cordon-monitor`: follows a public ledger, and reports entries about given orders, certificates, devices and people. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { EXIT, EXIT_CODES, exitCodeHelp } from '../../shared/exit-codes.ts';
import { ledgerAt } from '../../shared/ledger/copy-ledger.ts';
import { requirePrivateFolder } from '../../shared/private-file.ts';
import type { StopSignals } from '../../shared/stop-signals.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { VERSION } from '../version.ts';
import { deliverReports } from './deliver-reports.ts';
import { fetchOpenings } from './fetch-openings.ts';
import { followLedger } from './follow-ledger.ts';
import { createMatcher } from './match-entry.ts';
import { type MonitorSettings, readSettings } from './monitor-settings.ts';
import { MonitorStore } from './monitor-store.ts';

const say = (text: string) => process.stdout.write(`${plain(text)}\n`);
const log = (text: string) => process.stderr.write(`cordon-monitor: ${plain(text)}\n`);

const SECOND = 1000;
const LONGEST_PAUSE = 300 * SECOND;
/** Attempts to deliver reports before `--once` gives up. The reports stay in the store for the next run. */
const ATTEMPTS = 3;

/** Maximum number of undelivered reports. The monitor reads no further entries until the recipients accept reports again. */
const MOST_WAITING = 10_000;

interface RunOptions {
  readonly once: boolean;
  readonly interval: number;
}

function seconds(text: string): number {
  const value = Number(text);
  if (!/^\d{1,6}$/.test(text) || value < 1) throw new InvalidArgumentError('It must be a whole number of seconds.');
  return value;
}

/** Runs one command and returns the exit code. */
export async function main(argv: readonly string[], stopSignals: () => StopSignals): Promise<number> {
  let exit = 0;
  const program = new Command('cordon-monitor')
    .description(
      'Follows a public ledger and verifies each step. Reports chosen entries, and alarms, by webhook or mail.',
    )
    .version(`cordon-monitor/${VERSION}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print the help of this command')
    .option('--home <folder>', 'folder with monitor.json and the store', '.cordon-monitor')
    .option('--once', 'make one step, deliver the reports, and exit', false)
    .option('--interval <seconds>', 'pause between two steps', seconds, 60)
    .addHelpText('after', exitCodeHelp(['failed', 'usage', 'notFound', 'unavailable', 'unverified']))
    .exitOverride()
    .action(async (options: RunOptions) => {
      const home = resolve(program.opts<{ home: string }>().home);
      mkdirSync(home, { recursive: true, mode: 0o700 });
      requirePrivateFolder(home);
      const settings = readSettings(join(home, 'monitor.json'));
      const channels = (['webhook', 'mail'] as const).filter((channel) => settings[channel] !== undefined);
      const store = new MonitorStore(join(home, 'monitor.db'), channels);
      try {
        const monitor = await openMonitor(settings, store);
        exit = options.once ? await monitor.once() : await monitor.follow(options.interval * SECOND, stopSignals());
      } finally {
        store.close();
      }
    });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
    return failed(error);
  }
}

function failed(error: unknown): number {
  log(error instanceof Error ? error.message : String(error));
  return isCordonError(error) ? EXIT_CODES[error.code] : EXIT.failed;
}

async function openMonitor(settings: MonitorSettings, store: MonitorStore) {
  const { api, mail } = settings;
  const subjects = [...new Set(settings.watch.flatMap((watch) => watch.subjects))];
  const mailer = mail ? await openMailer(mail) : null;

  /** Makes one step. Returns the exit code: 0 if the ledger is consistent. */
  async function step(): Promise<number> {
    if (store.waiting() >= MOST_WAITING) {
      throw new CordonError(
        'unavailable',
        `${MOST_WAITING} reports wait for delivery. The monitor continues after delivery. Check the webhook and the mail server.`,
      );
    }
    const before = store.tree();
    const { tree, reports, alarm } = await followLedger(before, {
      read: ledgerAt(settings.ledger, settings.ca),
      key: settings.key,
      witnesses: settings.witnesses,
      matcherFor: async (from, to) =>
        createMatcher(settings.watch, api ? await fetchOpenings(api, subjects, from, to) : new Map()),
      now: Date.now,
    });
    store.save(tree, reports);
    for (const { subject } of reports) say(subject);
    if (tree) say(`verified ${tree.size} entries of ${tree.origin}`);
    if (!alarm) return 0;
    log(`ALARM ${alarm.code}: ${alarm.detail}`);
    return EXIT_CODES[alarm.code];
  }

  const deliver = () => deliverReports({ store, settings, mailer, log });

  return {
    async once(): Promise<number> {
      let exit: number;
      try {
        exit = await step();
      } catch (error) {
        exit = failed(error);
      }
      for (let attempt = 1; !(await deliver()); attempt++) {
        if (attempt === ATTEMPTS) return exit === 0 ? EXIT.failed : exit;
        await pause(attempt * SECOND);
      }
      return exit;
    },
    async follow(interval: number, signals: StopSignals): Promise<number> {
      const stopping = new AbortController();
      signals.ready();
      void signals.requested.then(() => stopping.abort());
      let failures = 0;
      while (!stopping.signal.aborted) {
        const verified = await step().catch(failed);
        const delivered = await deliver();
        failures = verified === 0 && delivered ? 0 : failures + 1;
        const wait =
          failures === 0 ? interval : Math.min(LONGEST_PAUSE, interval, 2 ** Math.min(failures, 10) * SECOND);
        await pause(wait, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
      signals.release();
      return 0;
    },
  };
}

async function openMailer({ url, from }: NonNullable<MonitorSettings['mail']>) {
  // Loads the mail library only if the settings have a mail server.
  const { createSmtpMailer } = await import('../smtp/smtp-mailer.ts');
  return createSmtpMailer({
    server: url,
    from,
    organization: 'Cordon monitor',
    log: { warn: (_fields, text) => log(text), info: () => undefined },
  });
}
