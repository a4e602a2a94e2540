/**
 * The demo's server, simulated devices with the real agent, and this machine's agent, on a common clock. It starts and controls all of
 * them, and answers the requests of a demo server (`server/api/demo.ts`). Of this machine's agent, it controls only the wall clock.
 */
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { groupView } from '../../shared/api/groups.ts';
import { healthView } from '../../shared/api/health.ts';
import { revisionView } from '../../shared/api/orders.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { openAddresses } from '../replay/addresses.ts';
import { Child } from '../replay/rpc.ts';
import type { DemoDriver, ServerHandlers } from '../replay/server-process.ts';
import { createCodes } from '../support/codes.ts';
import { loopbackConfig, type Ports } from '../support/loopback-config.ts';
import { invite, type Person } from '../support/people.ts';
import { addressOf, DemoMail } from './demo-mail.ts';
import { type Code, DemoFleet } from './fleet.ts';
import type { KeeperHandlers } from './keeper-process.ts';
import { assignLabels, markDevices, prepareManagement, startJob } from './management.ts';
import { MISSING, OFFICES, RECIPIENT, RETIRED, SENDER } from './offices.ts';
import { pendingOrder } from './pending-order.ts';
import { gather, Links, type People } from './people.ts';
import { populate, type Resident } from './population.ts';
import { canComeFrom } from './ports.ts';
import { askDevices, prepareNotifications, raiseAlert, runScript } from './watching.ts';

/** Longest real time that a request for a clock jump waits for its response. */
const REST_WITHIN = 10_000;
const LOOK_EVERY = 50;
/** Interval in which devices try again to connect after a jump, because they would otherwise wait in real time. */
const TICK_EVERY = 2_000;
/** Largest difference between the server's time and the time of an agent that has received it. */
const BEHIND = 2_000;
const CODES_AT_ONCE = 8;
/** Office on whose devices a script runs. In a large demo, it runs on the first of them, because each starts a process. */
const SCRIPT_OFFICE = 'Berlin';
const MOST_WATCHED = 25;
const COUNTERSIGN_EVERY = 1_000;
/** Time limit of this machine's agent. Its start takes less time on any machine that can run a demo. */
const OWN_AGENT_WITHIN = 60_000;

/** Addresses of the proxies, one for each device process. They distinguish simulated devices from an agent without a proxy. */
const PROXIES = '127.0.1.0/24';
const proxyOf = (process: number) => `127.0.1.${process + 1}`;

export interface WorldGiven {
  readonly folder: string;
  readonly ports: Ports;
  readonly devices: number;
  /** Called when a process ends unexpectedly. */
  readonly onKept: (why: Error) => void;
}

const moduleOf = (path: string) => fileURLToPath(import.meta.resolve(path));

export class World {
  readonly #given: WorldGiven;
  readonly #residents: readonly Resident[];
  readonly #keeper: Child<KeeperHandlers>;
  readonly #server: Child<ServerHandlers>;
  readonly #fleet: DemoFleet;
  #createCode: ReturnType<typeof createCodes> | null = null;
  readonly #groups = new Map<string, string>();
  #links: Links | null = null;
  #owner: Person | null = null;
  #ahead = 0;
  #jumps: Promise<void> = Promise.resolve();
  /** Process identifiers of this machine's agent and of the mail connector. */
  #ownAgent: number | undefined;
  #ownConnector: number | undefined;
  readonly #mail: DemoMail;

