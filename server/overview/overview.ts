/**
 * The fleet at a glance, for one who looks: where it is, what waits for approvals, what is unwell. It puts together what other modules know and
 * decides nothing; what counts as unwell is in `unwell.ts`.
 */
import type { Overview } from '../../shared/api/overview.ts';
import type { PersonId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Devices } from '../devices/devices.ts';
import type { Orders } from '../orders/orders.ts';
import { ALARMS_OF, type Facts, SILENT_AFTER, unwellOf } from './unwell.ts';

export type FleetScope = Parameters<Devices['reached']>[1];

/** Which devices are asked about, and as of when. Domain time. */
export interface FleetQuestion {
  readonly scope: FleetScope;
  readonly now: number;
  /** Seen last before this instant, a device counts as silent. */
  readonly silentBefore: number;
  /** The newest order list's; with an older one a device is behind. */
  readonly listVersion: number;
}

/** Of active devices within the scope. */
export interface FleetCounts {
  readonly total: number;
  readonly connected: number;
  readonly everConnected: number;
  readonly silent: number;
  readonly behind: number;
  readonly behindConnected: number;
  /** Some evidence says where they are. */
  readonly known: number;
}

export interface AreaCount {
  readonly area: string;
  readonly devices: number;
  readonly connected: number;
}

export interface OverviewStore {
  fleet(question: FleetQuestion): Promise<FleetCounts>;
  /** The same devices as a list that is narrowed to the area and to active ones; most devices first. */
  areas(question: Pick<FleetQuestion, 'scope' | 'now'>): Promise<AreaCount[]>;
  /** Alarms about no device are counted for those alone who see all. */
  /** Entries, however often each was repeated. `grave`: those that may mean an attack. */
  alarmsSince(since: number, scope: FleetScope): Promise<{ readonly all: number; readonly grave: number }>;
}

export interface OverviewPorts {
  readonly store: OverviewStore;
  readonly orders: Pick<Orders, 'waiting' | 'currentList' | 'rootVersion' | 'uncovered'>;
  /** Those of the installation itself. */
  readonly certificates: () => Facts['certificates'];
  readonly ipDatabase: () => Facts['ipDatabase'];
  readonly ledgerFailing: () => boolean;
  readonly clockDoubt: () => Facts['clockDoubt'];
  readonly diskFull: () => boolean;
  readonly backups: () => Facts['backups'];
  /** The restore that the server was started from, and devices that wait to be readmitted. */
  readonly restoration: () => Promise<Facts['restored']>;
  /** Devices that wait for a countersignature. */
  readonly membership: { waiting(scope: FleetScope): Promise<Facts['countersigning']> };
  readonly clock: Clock;
  /** Real time, for certificates. */
  readonly realNow?: () => number;
}

/** Who looks. */
export interface Viewer {
  readonly person: PersonId;
  readonly scope: FleetScope;
  /** Whether their role reaches orders of these areas, to approve them. */
  approves(areas: readonly string[]): boolean;
  /** Whether their role lets them sign a list of approvers. */
  readonly signs: boolean;
}

export function createOverview(ports: OverviewPorts): (viewer: Viewer) => Promise<Overview> {
  const {
    store,
    orders,
    certificates,
    ipDatabase,
    ledgerFailing,
    clockDoubt,
    diskFull,
    membership,
    backups,
    restoration,
    clock,
    realNow = Date.now,
  } = ports;

  async function waitingFor({ person, approves, signs }: Viewer): Promise<Overview['waiting']> {
    const { revisions, root } = await orders.waiting();
    return [
      ...revisions.map(({ areas, open, ...revision }) => ({
        kind: 'revision' as const,
        ...revision,
        mine: open.has(person) && approves(areas),
      })),
      ...(root
        ? [
            {
              kind: 'approvers' as const,
              version: root.version,
              signatures: root.signatures,
              mine: root.open.has(person) && signs,
            },
          ]
        : []),
    ];
  }

  return async (viewer) => {
    const { scope } = viewer;
    const now = clock.now();
    const list = orders.currentList();
    const [fleet, areas, alarms, countersigning, waiting] = await Promise.all([
      store.fleet({ scope, now, silentBefore: now - SILENT_AFTER, listVersion: list?.version ?? 0 }),
      store.areas({ scope, now }),
      store.alarmsSince(now - ALARMS_OF, scope),
      membership.waiting(scope),
      waitingFor(viewer),
    ]);
    const unwell = unwellOf({
      now,
      realNow: realNow(),
      fleet,
      alarms,
      countersigning,
      list,
      approversAdopted: orders.rootVersion() > 0,
      uncovered: orders.uncovered(),
      ipDatabase: ipDatabase(),
      certificates: certificates(),
      ledgerFailing: ledgerFailing(),
      clockDoubt: clockDoubt(),
      diskFull: diskFull(),
      backups: backups(),
      restored: await restoration(),
    });
    const { total, connected, everConnected, known } = fleet;
    return {
      now,
      devices: { total, connected, neverConnected: total - everConnected },
      areas,
      unknown: total - known,
      waiting,
      unwell,
      backup: backups().newest?.at ?? null,
    };
  };
}
