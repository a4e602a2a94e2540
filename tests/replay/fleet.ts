/**
 * Devices of one label from the driver's view, with the surroundings that outlive their process; and that process, which several labels may
 * share.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { MessageView, MessagingState } from '../../agent/messaging/messaging.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { DeathAt } from '../support/mortal-writes.ts';
import { programPath } from '../support/programs.ts';
import { type Addresses, nowhere } from './addresses.ts';
import type { Drive } from './drive.ts';
import type { FleetHandlers } from './fleet-process.ts';
import type { Mortal } from './mortals.ts';
import { Child } from './rpc.ts';
import type { DeviceState, Place, Received, Written } from './simulated-fleet.ts';
import type { Fleet as Description, Evidence, EvidenceChange } from './timeline.ts';
import type { WarmProcesses } from './warm-processes.ts';

/** Devices of one or several labels in a process of their own. A crash kills them together. */
export class FleetProcess {
  readonly #name: string;
  readonly #folder: string;
  readonly #log: string;
  readonly #fleets: Fleet[] = [];
  readonly #warm: WarmProcesses | null;
  #child: Child<FleetHandlers>;

  /** `name`: for its log, and for its folder under `folder`. `warm`: source of a process that has played another timeline. */
  constructor(name: string, folder: string, warm: WarmProcesses | null = null) {
    this.#name = name;
    this.#warm = warm;
    this.#folder = join(folder, `fleet-${name}`);
    this.#log = `${this.#folder}.log`;
    this.#child = warm?.fleets.take() ?? this.#launch();
  }

  #launch(): Child<FleetHandlers> {
    const module = programPath('tests/replay/fleet-process.ts');
    return new Child<FleetHandlers>(`fleet ${this.#name}`, module, this.#log);
  }

  /** Called before `open`. */
  add(fleet: Fleet): void {
    this.#fleets.push(fleet);
  }

  get call(): Child<FleetHandlers>['call'] {
    return this.#child.call.bind(this.#child);
  }

  async open(drive: Drive): Promise<void> {
    const places = this.#fleets.map((fleet) => fleet.place());
    await this.call('open', { folder: this.#folder, drive, lasting: true, proxy: '127.0.0.1', places });
  }

  async launch(): Promise<void> {
    await this.call('launch', null);
  }

  async jump(to: Drive): Promise<void> {
    await this.call('jump', { to });
  }

  async wake(): Promise<void> {
    await this.call('wake', null);
  }

  /** Starts the agents' periodic work, for a running clock. */
  async live(): Promise<void> {
    await this.call('live', null);
  }

  async tick(): Promise<void> {
    await this.call('tick', null);
  }

  /** kill -9 and another start: the same boot of the same machines, with everything that the agents had stored. */
  async crash(now: Instant): Promise<void> {
    await this.kill();
    this.#child = this.#launch();
    await this.open({ at: now });
    await this.launch();
  }

  /** Ends the devices and keeps the process for another timeline if it can play one. */
  async end(): Promise<void> {
    if (!this.#warm || this.#child.ended) return this.kill();
    await this.call('end', null);
    this.#warm.fleets.giveBack(this.#child);
  }

  /** Ended by kill -9. */
  get killed(): boolean {
    return this.#child.killed;
  }

  kill(): Promise<void> {
    return this.#child.kill();
  }
}

export class Fleet implements Mortal {
  readonly description: Description;
  readonly process: FleetProcess;
  readonly #addresses: Addresses;
  readonly #first: number;
  #evidence: Evidence;
  #boot: { id: string; since: Instant };
  #offset = 0;
  online: boolean;
  doomed = false;

  /** `first`: number of devices before these, so that all have different addresses. A fleet that a test kills has a process of its own. */
  constructor(description: Description, process: FleetProcess, addresses: Addresses, first: number, now: Instant) {
    this.description = description;
    this.process = process;
    this.#addresses = addresses;
    this.#first = first;
    this.#evidence = description.evidence;
    this.#boot = { id: randomUUID(), since: now };
    this.online = description.online;
    process.add(this);
  }

  get label(): string {
    return this.description.label;
  }

  #sources(): string[] {
    const { ip } = this.#evidence;
    const { count } = this.description;
    if (ip === undefined) return Array.from({ length: count }, (_, index) => nowhere(this.#first + index));
    if (!/^[A-Z]{2}$/.test(ip)) return Array.from({ length: count }, () => ip);
    // Fleets in one country share its block but no addresses.
    return this.#addresses.in(ip, this.#first + count).slice(this.#first);
  }

  /** State of the surroundings when the process starts. */
  place(): Place {
    return {
      label: this.label,
      count: this.description.count,
      boot: this.#boot,
      offset: this.#offset,
      online: this.online,
      evidence: this.#evidence,
      addresses: this.#sources(),
    };
  }

  async enroll(links: readonly string[]): Promise<void> {
    const { label } = this;
    await this.process.call('enroll', { links: links.map((link, index) => ({ label, index, link })) });
  }

  /** State of the first device. */
  messaging(): Promise<MessagingState | null> {
    return this.process.call('messaging', { label: this.label, index: 0 });
  }

  write(to: string, text: string): Promise<Written | null> {
    return this.process.call('write', { label: this.label, index: 0, to, text });
  }

  said(text: string): Promise<MessageView | null> {
    return this.process.call('said', { label: this.label, index: 0, text });
  }

  /** Sends a mail from the first device. */
  mail(from: string, to: string, text: string): Promise<Written | null> {
    return this.process.call('mail', { label: this.label, index: 0, from, to, text });
  }

  /** Subjects of the mails in the inbox of the first device. */
  mails(): Promise<readonly string[]> {
    return this.process.call('mails', { label: this.label, index: 0 });
  }

  mailState(): Promise<string | null> {
    return this.process.call('mailState', { label: this.label, index: 0 });
  }

  /** Messages that one device received from others. */
  received(index: number): Promise<Received[]> {
    return this.process.call('received', { label: this.label, index });
  }

  states(): Promise<DeviceState[]> {
    return this.process.call('states', { label: this.label });
  }

  /** Fields that the change does not name stay; null removes one. */
  async move(change: EvidenceChange): Promise<void> {
    const { ip, position, network, sim } = { ...this.#evidence, ...change };
    this.#evidence = {
      ...(ip === null || ip === undefined ? {} : { ip }),
      ...(position === null || position === undefined ? {} : { position }),
      ...(network === null || network === undefined ? {} : { network }),
      ...(sim === null || sim === undefined ? {} : { sim }),
    };
    await this.process.call('move', { label: this.label, evidence: this.#evidence, addresses: this.#sources() });
  }

  async network(online: boolean): Promise<void> {
    this.online = online;
    await this.process.call('network', { label: this.label, online });
  }

  async setClock(offset: number): Promise<void> {
    this.#offset = offset;
    await this.process.call('clock', { label: this.label, offset });
  }

  async reboot(now: Instant): Promise<void> {
    this.#boot = { id: randomUUID(), since: now };
    await this.process.call('reboot', { label: this.label, boot: this.#boot });
  }

  async crash(now: Instant): Promise<void> {
    await this.process.crash(now);
    this.doomed = false;
  }

  writes(): Promise<readonly string[]> {
    return this.process.call('writes', null);
  }

  async dieAt(point: DeathAt): Promise<void> {
    this.doomed = true;
    await this.process.call('dieAt', point);
  }

  get fallen(): boolean {
    return this.doomed && this.process.killed;
  }
}
