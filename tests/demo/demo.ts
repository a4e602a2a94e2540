/**
 * `npm run demo`: one command starts a fleet and a console in which an admin carries out a country's order. It runs the real server and the
 * real agent, as `npm start` and `cordon-agent` do, except for the clock and the sign-in links. All data is in one folder, and no process
 * outlives the demo.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { CONSOLE_FOLDER, ensureConsole } from '../../server/console/build.ts';
import { onEnding } from './ending.ts';
import { makeFolder, removeAbandoned, removeFolder } from './folder.ts';
import { DemoRefusal, portsFrom, refusalOf } from './ports.ts';
import { Screen } from './screen.ts';
import { World } from './world.ts';

interface Options {
  readonly devices: number;
  readonly self: boolean;
  readonly fresh: boolean;
  readonly port: number;
}

/** Least number of devices: one in Karachi and one in Berlin, so that each of the two users has a recipient. */
const FEWEST = 2;
const MOST = 20_000;
/** Number of open files that a server process needs besides one for each device. */
const FILES_BESIDES = 500;

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`The value must be a whole number from ${least} to ${most}.`);
  };
}

/** Largest number of devices that this machine's limit of open files allows. Linux states the limit. On other systems, the demo tries. */
function mostDevices(): number {
  const limits = '/proc/self/limits';
  const files = existsSync(limits) ? /^Max open files\s+(\d+)/m.exec(readFileSync(limits, 'utf8'))?.[1] : undefined;
  return Math.min(MOST, files === undefined ? MOST : Number(files) - FILES_BESIDES);
}

interface Ready {
  readonly people: Awaited<ReturnType<World['people']>>;
  readonly others: Awaited<ReturnType<World['others']>>;
  readonly order: string;
  /** Home folder of this machine's agent, or null if the demo runs without this agent. */
  readonly home: string | null;
}

async function start(world: World, options: Options, screen: Screen): Promise<void> {
  const [ready] = await Promise.all([startServer(world, options, screen), buildConsole(options, screen)]);
  screen.say(welcome(world, ready, screen.seconds).join('\n'));
}

async function startServer(world: World, options: Options, screen: Screen): Promise<Ready> {
  const opening = screen.step('server', 'starts');
  const { tellsApart } = await world.open();
  opening.done(`runs at ${world.adminUrl}`);

  const gathering = screen.step('people', 'get accounts and approver keys');
  const people = await world.people();
  gathering.done('have accounts; Ada and Ben have signed the approver set, which every device pins');

  if (options.self && !tellsApart) {
    screen.say('  this machine  is not enrolled: this system cannot distinguish it from the simulated devices');
  }
  const [order, others, home] = await Promise.all([
    startFleet(world, people, options, screen),
    world.others(),
    options.self && tellsApart ? ownAgent(world, screen) : null,
  ]);
  return { people, others, order, home };
}

/** Proposes an order when all devices are connected. Returns the order's number. */
async function startFleet(
  world: World,
  people: Ready['people'],
  { devices }: Options,
  screen: Screen,
): Promise<string> {
  const managed = world.manage(people);
  // A failure ends the start below, and not before.
  managed.catch(() => undefined);
  const enrolling = screen.step('devices', 'enroll');
  await world.enroll((enrolled) => enrolling.update(`${enrolled} of ${devices} have enrolled`));
  enrolling.done(`${devices} of ${devices} have enrolled, each with an activation link of its own`);

  const { online } = world;
  const connecting = screen.step('devices', 'connect');
  await world.connect((tried) => connecting.update(`${tried} of ${devices} connect`));
  connecting.done(`${online} are connected${devices > online ? `, ${devices - online} are offline` : ''}`);

  const proposing = screen.step('order', 'is proposed');
  const working = screen.step('management', 'starts a job');
  const [{ number }] = await Promise.all([
    world.propose(people).then((order) => {
      proposing.done(`${order.number} for Pakistan is pending approval by two people`);
      return order;
    }),
    managed
      .then(() => world.work(people))
      .then(() =>
        working.done(
          'has policies, dynamic groups, an advisory, labels, a saved view, a missing device, a paused job, a script, a live query and notifications',
        ),
      ),
  ]);
  return number;
}

async function ownAgent(world: World, screen: Screen): Promise<string> {
  const connecting = screen.step('mail', 'starts the mail connector');
  await world.connectMail();
  connecting.done('goes through a real mail connector, to a small mail server inside the demo');

  const step = screen.step('this machine', 'enrolls as a device');
  const { device, home } = await world.ownAgent();
  step.done(`is device ${device} and runs a real agent`);
  const filling = screen.step('inbox', 'receives its first mails');
  const address = await world.mail();
  filling.done(`of ${address} has its first mails; others follow`);
  return home;
}

