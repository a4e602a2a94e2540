/** Ports of the overview module, and their types. */
import type { Devices } from '../devices/devices.ts';
import type { SetupFacts } from './setup.ts';

export type FleetScope = Parameters<Devices['select']>[1];

export interface FleetQuestion {
  readonly scope: FleetScope;
  readonly now: number;
  /** Time limit for silent devices. A disconnected device that was last seen before this time counts as silent. */
  readonly silentBefore: number;
  /** Version of the newest order list. A device with an older order list counts as behind. */
  readonly listVersion: number;
}

export interface FleetCounts {
  readonly total: number;
  readonly connected: number;
  readonly everConnected: number;
  readonly silent: number;
  readonly behind: number;
  readonly behindConnected: number;
  /** Number of devices whose location is known from evidence. */
  readonly known: number;
}

export interface AreaCount {
  readonly area: string;
  readonly devices: number;
  readonly connected: number;
}

export interface OverviewStore {
  fleet(question: FleetQuestion): Promise<FleetCounts>;
  /** Number of active devices by area, largest first. A device list that is filtered by the area shows the same devices. */
  areas(question: Pick<FleetQuestion, 'scope' | 'now'>): Promise<AreaCount[]>;
  /**
   * Number of alerts that no admin has acknowledged. A repeated alert counts once. `grave`: alerts that may mean an attack. An alert about
   * no device counts only for admins whose role is not limited to groups or areas.
   */
  alertsSince(since: number, scope: FleetScope): Promise<{ readonly all: number; readonly grave: number }>;
  /** Number of active devices whose certificates all begin after `now`. The count reads the certificates of all devices. */
  certificatesInFuture(now: number, scope: FleetScope): Promise<number>;
  setup(): Promise<Pick<SetupFacts, 'people' | 'codeCreated' | 'deviceConnected'>>;
}
