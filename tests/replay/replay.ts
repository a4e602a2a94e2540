/**
 * `npm run replay -- FILE…`: plays timelines against the real server and the real agent code, and reports each step. Exits 0 if all
 * expectations were met, 1 at the first unmet one, 2 for a timeline that cannot be played.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { createOwnDatabase, type OwnDatabase, POSTGRES_SERVER } from '../support/postgres.ts';
import { type Outcome, openPlayer, type Player } from './player.ts';
import { narrate, record } from './telling.ts';
import { parseTimeline, type Step, type Timeline, TimelineError } from './timeline.ts';
import { WarmProcesses } from './warm-processes.ts';

interface Options {
  readonly json: boolean;
  readonly keep: boolean;
  readonly postgres: boolean;
  readonly watch: boolean;
}

/** Real time between two steps with `--watch`. */
const WATCH_PAUSE = 2_500;

function read(file: string): Timeline {
  try {
    return parseTimeline(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof TimelineError) throw new TimelineError(`${file}: ${error.message}`, { cause: error });
    throw error;
  }
}

async function keepUp(player: Player): Promise<void> {
  const { email, password, totpSecret } = player.owner.signIn;
  process.stderr.write(
    `The server is up at ${player.adminUrl}: sign in as ${email} with password ${password} and the TOTP secret ${totpSecret}.\n`,
  );
  process.stderr.write('Press Ctrl-C to end it.\n');
  await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
}

async function play(file: string, timeline: Timeline, options: Options, warm: WarmProcesses | null): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-replay-'));
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const tell = (outcome: Outcome) => say(options.json ? record(file, timeline, outcome) : narrate(timeline, outcome));
  const devices = timeline.fleet.reduce((sum, { count }) => sum + count, 0);
  if (!options.json) say(`${timeline.name}: ${timeline.about}\n  ${devices} devices enroll …`);
  const began = performance.now();
  let player: Player | null = null;
  let own: OwnDatabase | null = null;
  const leave = () => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  };
  // The child processes end together with this one.
  process.once('SIGINT', leave).once('SIGTERM', leave);
  try {
    if (options.postgres) own = await createOwnDatabase(POSTGRES_SERVER, 'replay');
    player = await openPlayer(timeline, folder, { databaseUrl: own?.url ?? null, warm });
    let holds = true;
    for (const step of timeline.steps) {
      holds = await playStep(player, step, tell);
      if (!holds) break;
      if (options.watch) await new Promise((resolve) => setTimeout(resolve, WATCH_PAUSE));
    }
    if (!options.json) {
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      say(holds ? `  ${timeline.steps.length} steps hold, in ${seconds} s\n` : `  it does not hold (${seconds} s)\n`);
    }
    process.removeListener('SIGINT', leave).removeListener('SIGTERM', leave);
    if (options.keep) await keepUp(player);
    return holds;
  } finally {
    process.removeListener('SIGINT', leave).removeListener('SIGTERM', leave);
    await player?.close();
    await own?.drop();
    if (options.keep) process.stderr.write(`Data and logs stay in ${folder}\n`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

async function playStep(player: Player, step: Step, tell: (outcome: Outcome) => void): Promise<boolean> {
  const outcome = await player.play(step);
  tell(outcome);
  return outcome.failure === null;
}

async function main(files: readonly string[], options: Options): Promise<number> {
  if (options.postgres && POSTGRES_SERVER === '') {
    throw new TimelineError('--postgres needs a server: set CORDON_TEST_DATABASE_URL to a postgres:// URL.');
  }
  const given = files.length > 0 ? files : [fileURLToPath(import.meta.resolve('../timelines/pakistan-2015.json'))];
  // All files are read before the first is played, so that an error in the last one appears at once.
  const timelines = given.map((file) => ({ file, timeline: read(file) }));
  // The logs of shared processes would not stay with those of their timeline.
  if (options.keep) return (await playAll(timelines, options, null)) ? 0 : 1;
  const folder = mkdtempSync(join(tmpdir(), 'cordon-replay-'));
  const warm = new WarmProcesses(folder);
  try {
    return (await playAll(timelines, options, warm)) ? 0 : 1;
  } finally {
    await warm.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function playAll(
  timelines: readonly { readonly file: string; readonly timeline: Timeline }[],
  options: Options,
  warm: WarmProcesses | null,
): Promise<boolean> {
  for (const { file, timeline } of timelines) {
    if (!(await play(basename(file), timeline, options, warm))) return false;
  }
  return true;
}

const command = new Command('replay')
  .description('Plays timelines against the real server and real agents on a clock that it drives.')
  .argument('[FILE...]', 'timelines; without one, Pakistan 2015')
  .option('--json', 'one line of JSON a step', false)
  .option('--keep', 'leave the server up at the end', false)
  .option(
    '--postgres',
    'play on PostgreSQL, in a new database on the server that CORDON_TEST_DATABASE_URL names',
    false,
  )
  .option('--watch', 'slow enough to follow in the console', false)
  .action(async (files: string[], options: Options) => {
    try {
      process.exitCode = await main(files, options);
    } catch (error) {
      process.stderr.write(
        `${error instanceof TimelineError ? error.message : error instanceof Error ? error.stack : error}\n`,
      );
      process.exitCode = 2;
    }
  });
await command.parseAsync();