async function buildConsole({ fresh }: Options, screen: Screen): Promise<void> {
  if (fresh) rmSync(CONSOLE_FOLDER, { recursive: true, force: true });
  const step = screen.step('console', 'checks for changes');
  let built = false;
  await ensureConsole(() => {
    built = true;
    step.update('is being built (only once)');
  });
  step.done(built ? 'is built' : 'is built already');
}

function welcome(world: World, { people, others, order, home }: Ready, seconds: string): string[] {
  const { links, proposer, approvers, owner } = people;
  const [ada, ben] = approvers;
  const [helpdesk, auditor] = others;
  const { port } = new URL(world.adminUrl);
  return [
    '',
    `Ready after ${seconds} s. Each link signs in one person. Open the links side by side in one browser (Chrome, Edge or Firefox):`,
    '',
    `  Sana, who proposes   ${links.add(proposer)}`,
    `  Ada, who approves    ${links.add(ada)}`,
    `  Ben, who approves    ${links.add(ben)}`,
    '',
    `  Olivia, the owner    ${links.add(owner)}`,
    `  Hamza, the helpdesk  ${links.add(helpdesk)}`,
    `  Ines, the auditor    ${links.add(auditor)}`,
    '',
    'For a browser on another machine, run this command there first. The same links then work:',
    `  ssh -L ${port}:127.0.0.1:${port} ${userInfo().username}@${hostname()}`,
    '',
    'The command line, as Olivia: open her link, run this command, and open the address that it prints with olivia.localhost as the host:',
    `  npx cordon --server ${world.adminUrl} sign-in`,
    '',
    'What to try first:',
    `  1. As Sana, open order ${order} and look at the affected devices: contested, unknown, visiting, traveling and offline.`,
    '  2. Approve the order as Ada, then as Ben. Press "Send a message" in the bar at the top: Berlin receives it from Karachi.',
    `  3. Press "Pakistan ${order} takes effect" in the bar: the clock jumps. Send another message: the server refuses it.`,
    '  4. Withdraw the order as Sana, and approve the withdrawal as Ada and as Ben. Berlin receives the next message.',
    ...(home === null
      ? []
      : [
          '',
          'This machine is a device too. Its location is unknown, because it connects from loopback. Olivia can state a location.',
          `  npm run cordon-agent -- --home ${home} status`,
          'Its page has an inbox, which receives more mail while the demo runs. Each mail that you send gets an automatic reply.',
          `  npm run cordon-agent -- --home ${home} open`,
        ]),
    '',
    'Ctrl-C stops the demo and removes its data.',
  ];
}

async function run(options: Options): Promise<number> {
  const most = mostDevices();
  if (options.devices > most) {
    throw new DemoRefusal(
      `${options.devices} devices need more open files than this system allows for one process. The limit is ${most} devices.`,
    );
  }
  const ports = await portsFrom(options.port);
  const screen = new Screen(process.stdout);
  screen.say('The Cordon demo runs only on this machine, and connects to no other machine.');
  if (options.fresh && removeAbandoned() > 0) screen.say('The data of an interrupted demo was removed.');
  const { promise: ended, resolve: end } = Promise.withResolvers<Error | null>();
  onEnding(() => end(null));
  const folder = makeFolder(options.devices);
  const world = new World({ folder, ports, devices: options.devices, onKept: end });
  try {
    // After a successful start, the demo ends only by a signal or a failure.
    const broken = await Promise.race([ended, start(world, options, screen).then(() => ended)]);
    screen.close();
    if (broken) console.error(`${broken.message}${lastWords(broken)}`);
    return broken ? 1 : 0;
  } catch (error) {
    throw refusalOf(error) ?? error;
  } finally {
    screen.close();
    await world.end();
    // The keeper process removes the folder, unless the keeper itself failed.
    removeFolder(folder);
  }
}

/** Prints the last lines of the process's log, because the demo deletes the log. */
function lastWords({ message }: Error): string {
  const file = /its log is (\S+)$/.exec(message)?.[1];
  return file === undefined ? '' : `\n${readFileSync(file, 'utf8').trim().split('\n').slice(-15).join('\n')}`;
}

export async function main(argv: readonly string[]): Promise<void> {
  const command = new Command('npm run demo --')
    .description(
      'Runs a server, its console, simulated devices and an order pending approval on this machine. Ctrl-C ends it and removes all data.',
    )
    .option('--devices <number>', 'simulated devices', whole(FEWEST, MOST), 200)
    .option('--no-self', 'do not enroll this machine as a device, and start no mail')
    .option('--fresh', 'build the console again, and remove the data of interrupted demos', false)
    .option('--port <number>', 'first of three ports; 0 for any free ports', whole(0, 65_533), 8443)
    .action(async (options: Options) => {
      try {
        const code = await run(options);
        if (code === 0) console.log('\nThe demo has ended. All its data is removed.');
        process.exit(code);
      } catch (error) {
        console.error(error instanceof DemoRefusal ? error.message : error instanceof Error ? error.stack : error);
        process.exit(1);
      }
    });
  await command.parseAsync([...argv], { from: 'user' });
}
