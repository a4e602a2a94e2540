/** One label's devices as the driver sees them: their process, and all of their surroundings that must outlive it. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MessageView, MessagingState } from '../../agent/messaging/messaging.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { DeathAt } from '../support/mortal-writes.ts';
import { type Addresses, nowhere } from './addresses.ts';
import type { Drive } from './drive.ts';
import type { FleetHandlers } from './fleet-process.ts';
import type { Mortal } from './mortals.ts';
import { Child } from './rpc.ts';
import type { DeviceState, Received, Written } from './simulated-fleet.ts';
import type { Fleet as Description, Evidence, EvidenceChange } from './timeline.ts';

export class Fleet implements Mortal {
  readonly description: Description;
  readonly #addresses: Addresses;
  readonly #folder: string;
  readonly #first: number;
  #child: Child<FleetHandlers>;
  #evidence: Evidence;
  #boot: { id: string; since: Instant };
  #offset = 0;
  online: boolean;
  doomed = false;

  /** `first`: how many devices come before these, so that all have addresses of their own. */
  constructor(description: Description, addresses: Addresses, folder: string, first: number, now: Instant) {
    this.description = description;
    this.#addresses = addresses;
    this.#folder = folder;
    this.#first = first;
    this.#evidence = description.evidence;
    this.#boot = { id: randomUUID(), since: now };
    this.online = description.online;
    this.#child = this.#launch();
  }

  get label(): string {
    return this.description.label;
  }

  #launch(): Child<FleetHandlers> {
    const module = fileURLToPath(import.meta.resolve('./fleet-process.ts'));
    return new Child<FleetHandlers>(`fleet ${this.label}`, module, join(this.#folder, `fleet-${this.label}.log`));
  }

  #sources(): string[] {
    const { ip } = this.#evidence;
    const { count } = this.description;
    if (ip === undefined) return Array.from({ length: count }, (_, index) => nowhere(this.#first + index));
    if (!/^[A-Z]{2}$/.test(ip)) return Array.from({ length: count }, () => ip);
    // Fleets in one country share its block and not their addresses.
    return this.#addresses.in(ip, this.#first + count).slice(this.#first);
  }

  async open(drive: Drive): Promise<void> {
    const place = {
      label: this.label,
      count: this.description.count,
      boot: this.#boot,
      offset: this.#offset,
      online: this.online,
      evidence: this.#evidence,
      addresses: this.#sources(),
    };
    await this.#child.call('open', {
      folder: join(this.#folder, `fleet-${this.label}`),
      drive,
      lasting: true,
      proxy: '127.0.0.1',
      places: [place],
    });
  }

  async enrol(links: readonly string[]): Promise<void> {
    const { label } = this;
    await this.#child.call('enrol', { links: links.map((link, index) => ({ label, index, link })) });
  }

  async launch(): Promise<void> {
    await this.#child.call('launch', null);
  }

  async jump(to: Drive): Promise<void> {
    await this.#child.call('jump', { to });
  }

  async wake(): Promise<void> {
    await this.#child.call('wake', null);
  }

  /** From now on agents do their rounds by themselves: for a clock that runs. */
  async live(): Promise<void> {
    await this.#child.call('live', null);
  }

  async tick(): Promise<void> {
    await this.#child.call('tick', null);
  }

  /** Of the first device. */
  messaging(): Promise<MessagingState | null> {
    return this.#child.call('messaging', { label: this.label, index: 0 });
  }

  write(to: string, text: string): Promise<Written | null> {
    return this.#child.call('write', { label: this.label, index: 0, to, text });
  }

  said(text: string): Promise<MessageView | null> {
    return this.#child.call('said', { label: this.label, index: 0, text });
  }

  /** By one device, from others. */
  received(index: number): Promise<Received[]> {
    return this.#child.call('received', { label: this.label, index });
  }

  states(): Promise<DeviceState[]> {
    return this.#child.call('states', { label: this.label });
  }

  /** What the change does not name stays; null removes it. */
  async move(change: EvidenceChange): Promise<void> {
    const { ip, position, network, sim } = { ...this.#evidence, ...change };
    this.#evidence = {
      ...(ip === null || ip === undefined ? {} : { ip }),
      ...(position === null || position === undefined ? {} : { position }),
      ...(network === null || network === undefined ? {} : { network }),
      ...(sim === null || sim === undefined ? {} : { sim }),
    };
    await this.#child.call('move', { label: this.label, evidence: this.#evidence, addresses: this.#sources() });
  }

  async network(online: boolean): Promise<void> {
    this.online = online;
    await this.#child.call('network', { label: this.label, online });
  }

  async setClock(offset: number): Promise<void> {
    this.#offset = offset;
    await this.#child.call('clock', { label: this.label, offset });
  }

  async reboot(now: Instant): Promise<void> {
    this.#boot = { id: randomUUID(), since: now };
    await this.#child.call('reboot', { label: this.label, boot: this.#boot });
  }

  /** kill -9, then start again: the same boot of the same machines, with what the agents had stored. */
  async crash(now: Instant): Promise<void> {
    await this.#child.kill();
    this.#child = this.#launch();
    this.doomed = false;
    await this.open({ at: now });
    await this.launch();
  }

  writes(): Promise<readonly string[]> {
    return this.#child.call('writes', null);
  }

  async dieAt(point: DeathAt): Promise<void> {
    this.doomed = true;
    await this.#child.call('dieAt', point);
  }

  get fallen(): boolean {
    return this.doomed && this.#child.killed;
  }

  kill(): Promise<void> {
    return this.#child.kill();
  }
}
