/** Overview page: locations of devices, pending approvals and health issues within the viewer's scope. */
import type { Overview } from '../../shared/api/overview.ts';
import type { PersonId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Orders } from '../orders/orders.ts';
import { ALERTS_OF, type Facts, healthIssuesOf, type ServerFacts, SILENT_AFTER } from './health-issues.ts';
import type { FleetScope, OverviewStore } from './ports.ts';
import { setupOf } from './setup.ts';

interface OrdersPort {
  readonly adoption: Pick<Orders['adoption'], 'pendingApprovals'>;
  readonly list: Pick<Orders['list'], 'current' | 'uncovered'>;
  readonly approverSets: Pick<Orders['approverSets'], 'version'>;
  readonly proceedings: Pick<Orders['proceedings'], 'openAnswers'>;
}

export interface OverviewPorts {
  readonly store: OverviewStore;
  readonly orders: OrdersPort;
  readonly membership: { waiting(scope: FleetScope): Promise<Facts['countersigning']> };
  /** State of the server. `mayHaveFutureDates`: whether its clock was ahead, so that certificates of devices may begin in the future. */
  readonly server: () => Promise<ServerFacts & { readonly mayHaveFutureDates: boolean }>;
  readonly clock: Clock;
}

export interface Viewer {
  readonly person: PersonId;
  readonly scope: FleetScope;
  /** Devices whose location the viewer may see. */
  readonly located: FleetScope;
  approves(areas: readonly string[]): boolean;
  mayAnswer(areas: readonly string[]): boolean;
  /** True if the viewer's role may sign approver sets. */
  readonly signs: boolean;
  /** True if the viewer's role may invite people, and so set up the installation. */
  readonly setsUp: boolean;
}

export function createOverview(ports: OverviewPorts): (viewer: Viewer) => Promise<Overview> {
  const { store, orders, membership, server, clock } = ports;

  async function waitingFor({ person, approves, signs }: Viewer): Promise<Overview['pendingApprovals']> {
    const { revisions, approverSet } = await orders.adoption.pendingApprovals();
    return [
      ...revisions.map(({ areas, open, ...revision }) => ({
        kind: 'revision' as const,
        ...revision,
        mine: open.has(person) && approves(areas),
      })),
      ...(approverSet
        ? [
            {
              kind: 'approvers' as const,
              version: approverSet.version,
              signatures: approverSet.signatures,
              mine: approverSet.open.has(person) && signs,
            },
          ]
        : []),
    ];
  }

  return async (viewer) => {
    const { scope, located } = viewer;
    const now = clock.now();
    const list = orders.list.current();
    const query = { scope, now, silentBefore: now - SILENT_AFTER, listVersion: list?.version ?? 0 };
    const [fleet, areas, alerts, countersigning, waiting] = await Promise.all([
      store.fleet(query),
      located?.length === 0 ? [] : store.areas({ scope: located, now }),
      store.alertsSince(now - ALERTS_OF, scope),
      membership.waiting(scope),
      waitingFor(viewer),
    ]);
    const { mayHaveFutureDates, ...facts } = await server();
    const approversAdopted = orders.approverSets.version() > 0;
    const healthIssues = healthIssuesOf({
      now,
      fleet,
      alerts,
      countersigning,
      list,
      approversAdopted,
      certificatesInFuture: mayHaveFutureDates ? await store.certificatesInFuture(facts.realNow, scope) : 0,
      ...facts,
      uncovered: orders.list.uncovered(),
      answers: (await orders.proceedings.openAnswers()).filter(({ areas }) => viewer.mayAnswer(areas)),
    });
    const { total, connected, everConnected } = fleet;
    const setup = viewer.setsUp
      ? setupOf({ ...(await store.setup()), approversAdopted, backupScheduled: facts.backups.next !== null })
      : null;
    const placed =
      located?.length === 0
        ? null
        : sameScope(scope, located)
          ? fleet
          : await store.fleet({ ...query, scope: located });
    return {
      now,
      devices: { total, connected, neverConnected: total - everConnected },
      areas,
      unknown: placed && placed.total - placed.known,
      pendingApprovals: waiting,
      healthIssues,
      backup: facts.backups.newest?.at ?? null,
      setup,
    };
  };
}

const sameScope = (one: FleetScope, other: FleetScope): boolean => JSON.stringify(one) === JSON.stringify(other);
