/**
 * Plays one timeline: a server and its fleets of its own, the clock jumped from step to step, each act done once. After every step it
 * waits until what can be seen from outside has come to rest.
 */
import { mkdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { z } from 'zod';
import { createdCode } from '../../shared/api/codes.ts';
import { type DeviceView, devicePage, deviceView } from '../../shared/api/devices.ts';
import { groupView } from '../../shared/api/groups.ts';
import { healthView } from '../../shared/api/health.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Caller, Person } from '../support/people.ts';
import { openAddresses } from './addresses.ts';
import { check, type Unmet } from './expectation.ts';
import { Fleet } from './fleet.ts';
import { type Installation, startInstallation } from './installation.ts';
import { OrderDesk } from './order-desk.ts';
import type { DeviceState } from './simulated-fleet.ts';
import {
  type Act,
  type ActOf,
  type Expectation,
  type MessageExpectation,
  offsetOf,
  type Step,
  type Timeline,
} from './timeline.ts';

/** Real time: how long devices may take to be connected and to have the newest list. */
const SETTLE_WITHIN = 30_000;
const LOOK_EVERY = 25;
/** Devices that wait to dial again or to knock do so by themselves, on real time that may be longer than we want to wait. */
const TICK_EVERY = 1_000;

export interface Outcome {
  readonly step: Step;
  /** Null: done as expected. */
  readonly failure: string | null;
  readonly unmet: readonly Unmet[];
  /** The code of a refusal that was expected. */
  readonly refused: string | null;
  readonly milliseconds: number;
}

export interface Player {
  readonly adminUrl: string;
  readonly owner: Person;
  play(step: Step): Promise<Outcome>;
  close(): Promise<void>;
}

export async function openPlayer(timeline: Timeline, folder: string): Promise<Player> {
  const start = timeline.steps[0]?.at ?? 0;
  mkdirSync(folder, { recursive: true });
  const addresses = openAddresses();
  let before = 0;
  const fleets = timeline.fleet.map((description) => {
    const fleet = new Fleet(description, addresses, folder, before, start);
    before += description.count;
    return fleet;
  });
  let installation: Installation | null = null;
  const close = async () => {
    await Promise.all([...fleets.map((fleet) => fleet.kill()), installation?.kill()]);
  };
  try {
    // The fleets' processes start beside the server; what they enrol with is made once it stands.
    const opened = Promise.all(fleets.map((fleet) => fleet.open({ at: start })));
    installation = await startInstallation(timeline, folder, start);
    await opened;
    const groups = new Map<string, string>();
    for (const fleet of fleets) groups.set(fleet.label, await enrolFleet(fleet, installation.owner.api));
    await Promise.all(fleets.map((fleet) => fleet.launch()));
    const playing = new Playing(timeline, installation, fleets, groups, start);
    await playing.settle();
    const { adminUrl, owner } = installation;
    return { adminUrl, owner, play: (step) => playing.play(step), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** As the activation code of a label's device names its person, counted from 0. */
const userOf = (label: string, index: number) => `${label} ${index + 1}`;

/** A group for the label and a code for each of its devices. Returns the group's id. */
async function enrolFleet(fleet: Fleet, api: Caller): Promise<string> {
  const { label, count, home, seat } = fleet.description;
  const { id } = await api.call('POST', '/groups', groupView, { name: label });
  const code = async (index: number) => {
    const body = { user: userOf(label, index), group: id, home, ...(seat === undefined ? {} : { seat }) };
    return (await api.call('POST', '/codes', createdCode, body)).link;
  };
  await fleet.enrol(await Promise.all(Array.from({ length: count }, (_, index) => code(index))));
  return id;
}

class Playing {
  readonly #timeline: Timeline;
  readonly #installation: Installation;
  readonly #fleets: ReadonlyMap<string, Fleet>;
  readonly #desk: OrderDesk;
  readonly #api: Caller;
  /** By its text: who has sent a message, and to whom. */
  readonly #sent = new Map<string, Pick<ActOf<'send'>, 'from' | 'to'>>();
  #now: Instant;

  constructor(
    timeline: Timeline,
    installation: Installation,
    fleets: readonly Fleet[],
    groups: Map<string, string>,
    now: Instant,
  ) {
    this.#timeline = timeline;
    this.#installation = installation;
    this.#fleets = new Map(fleets.map((fleet) => [fleet.label, fleet]));
    this.#desk = new OrderDesk(installation.people, groups, timeline.zone);
    this.#api = installation.owner.api;
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
      if (step.at > this.#now) await this.#jump(step.at);
      if ('is' in step) {
        await this.#checkMessage(step);
        return outcome({});
      }
      if (!('do' in step)) {
        const unmet = await this.#check(step);
        return outcome(unmet.length > 0 ? { unmet, failure: 'the expectation is not met' } : {});
      }
      const refused = await this.#act(step);
      await this.settle();
      return outcome({ refused });
    } catch (error) {
      return outcome({ failure: error instanceof Error ? error.message : String(error) });
    }
  }

  async #jump(to: Instant): Promise<void> {
    // Devices' clocks first: a server that is ahead would hand them its new time, and their own clocks would add the jump once more.
    const fleets = [...this.#fleets.values()];
    await Promise.all(fleets.map((fleet) => fleet.jump({ at: to })));
    await this.#installation.jump(to);
    this.#now = to;
    await Promise.all(fleets.map((fleet) => fleet.wake()));
    await this.settle();
  }

  #fleet(label: string): Fleet {
    const fleet = this.#fleets.get(label);
    if (!fleet) throw new Error(`no fleet is labelled ${label}`);
    return fleet;
  }

  async #check(step: Expectation): Promise<Unmet[]> {
    const order = step.order === undefined ? null : this.#desk.numberOf(step.order);
    return await check(step, order, await this.#fleet(step.label).states(), this.#api);
  }

  /** Gives the code of a refusal that the timeline expects; any other refusal, and a missing one, is thrown. */
  async #act(act: Act): Promise<string | null> {
    const before = act.expect ? await this.#standing() : null;
    const code = await this.#attempt(act);
    const wanted = act.expect?.refused ?? null;
    if (code?.code !== (wanted ?? undefined)) {
      if (!code) throw new Error(`expected to be refused with ${wanted}, but it was done`);
      throw new Error(`refused with ${code.code}${wanted ? `, expected ${wanted}` : ''}: ${code.message}`);
    }
    if (before !== null && (await this.#standing()) !== before)
      throw new Error(`refused with ${wanted}, and yet something changed`);
    return wanted;
  }

  async #attempt(act: Act): Promise<CordonError | null> {
    try {
      await this.#perform(act);
      return null;
    } catch (error) {
      if (error instanceof CordonError) return error;
      throw error;
    }
  }

  async #standing(): Promise<string> {
    return `${await this.#desk.standing()} list ${(await this.#health()).list?.version}`;
  }

  async #perform(act: Act): Promise<void> {
    switch (act.do) {
      case 'move': {
        const fleet = this.#fleet(act.label);
        if (act.home !== undefined) {
          for (const { device } of await fleet.states()) {
            await this.#api.call('PATCH', `/devices/${device}`, deviceView, { home: act.home });
          }
        }
        return await fleet.move(act.evidence);
      }
      case 'offline':
        return await this.#fleet(act.label).network(false);
      case 'online':
        return await this.#fleet(act.label).network(true);
      case 'restart':
        return await this.#fleet(act.label).reboot(this.#now);
      case 'clock':
        return await this.#fleet(act.label).setClock(offsetOf(act.offset, act.at, this.#timeline.zone));
      case 'send':
        return await this.#send(act);
      case 'crash':
        if (act.who === 'server') return await this.#installation.crash(this.#now);
        return await this.#fleet(act.who).crash(this.#now);
      default:
        return await this.#desk.perform(act);
    }
  }

  /** Once the organisation has confirmed both ends. */
  async #send({ from, to, text }: ActOf<'send'>): Promise<void> {
    const ends = [this.#fleet(from), this.#fleet(to)];
    await within(async () => {
      await this.#installation.organisation?.countersign();
      const states = await Promise.all(ends.map((fleet) => fleet.messaging()));
      const unready = states.findIndex((state) => state === null || state.state === 'uncertified');
      return unready < 0 ? null : `the organisation has not confirmed ${ends[unready]?.label}`;
    });
    this.#sent.set(text, { from, to });
    const written = await this.#fleet(from).write(userOf(to, 0), text);
    if (!written) throw new Error(`the device of ${from} is enrolled no more`);
    if (written.refused !== null) throw new CordonError(written.refused, written.detail);
  }

  async #checkMessage({ text, is, order: named }: MessageExpectation): Promise<void> {
    const { from, to } = this.#sent.get(text) ?? { from: '', to: '' };
    const order = named === undefined ? null : this.#desk.numberOf(named);
    await within(async () => {
      const [mine, theirs] = [await this.#fleet(from).said(text), await this.#fleet(to).said(text)];
      // Who has seen it has it.
      const state = mine?.state === 'read' ? 'delivered' : (mine?.state ?? 'not there');
      if (state !== is) return `"${text}" is ${state} for who sent it, not ${is}`;
      if (order !== null && mine?.order !== order) return `it is because of ${mine?.order}, not ${named} (${order})`;
      if (is === 'delivered' && !theirs) return 'who should have it does not have it';
      if (is !== 'delivered' && theirs) return 'who should not have it has it';
      return null;
    });
  }

  #health(): Promise<z.infer<typeof healthView>> {
    return this.#api.call('GET', '/health', healthView);
  }

  /** Waits until every online device is connected, or refused by an order, and both sides say that it holds the newest list. */
  async settle(): Promise<void> {
    const deadline = performance.now() + SETTLE_WITHIN;
    let tick = performance.now() + TICK_EVERY;
    // At rest twice in a row: what was on its way at the first look has arrived at the second.
    for (let quiet = 0; ; await pause(LOOK_EVERY)) {
      const restless = await this.#restless();
      quiet = restless.length === 0 ? quiet + 1 : 0;
      if (quiet === 2) return;
      if (quiet > 0) continue;
      if (performance.now() > deadline) {
        const [first] = restless;
        throw new Error(
          `${restless.length} devices did not come to rest in ${SETTLE_WITHIN / 1000} s; the first is ${first}`,
        );
      }
      if (performance.now() > tick) {
        await Promise.all([...this.#fleets.values()].filter((fleet) => fleet.online).map((fleet) => fleet.tick()));
        tick = performance.now() + TICK_EVERY;
      }
    }
  }

  async #restless(): Promise<string[]> {
    const { list } = await this.#health();
    if (!list || list.expiresAt <= this.#now) return ['the server, whose list has expired'];
    const known = await this.#knownDevices();
    const online = [...this.#fleets.values()].filter((fleet) => fleet.online);
    const restless = online.map(async (fleet) => {
      const states = await fleet.states();
      return states.flatMap((state) => {
        const why = unrest(state, known.get(state.device), list.version, this.#now);
        return why === null ? [] : [`${state.device} (${fleet.label} ${state.index + 1}): ${why}`];
      });
    });
    return (await Promise.all(restless)).flat();
  }

  async #knownDevices(): Promise<Map<string, DeviceView>> {
    const known = new Map<string, DeviceView>();
    let cursor: string | null = null;
    do {
      const query = `?sort=id&limit=200${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
      const page: z.infer<typeof devicePage> = await this.#api.call('GET', `/devices${query}`, devicePage);
      for (const device of page.devices) known.set(device.id, device);
      cursor = page.cursor;
    } while (cursor !== null);
    return known;
  }
}

/** Why a device that is online is not at rest; null when it is. */
function unrest(state: DeviceState, known: DeviceView | undefined, list: number, now: Instant): string | null {
  if (state.list !== list) return `it holds list ${state.list}, the newest is ${list}`;
  // `management` is denied: it polls and knocks, and the server hears from it by plain HTTPS only.
  if (state.connection === 'refused') return null;
  if (state.connection !== 'connected') return `it is ${state.connection}: ${state.detail ?? 'no reason given'}`;
  if (state.now !== now)
    return `its time is ${new Date(state.now).toISOString()}, the server's ${new Date(now).toISOString()}`;
  if (state.unsent > 0) return `${state.unsent} reports wait to be sent`;
  const presence = known?.presence;
  if (!presence?.connected) return 'the server does not see it connected';
  if (presence.listVersion !== list) return `the server knows of list ${presence.listVersion}, the newest is ${list}`;
  if (presence.recordStored !== state.record)
    return `the server knows of record ${presence.recordStored}, it holds ${state.record}`;
  return null;
}

/** Until it finds nothing amiss; what it found last is the failure. Real time. */
async function within(look: () => Promise<string | null>): Promise<void> {
  const deadline = performance.now() + SETTLE_WITHIN;
  for (;;) {
    const amiss = await look();
    if (amiss === null) return;
    if (performance.now() > deadline) throw new Error(amiss);
    await pause(4 * LOOK_EVERY);
  }
}
