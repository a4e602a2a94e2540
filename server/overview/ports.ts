/** Ports of the overview, and the types that cross them. */
import type { Devices } from '../devices/devices.ts';
import type { SetupFacts } from './setup.ts';

export type FleetScope = Parameters<Devices['reached']>[1];

/** Scope and time of the counts. Domain time. */
export interface FleetQuestion {
  readonly scope: FleetScope;
  readonly now: number;
  /** Devices that were last seen before this time count as silent. */
  readonly silentBefore: number;
  /** Version of the newest order list. A device with an older list counts as behind. */
  readonly listVersion: number;
}

/** Counts of active devices in the scope. */
export interface FleetCounts {
  readonly total: number;
  readonly connected: number;
  readonly everConnected: number;
  readonly silent: number;
  readonly behind: number;
  readonly behindConnected: number;
  /** Number of devices with evidence of their location. */
  readonly known: number;
}

export interface AreaCount {
  readonly area: string;
  readonly devices: number;
  readonly connected: number;
}

export interface OverviewStore {
  fleet(question: FleetQuestion): Promise<FleetCounts>;
  /** Active devices by area, largest first. A device list with the area as filter shows the same devices. */
  areas(question: Pick<FleetQuestion, 'scope' | 'now'>): Promise<AreaCount[]>;
  /**
   * Unacknowledged alerts, each counted once however often it repeated. `grave`: those that may mean an attack. Alerts about no device
   * count only for a viewer without scope limits.
   */
  alertsSince(since: number, scope: FleetScope): Promise<{ readonly all: number; readonly grave: number }>;
  /** Facts about the whole installation. */
  setup(): Promise<Pick<SetupFacts, 'people' | 'codeCreated' | 'deviceConnected'>>;
}
