/**
 * Plays one timeline with a server and fleets of its own. The clock jumps from step to step, and each action happens once. After every step
 * it waits until the state that is visible from outside no longer changes.
 */
import { mkdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { namedAreaView } from '../../shared/api/areas.ts';
import { deviceView } from '../../shared/api/devices.ts';
import { groupView } from '../../shared/api/groups.ts';
import { legalHoldPage, legalHoldView } from '../../shared/api/holds.ts';
import { ipDatabaseList, ipDatabaseView } from '../../shared/api/ip-databases.ts';
import { territoryPolicyList, territoryPolicyView } from '../../shared/api/territory-policies.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { createCodes } from '../support/codes.ts';
import { KNOWN_ADDRESSES, writeMmdb } from '../support/mmdb-writer.ts';
import type { Caller, Person } from '../support/people.ts';
import { openAddresses } from './addresses.ts';
import { healthOf, restless } from './at-rest.ts';
import { check, type Unmet } from './expectation.ts';
import { Fleet, FleetProcess } from './fleet.ts';
import { HomeDesk } from './home-desk.ts';
import { type Installation, startInstallation } from './installation.ts';
import { addressOf, MailDesk } from './mail-desk.ts';
import { MessageDesk, userOf } from './message-desk.ts';
import { type Mortal, Mortals, type Writes } from './mortals.ts';
import { OrderDesk } from './order-desk.ts';
import {
  type Act,
  type Expectation,
  offsetOf,
  type Step,
  type Timeline,
  type WorkspaceExpectation,
} from './timeline.ts';
import type { WarmProcesses } from './warm-processes.ts';

/** Real time in which devices must connect and receive the newest list. */
const SETTLE_WITHIN = 30_000;
const LOOK_EVERY = 25;
/** Devices that wait for another attempt use real time, which may be longer than a test should wait. */
const TICK_EVERY = 1_000;
const QUIET_LOOKS = 4;
/** Real time in which a forbidden event would have to appear. */
const STILL_AFTER = 500;

export interface Outcome {
  readonly step: Step;
  /** Null: done as expected. */
  readonly failure: string | null;
  readonly unmet: readonly Unmet[];
  /** Code of an expected refusal. */
  readonly refused: string | null;
  readonly milliseconds: number;
}

export interface Player {
  readonly adminUrl: string;
  readonly owner: Person;
  play(step: Step): Promise<Outcome>;
  fleet(label: string): Fleet;
  /** A process that dies as instructed in a step starts again, and the step continues with its remaining part. */
  readonly mortals: Mortals;
  /** By process (`server` or a label): writes to its store since the last call, once it has stopped writing. */
  writes(): Promise<Writes>;
  /** Kills the processes, or gives them back for another timeline. */
  close(): Promise<void>;
}

export interface PlayerOptions {
  /** An empty PostgreSQL database for the server; absent: SQLite in `folder`. */
  readonly databaseUrl?: string | null;
  /** True: the devices of each label have a process of their own, so that a test can kill any of them. */
  readonly mortal?: boolean;
  /** Source of processes for timelines that follow each other; absent: new processes. */
  readonly warm?: WarmProcesses | null;
}

export async function openPlayer(
  timeline: Timeline,
  folder: string,
  { databaseUrl = null, mortal = false, warm = null }: PlayerOptions = {},
): Promise<Player> {
  const start = timeline.steps[0]?.at ?? 0;
  mkdirSync(folder, { recursive: true });
  const addresses = openAddresses();
  let before = 0;
  // One process for all labels except those that die alone: a process costs half a second of CPU at its start.
  const crashing = new Set(timeline.steps.flatMap((step) => ('do' in step && step.do === 'crash' ? [step.who] : [])));
  const processes = new Map<string, FleetProcess>();
  const fleets = timeline.fleet.map((description) => {
    const { label, count } = description;
    const name = mortal || crashing.has(label) ? label : '';
    const process = processes.getOrInsertComputed(name, () => new FleetProcess(name || 'all', folder, warm));
    const fleet = new Fleet(description, process, addresses, before, start);
    before += count;
    return fleet;
  });
  let installation: Installation | null = null;
  const kill = async () => {
    await Promise.all([...[...processes.values()].map((process) => process.kill()), installation?.kill()]);
  };
  const close = async () => {
    try {
      // Devices first: a stopped server would make them try to connect again.
      await all([...processes.values()].map((process) => process.end()));
      await installation?.end();
    } catch (error) {
      await kill();
      throw error;
    }
  };
  try {
    // The fleets' processes start in parallel with the server. Their activation codes follow when it is ready.
    const opened = all([...processes.values()].map((process) => process.open({ at: start })));
    installation = await startInstallation(timeline, folder, start, databaseUrl, warm);
    await opened;
    const groups = new Map<string, string>();
    for (const fleet of fleets) groups.set(fleet.label, await enrollFleet(fleet, installation.owner.api));
    await all([...processes.values()].map((process) => process.launch()));
    const playing = new Playing(timeline, installation, fleets, groups, start, folder);
    await playing.settle();
    const { adminUrl, owner } = installation;
    return {
      adminUrl,
      owner,
      close,
      play: (step) => playing.play(step),
      fleet: (label) => playing.fleet(label),
      mortals: playing.mortals,
      writes: () => playing.writes(),
    };
  } catch (error) {
    await kill();
    throw error;
  }
}

/** A group for the label, and a code for each of its devices. Returns the group's identifier. */
async function enrollFleet(fleet: Fleet, api: Caller): Promise<string> {
  const { label, count, home, seat } = fleet.description;
  const { id } = await api.call('POST', '/groups', groupView, { name: label });
  const create = createCodes(api);
  const code = async (index: number) => {
    const draft = {
      user: userOf(label, index),
      email: addressOf(label, index),
      group: id,
      home,
      ...(seat === undefined ? {} : { seat }),
    };
    return (await create(draft)).link;
  };
  await fleet.enroll(await Promise.all(Array.from({ length: count }, (_, index) => code(index))));
  return id;
}

/** Activation link of a mail connector. Only a session of an owner can create it. */
async function connectorLink({ browser }: Person): Promise<string> {
  const { id: group } = await browser.call('POST', '/groups', groupView, { name: 'mail connector' });
  return (await createCodes(browser)({ user: 'Mail connector', group, mailConnector: true })).link;
}

class Playing {
  readonly #timeline: Timeline;
  readonly #installation: Installation;
  readonly #fleets: ReadonlyMap<string, Fleet>;
  readonly #desk: OrderDesk;
  readonly #messages: MessageDesk;
  readonly #mail: MailDesk;
  readonly #api: Caller;
  readonly #homes: HomeDesk;
  readonly mortals: Mortals;
  #now: Instant;

  constructor(
    timeline: Timeline,
    installation: Installation,
    fleets: readonly Fleet[],
    groups: Map<string, string>,
    now: Instant,
    folder: string,
  ) {
    this.#timeline = timeline;
    this.#installation = installation;
    this.#fleets = new Map(fleets.map((fleet) => [fleet.label, fleet]));
    this.#desk = new OrderDesk(installation.people, groups, timeline.zone);
    this.#messages = new MessageDesk((label) => this.fleet(label), installation.organization);
    this.#api = installation.owner.api;
    this.#mail = new MailDesk({
      folder,
      link: () => connectorLink(installation.owner),
      fleet: (label) => this.fleet(label),
      organization: installation.organization,
    });
    this.#homes = new HomeDesk(installation.adminUrl, installation.owner);
    this.mortals = new Mortals(new Map<string, Mortal>([['server', installation], ...this.#fleets]));
    this.#now = now;
  }

  async play(step: Step): Promise<Outcome> {
    const began = performance.now();
    const outcome = (rest: Partial<Outcome>): Outcome => ({
      step,
      failure: null,
      unmet: [],
      refused: null,
      milliseconds: Math.round(performance.now() - began),
      ...rest,
    });
    try {
      return outcome(await this.#alive((again) => this.#once(step, again)));
    } catch (error) {
      return outcome({ failure: error instanceof Error ? error.message : String(error) });
    }
  }

  async #once(step: Step, again: boolean): Promise<Partial<Outcome>> {
    if (step.at > this.#now) await this.#jump(step.at);
    else if (again) await this.#wake();
    if ('is' in step) {
      const order = step.order === undefined ? null : this.#desk.numberOf(step.order);
      await this.#within(() =>
        step.expect === 'mail' ? this.#mail.amiss(step, order) : this.#messages.amiss(step, order),
      );
      return {};
    }
    if ('texts' in step) {
      const look = () => this.#messages.inboxAmiss(step);
      await this.#within(look);
      await pause(STILL_AFTER);
      const amiss = await look();
      return amiss === null ? {} : { failure: amiss };
    }
    if ('workspace' in step) {
      await this.#within(() => this.#workspaceAmiss(step));
      return {};
    }
    if (!('do' in step)) {
      const unmet = await this.#check(step);
      return unmet.length > 0 ? { unmet, failure: 'the expectation is not met' } : {};
    }
    const refused = await this.#act(step, again);
    await this.settle();
    return { refused };
  }

  /** When no process has written for a moment. */
  async writes(): Promise<Writes> {
    const all = new Map<string, string[]>();
    for (let quiet = 0; quiet < QUIET_LOOKS; await pause(LOOK_EVERY)) {
      const more = await this.#alive(async (again) => {
        if (again) await this.#wake();
        return await this.mortals.writes();
      });
      quiet += 1;
      for (const [who, names] of more) {
        if (names.length > 0) quiet = 0;
        all.set(who, [...(all.get(who) ?? []), ...names]);
      }
    }
    return all;
  }

  /** Repeats the work until no process dies in it. `again`: a process died and has restarted, so part of the work remains. */
  async #alive<T>(work: (again: boolean) => Promise<T>): Promise<T> {
    for (let again = false; ; again = true) {
      try {
        const done = await work(again);
        // All processes are alive before the work continues.
        if (!(await this.mortals.raise(this.#now, false))) return done;
      } catch (error) {
        if (!(await this.mortals.raise(this.#now, true))) throw error;
      }
    }
  }

  async #jump(to: Instant): Promise<void> {
    // Devices' clocks first. A server that is ahead would send its new time, and their clocks would add the jump again.
    const [devices] = await Promise.allSettled([all(this.#processes().map((process) => process.jump({ at: to })))]);
    try {
      await this.#installation.jump(to);
    } finally {
      // A process that died during the jump starts at the new time: it may have acted at that time already, and no clock runs backwards.
      this.#now = to;
    }
    if (devices.status === 'rejected') throw devices.reason;
    await this.#wake();
  }

  async #wake(): Promise<void> {
    await all(this.#processes().map((process) => process.wake()));
    await this.settle();
  }

  #processes(): FleetProcess[] {
    return [...new Set([...this.#fleets.values()].map(({ process }) => process))];
  }

  fleet(label: string): Fleet {
    const fleet = this.#fleets.get(label);
    if (!fleet) throw new Error(`no fleet is labeled ${label}`);
    return fleet;
  }

  async #workspaceAmiss({ label, workspace, enrolled }: WorkspaceExpectation): Promise<string | null> {
    for (const state of await this.fleet(label).states()) {
      const { device, index } = state;
      const which = `${device} (${label} ${index + 1})`;
      if (state.workspace !== workspace) return `${which}: its workspace is ${state.workspace}`;
      const { status } = await this.#api.call('GET', `/devices/${device}`, deviceView);
      if ((status === 'active') !== enrolled) return `${which}: the server says that it is ${status}`;
    }
    return null;
  }

  async #check(step: Expectation): Promise<Unmet[]> {
    const order = step.order === undefined ? null : this.#desk.numberOf(step.order);
    return await check(step, order, await this.fleet(step.label).states(), this.#api);
  }

  /** Returns the code of an expected refusal. Throws any other refusal, and if there was none. */
  async #act(act: Act, again: boolean): Promise<string | null> {
    const before = act.expect ? await this.#standing() : null;
    const code = await this.#attempt(act, again);
    const wanted = act.expect?.refused ?? null;
    const order = act.expect?.order;
    if (code?.code !== (wanted ?? undefined)) {
      if (!code) throw new Error(`expected to be refused with ${wanted}, but it was done`);
      throw new Error(`refused with ${code.code}${wanted ? `, expected ${wanted}` : ''}: ${code.message}`);
    }
    if (order !== undefined && code?.context.order !== this.#desk.numberOf(order))
      throw new Error(`refused because of ${code?.context.order}, expected ${order}`);
    if (before !== null && (await this.#standing()) !== before)
      throw new Error(`refused with ${wanted}, and yet something changed`);
    return wanted;
  }

  async #attempt(act: Act, again: boolean): Promise<CordonError | null> {
    try {
      await this.#perform(act, again);
      return null;
    } catch (error) {
      if (error instanceof CordonError) return error;
      throw error;
    }
  }

  async #standing(): Promise<string> {
    return `${await this.#desk.standing()} list ${(await healthOf(this.#api)).list?.version}`;
  }

  async #perform(act: Act, again: boolean): Promise<void> {
    switch (act.do) {
      case 'draw': {
        const query = new URLSearchParams({ name: act.polygon, title: act.polygon });
        const coordinates = [[...act.corners, act.corners[0]]];
        await this.#api.call('POST', `/areas/polygons?${query}`, namedAreaView, { type: 'Polygon', coordinates });
        return;
      }
      case 'ip-database': {
        const records = Object.entries({ ...Object.fromEntries(KNOWN_ADDRESSES), ...act.puts });
        const file = writeMmdb(Object.fromEntries(records.map(([address, country]) => [address, { country }])), act.at);
        const { hash } = await this.#api.call('POST', `/ip-databases?name=${act.database}`, ipDatabaseView, file);
        await this.#api.call('POST', `/ip-databases/${hash}/activate`, ipDatabaseView);
        return await this.#within(() => this.#relocating());
      }
      case 'rollback':
        await this.#api.call('POST', '/ip-databases/rollback', ipDatabaseView);
        return await this.#within(() => this.#relocating());
      case 'policy': {
        const { policies } = await this.#api.call('GET', '/territory-policies', territoryPolicyList);
        const features = Object.entries(act.territories).map(([feature, choice]) => [
          feature,
          { choice, note: 'As replayed.' },
        ]);
        const { version } = await this.#api.call('POST', '/territory-policies', territoryPolicyView, {
          version: Math.max(...policies.map((policy) => policy.version)) + 1,
          title: this.#timeline.name,
          date: new Date(act.at).toISOString().slice(0, 10),
          features: Object.fromEntries(features),
        });
        await this.#api.call('POST', `/territory-policies/${version}/activate`, territoryPolicyView);
        return;
      }
      case 'move': {
        const fleet = this.fleet(act.label);
        if (act.home !== undefined) {
          for (const { device } of await fleet.states()) {
            await this.#homes.move(device, act.home);
          }
        }
        return await fleet.move(act.evidence);
      }
      case 'offline':
        return await this.fleet(act.label).network(false);
      case 'online':
        return await this.fleet(act.label).network(true);
      case 'restart':
        return await this.fleet(act.label).reboot(this.#now);
      case 'legal-hold':
        return await this.#hold(act.label, act.released);
      case 'clock':
        return await this.fleet(act.label).setClock(offsetOf(act.offset, act.at, this.#timeline.zone));
      case 'send':
        await this.#within(() => this.#messages.unready(act));
        return await this.#messages.send(act);
      case 'mail':
        await this.#within(() => this.#mail.unready(act));
        return await this.#mail.mail(act);
      case 'stop':
        return await this.#installation.stop();
      case 'start':
        return await this.#installation.crash(this.#now);
      case 'crash':
        if (act.who === 'server') return await this.#installation.crash(this.#now);
        return await this.fleet(act.who).crash(this.#now);
      default:
        return again ? await this.#desk.finish(act) : await this.#desk.perform(act);
    }
  }

  async #relocating(): Promise<string | null> {
    const { relocation } = await this.#api.call('GET', '/ip-databases', ipDatabaseList);
    return relocation && `devices are located anew: ${relocation.done} of ${relocation.of}`;
  }

  async #hold(label: string, released: boolean): Promise<void> {
    for (const { device } of await this.fleet(label).states()) {
      const reason = 'As this timeline says.';
      if (!released) {
        await this.#api.call('POST', '/legal-holds', legalHoldView, { device, reason });
        continue;
      }
      const { holds } = await this.#api.call('GET', `/legal-holds?released=false&device=${device}`, legalHoldPage);
      for (const { id } of holds) await this.#api.call('POST', `/legal-holds/${id}/release`, legalHoldView, { reason });
    }
  }

  /** Repeats until no difference remains; the last difference is the failure. Real time. */
  async #within(look: () => Promise<string | null>): Promise<void> {
    const deadline = performance.now() + SETTLE_WITHIN;
    for (;;) {
      const amiss = await look();
      if (amiss === null) return;
      if (performance.now() > deadline || this.mortals.anyoneDown) throw new Error(amiss);
      await pause(4 * LOOK_EVERY);
    }
  }

  /**
   * Waits until every online device is connected or refused by an order, and both sides agree that it has the newest list. It does not wait
   * for a stopped server.
   */
  async settle(): Promise<void> {
    if (this.#installation.away) return;
    const deadline = performance.now() + SETTLE_WITHIN;
    let tick = performance.now() + TICK_EVERY;
    // Idle twice in a row: work in progress at the first check has finished at the second.
    for (let quiet = 0; ; await pause(LOOK_EVERY)) {
      const online = [...this.#fleets.values()].filter((fleet) => fleet.online);
      const found = await restless(online, this.#api, this.#now);
      quiet = found.length === 0 ? quiet + 1 : 0;
      if (quiet === 2) return;
      if (quiet > 0) continue;
      if (performance.now() > deadline || this.mortals.anyoneDown) {
        const [first] = found;
        throw new Error(
          `${found.length} devices did not come to rest in ${SETTLE_WITHIN / 1000} s; the first is ${first}`,
        );
      }
      if (performance.now() > tick) {
        await Promise.all(this.#processes().map((process) => process.tick()));
        tick = performance.now() + TICK_EVERY;
      }
    }
  }
}

/** Waits for all of them even if one fails, so that no work is in progress when it throws the first failure. */
async function all(works: readonly Promise<void>[]): Promise<void> {
  for (const { reason } of (await Promise.allSettled(works)).filter((one) => one.status === 'rejected')) throw reason;
}