  /** Starts the processes, which wait for calls. */
  constructor(given: WorldGiven) {
    const { folder, onKept } = given;
    this.#given = given;
    this.#residents = populate(given.devices);
    const log = (name: string) => join(folder, `${name}.log`);
    this.#keeper = new Child('keeper', moduleOf('./keeper-process.ts'), log('keeper'), { detached: true, onKept });
    const answers: DemoDriver = {
      jump: async ({ to }) => {
        await this.jump(to);
        return null;
      },
      send: () => this.#send(),
      session: async ({ ticket }) => this.#links?.session(ticket) ?? null,
    };
    this.#server = new Child('server', moduleOf('../replay/server-process.ts'), log('server'), {
      detached: true,
      answers,
      onKept,
    });
    this.#fleet = new DemoFleet(this.#residents, { folder, addresses: openAddresses(), onKept });
    this.#mail = new DemoMail({ port: () => this.#keeper.call('mailPort', null), now: () => this.now() });
  }

  get adminUrl(): string {
    return `http://127.0.0.1:${this.#given.ports.admin}`;
  }

  get #api() {
    if (!this.#owner) throw new Error('the server has no owner yet');
    return this.#owner.api;
  }

  now(): Instant {
    return Date.now() + this.#ahead;
  }

  /**
   * Waits until the server responds. Returns false if the server cannot distinguish this machine's agent from simulated devices. The demo
   * then omits this agent.
   */
  async open(): Promise<{ readonly tellsApart: boolean }> {
    const { folder, ports } = this.#given;
    await this.#keeper.call('begin', { folder });
    const tellsApart = await canComeFrom(proxyOf(0));
    const config = loopbackConfig(folder, ports, {
      organization: 'Cordon demo',
      appeal: 'appeals@example.org',
      proxyFrom: tellsApart ? [PROXIES] : ['127.0.0.1'],
    });
    const opened = this.#fleet.open({ ahead: 0 }, Date.now(), tellsApart ? proxyOf : () => '127.0.0.1');
    const { firstOwnerLink } = await this.#server.call('start', { config, drive: { ahead: 0 }, demo: true });
    if (firstOwnerLink === null) throw new Error('the new server gave no link for its first owner');
    this.#firstOwnerLink = firstOwnerLink;
    await opened;
    return { tellsApart };
  }
  #firstOwnerLink = '';

  /** Creates people who must exist before devices enroll, because devices pin the approver set at enrollment. */
  async people(): Promise<People & { readonly links: Links }> {
    const people = await gather(this.adminUrl, this.#firstOwnerLink);
    this.#owner = people.owner;
    // The organization's key is never on the server's machine.
    people.organization.keepCountersigning(COUNTERSIGN_EVERY);
    this.#links = new Links(this.adminUrl);
    const offices = OFFICES.map(({ name, country }) => this.#group(`${name} office`, country));
    await Promise.all([...offices, this.#group('This machine', null), this.#group('Mail', null)]);
    return { ...people, links: this.#links };
  }

  async #group(name: string, home: string | null): Promise<void> {
    const { id } = await this.#api.call('POST', '/groups', groupView, { name, home });
    this.#groups.set(name, id);
  }

  /** Two auditors: the role of one is limited to an office, the role of the other is not limited. */
  async others(): Promise<readonly [helpdesk: Person, auditor: Person]> {
    const owner = this.#owner;
    if (!owner) throw new Error('the server has no owner yet');
    return Promise.all([
      invite(this.adminUrl, owner, 'Hamza Qureshi', [{ role: 'helpdesk', group: this.#groups.get('Karachi office') }]),
      invite(this.adminUrl, owner, 'Ines Moreau', [{ role: 'auditor' }]),
    ]);
  }

  /** Creates an activation code. `email`: address of a person with mail. */
  async #code(user: string, group: string, rest: { email?: string } = {}): Promise<Code> {
    this.#createCode ??= createCodes(this.#api);
    const { id, link } = await this.#createCode({ user, group: this.#groups.get(group), ...rest });
    return { device: id, link };
  }

  async enroll(told: (enrolled: number) => void): Promise<void> {
    const codes = async (residents: readonly Resident[]): Promise<Code[]> => {
      const made: Code[] = [];
      const waiting = residents.entries();
      const worker = async () => {
        for (const [index, { user, spot, index: nth }] of waiting) {
          const hasMail = spot.label === SENDER.label && nth === SENDER.index;
          made[index] = await this.#code(user, `${spot.office.name} office`, hasMail ? { email: addressOf(user) } : {});
        }
      };
      await Promise.all(Array.from({ length: CODES_AT_ONCE }, worker));
      return made;
    };
    await this.#fleet.enroll(codes, told);
  }

  async connect(told: (tried: number) => void): Promise<void> {
    await this.#fleet.launch(told);
    await this.#server.call('messengers', { from: this.#end(SENDER), to: this.#end(RECIPIENT) });
    await this.#fleet.confirmed([SENDER, RECIPIENT]);
  }

  #end(which: typeof SENDER) {
    return { device: this.#fleet.device(which), user: this.#userOf(which) };
  }

  #userOf({ label, index }: typeof SENDER): string {
    return this.#residents.find((one) => one.spot.label === label && one.index === index)?.user ?? '';
  }

  /** Number of devices that should be connected. */
  get online(): number {
    return this.#residents.filter(({ spot }) => spot.online).length;
  }

  /** Starts the mail connector, and waits until it receives mail. Agents that enroll later find it at once. */
  async connectMail(): Promise<void> {
    if (!this.#owner) throw new Error('the server has no owner yet');
    // Only a session may create the code of a mail connector.
    const create = createCodes(this.#owner.browser);
    const { link } = await create({ user: 'Mail connector', group: this.#groups.get('Mail'), mailConnector: true });
    const submission = await this.#mail.listen();
    const { pid } = await this.#keeper.call('connectMail', { link, ahead: this.#ahead, submission });
    this.#ownConnector = pid;
    await this.#mail.connected();
  }

  /** Fills the inbox of this machine's user, and sends more mail while the demo runs. Returns the user's address. */
  async mail(): Promise<string> {
    const user = addressOf(userInfo().username);
    await this.#mail.begin({ user, colleague: addressOf(this.#userOf(SENDER)) });
    return user;
  }

  /** Enrolls this machine. Returns its device id and its agent's home folder. */
  async ownAgent(): Promise<{ readonly device: string; readonly home: string }> {
    const user = userInfo().username;
    const { device, link } = await this.#code(user, 'This machine', { email: addressOf(user) });
    const { home, pid } = await this.#keeper.call('enroll', { link, ahead: this.#ahead });
    this.#ownAgent = pid;
    const deadline = performance.now() + OWN_AGENT_WITHIN;
    while ((await this.#keeper.call('status', null))?.mail !== 'ready') {
      if (performance.now() > deadline) throw new Error('the agent of this machine did not connect, or has no mail');
      await pause(LOOK_EVERY);
    }
    return { device, home };
  }

  /** Creates dynamic groups, policies, a saved view and an advisory. Devices that connect later find them. */
  async manage({ owner, proposer }: People): Promise<void> {
    const offices = OFFICES.flatMap(({ name }) => this.#groups.get(`${name} office`) ?? []);
    await Promise.all([
      prepareManagement({ owner: owner.api, fleet: proposer.api, offices, now: this.now() }),
      prepareNotifications(owner.browser),
    ]);
  }

  /**
   * Labels devices, pauses a job at its second wave, marks offline devices as missing and retired, runs a script on an office, and asks a
   * live query.
   */
  async work({ owner, proposer, approvers: [reviewer] }: People): Promise<void> {
    const devices = this.#residents.map(({ spot: { label }, index }) => this.#fleet.device({ label, index }));
    const among = ({ label, index }: typeof MISSING) =>
      this.#residents.some((one) => one.spot.label === label && one.index === index)
        ? [this.#fleet.device({ label, index })]
        : [];
    const office = this.#residents
      .filter(({ spot }) => spot.online && spot.office.name === SCRIPT_OFFICE)
      .slice(0, MOST_WATCHED)
      .map(({ spot: { label }, index }) => this.#fleet.device({ label, index }));
    const callers = { owner: owner.api, fleet: proposer.api };
    await Promise.all([
      assignLabels(owner.api, devices),
      startJob(proposer.api),
      runScript({ owner, author: proposer.api, reviewer }, office),
      askDevices(proposer.browser, office),
      raiseAlert(owner, 'Ben Weber'),
      markDevices(callers, { missing: among(MISSING), retired: among(RETIRED) }),
    ]);
  }

  async propose({ proposer }: People): Promise<{ readonly number: string }> {
    const { order } = await proposer.api.call('POST', '/orders', revisionView, pendingOrder(this.now()));
    return { number: order };
  }

  /** Jumps the clocks, one jump after the other. Resolves when server and devices are idle, or after ten seconds. */
  jump(to: Instant): Promise<void> {
    const jumped = this.#jumps.then(() => this.#jump(to));
    this.#jumps = jumped.catch(() => undefined);
    return jumped;
  }

  async #jump(to: Instant): Promise<void> {
    const ahead = to - Date.now();
    if (ahead <= this.#ahead) return;
    // The devices' clocks jump first. A server that is ahead would send its new time, and the devices would then add the jump again.
    await Promise.all([this.#fleet.jump({ ahead }), this.#keeper.call('jump', { ahead })]);
    await this.#server.call('jump', { to: { ahead } });
    this.#ahead = ahead;
    const rest = this.#settle();
    // The caller gets a response after the time limit. The jump continues, and its failure does not end the demo.
    rest.catch((error: unknown) => console.error(error));
    await Promise.race([rest, pause(REST_WITHIN, undefined, { ref: false })]);
  }

  async #settle(): Promise<void> {
    await Promise.all([this.#fleet.wake(), this.#catchUp()]);
    const deadline = performance.now() + REST_WITHIN;
    let tick = performance.now() + TICK_EVERY;
    // Waits until two checks in a row find nothing pending. Work in progress at the first check has finished at the second.
    for (let quiet = 0; quiet < 2 && performance.now() < deadline; ) {
      const looking = performance.now();
      const { list } = await this.#api.call('GET', '/health', healthView);
      quiet = list && (await this.#fleet.restless(list.version)) === 0 ? quiet + 1 : 0;
      // The interval grows with the fleet, because a check of thousands of devices takes time.
      await pause(Math.max(LOOK_EVERY, 2 * (performance.now() - looking)));
      if (performance.now() < tick) continue;
      await this.#fleet.tick();
      tick = performance.now() + TICK_EVERY;
    }
  }

  /**
   * The demo controls only the wall clock of this machine's agent. The agent follows the server's time, but the server does not send its
   * time at each jump.
   */
  async #catchUp(): Promise<void> {
    if (this.#ownAgent === undefined) return;
    for (let look = 0; look < 20; look++) {
      const status = await this.#keeper.call('status', null);
      // The device stays revoked, because an admin may have revoked it on purpose.
      if (!status || status.now > this.now() - BEHIND) return;
      await pause(LOOK_EVERY);
    }
    const { pid, connectorPid } = await this.#keeper.call('restart', null);
    [this.#ownAgent, this.#ownConnector] = [pid, connectorPid];
  }

  #send(): ReturnType<DemoDriver['send']> {
    this.#sent += 1;
    return this.#fleet.message(SENDER, this.#end(RECIPIENT).user, `Message ${this.#sent} of the demo.`);
  }
  #sent = 0;

  /** Ends every process at once, because no data is kept. The keeper ends last and removes the folder. */
  async end(): Promise<void> {
    await Promise.all([this.#mail.stop(), this.#server.kill(), this.#fleet.kill()]);
    if (!this.#keeper.ended) return this.#keeper.release();
    // The keeper was killed, so the programs of this machine and the folder are still there.
    for (const pid of [this.#ownAgent, this.#ownConnector]) if (pid !== undefined) killHard(pid);
  }
}

function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // The keeper ends by itself when its parent is gone.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
