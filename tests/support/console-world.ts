/**
 * An installation for tests of the console: the real server, the built console, and a few simulated devices with real agents. Its clock
 * runs in November 2015. The test creates the accounts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ensureConsole } from '../../server/console/build.ts';
import { openDatabase } from '../../server/store/database.ts';
import { groupView } from '../../shared/api/groups.ts';
import { healthView } from '../../shared/api/health.ts';
import type { InventoryReport } from '../../shared/inventory/report.ts';
import { deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { type Code, DemoFleet } from '../demo/fleet.ts';
import type { Resident } from '../demo/population.ts';
import { openAddresses } from '../replay/addresses.ts';
import { Child } from '../replay/rpc.ts';
import type { DemoDriver, ServerHandlers } from '../replay/server-process.ts';
import { createCodes } from './codes.ts';
import { MESSENGERS, OFFICES } from './console-fleet.ts';
import { PASSPHRASE, prepareKeyFolder } from './custody.ts';
import { testInventories } from './inventories.ts';
import { loopbackConfig } from './loopback-config.ts';
import type { Person } from './people.ts';
import { programPath } from './programs.ts';

/** A Friday morning in Karachi, ten days before the date in the regulator's letter. */
export const BEGIN = Date.parse('2015-11-20T09:00:00+05:00');

export interface ConsoleWorld {
  readonly url: string;
  readonly firstOwnerLink: string;
  now(): Instant;
  /**
   * Enrolls and connects the devices, with activation links that `codes` creates for their users. In a demo, an organization must verify
   * the devices that send messages.
   */
  settle(codes: (residents: readonly Resident[]) => Promise<Code[]>): Promise<void>;
  /** Makes later jumps wait until the server and the devices are idle. The owner's token reads the server's state. */
  follow(owner: Person): void;
  /** Sets the clocks of the server and the devices to this time. */
  jump(to: Instant): Promise<void>;
  /** Stores an inventory as if the device had reported it. */
  report(device: string, report: InventoryReport): Promise<void>;
  /** Moves the recorded refusals of demands 31 days back. Reports have only months that have ended. */
  ageRefusals(): Promise<void>;
  /** Makes all users read the notices on their devices. */
  look(): Promise<void>;
  remove(): Promise<void>;
}

const DAY = 86_400_000;
/** Limits in real time. */
const REST_WITHIN = 10_000;
const LOOK_EVERY = 50;
const TICK_EVERY = 1_000;

export interface WorldGiven {
  readonly residents: readonly Resident[];
  /** Adds the demo's clock and the demo's message to the console. */
  readonly demo: boolean;
}

export async function openConsoleWorld({ residents, demo }: WorldGiven): Promise<ConsoleWorld> {
  await ensureConsole((line) => console.log(line));
  const folder = mkdtempSync(join(tmpdir(), 'cordon-console-'));
  const [sender, recipient] = MESSENGERS;
  let ahead = BEGIN - Date.now();
  let owner: Person | null = null;
  const now = () => Date.now() + ahead;
  let sent = 0;
  const userOf = ({ label, index }: (typeof MESSENGERS)[number]) =>
    residents.find((one) => one.spot.label === label && one.index === index)?.user ?? '';
  const onKept = (why: Error) => console.error(why);

  const fleet = new DemoFleet(residents, { folder, addresses: openAddresses(), onKept });
  const answers: DemoDriver = {
    jump: async ({ to }) => jump(to).then(() => null),
    async send() {
      sent += 1;
      return fleet.message(sender, userOf(recipient), `Are you there? (${sent})`);
    },
    session: async () => null,
  };
  const module = programPath('tests/replay/server-process.ts');
  const server: Child<ServerHandlers> = new Child('server', module, join(folder, 'server.log'), { answers, onKept });

  async function jump(to: Instant): Promise<void> {
    ahead = to - Date.now();
    // The clocks of the devices jump first, as in the demo. A server that is ahead would send its time to the devices, which would then add
    // the jump again.
    await fleet.jump({ ahead });
    await server.call('jump', { to: { ahead } });
    await fleet.wake();
    if (owner) await rest(owner);
  }

  /** Waits until two checks in a row find nothing pending. Frames that were on their way at the first check have arrived at the second. */
  async function rest({ api }: Person): Promise<void> {
    const deadline = performance.now() + REST_WITHIN;
    let tick = performance.now() + TICK_EVERY;
    for (let quiet = 0; quiet < 2 && performance.now() < deadline; ) {
      const { list } = await api.call('GET', '/health', healthView);
      quiet = list && (await fleet.restless(list.version)) === 0 ? quiet + 1 : 0;
      await pause(LOOK_EVERY);
      if (performance.now() < tick) continue;
      await fleet.tick();
      tick = performance.now() + TICK_EVERY;
    }
  }

  async function remove(): Promise<void> {
    await Promise.all([server.kill(), fleet.kill()]);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }

  try {
    const given = { organization: 'Weiß & ملک AG', passphrase: PASSPHRASE };
    const config = loopbackConfig(folder, { device: 0, public: 0, admin: 0 }, given);
    prepareKeyFolder(join(config.home, 'keys'));
    const opened = fleet.open({ ahead }, now(), () => '127.0.0.1');
    const { addresses, firstOwnerLink } = await server.call('start', { config, drive: { ahead }, demo });
    if (firstOwnerLink === null) throw new Error('a fresh server gave no link for its first owner');
    await opened;
    const url = `http://127.0.0.1:${addresses.admin.port}`;
    /** Opens the database of the server, which writes to it at the same time. */
    const openStore = () => openDatabase({ file: join(config.home, 'cordon.db') });
    return {
      url,
      firstOwnerLink,
      now,
      async settle(codes) {
        await fleet.enroll(codes, () => undefined);
        await fleet.launch(() => undefined);
        const end = ({ label, index }: (typeof MESSENGERS)[number]) => ({
          device: fleet.device({ label, index }),
          user: userOf({ label, index }),
        });
        if (!demo) return;
        await server.call('messengers', { from: end(sender), to: end(recipient) });
        await fleet.confirmed([sender, recipient]);
      },
      follow(person) {
        owner = person;
      },
      jump,
      async report(device, report) {
        const database = await openStore();
        const result = await (await testInventories(database)).put(deviceIdSchema.parse(device), report);
        await database.close();
        if (result !== 'stored') throw new Error(`the report was ${result}`);
      },
      async ageRefusals() {
        const database = await openStore();
        await database.db
          .updateTable('disclosure_refusals')
          .set(({ eb }) => ({ at: eb('at', '-', 31 * DAY) }))
          .execute();
        await database.close();
      },
      look: () => fleet.look(),
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Creates the offices over the API, and activation links for their residents. */
export async function officesOf(
  owner: Person,
  offices: readonly Resident['spot']['office'][] = OFFICES,
): Promise<(residents: readonly Resident[]) => Promise<Code[]>> {
  const groups = new Map<string, string>();
  for (const { name, country } of offices) {
    const { id } = await owner.api.call('POST', '/groups', groupView, { name, home: country });
    groups.set(name, id);
  }
  const create = createCodes(owner.api);
  return (residents) =>
    Promise.all(
      residents.map(async ({ user, spot }) => {
        const { id, link } = await create({ user, group: groups.get(spot.office.name) });
        return { device: id, link };
      }),
    );
}
