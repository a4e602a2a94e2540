/** Every route of the API, from one file a resource, and the document that describes them. */
import { z } from 'zod';
import type { Actions } from '../admins/actions.ts';
import type { Admins } from '../admins/admins.ts';
import type { Devices } from '../devices/devices.ts';
import type { People } from '../people/people.ts';
import { accessRoutes } from './access.ts';
import { type AccountsPorts, accountRoutes } from './accounts.ts';
import { actionRoutes, performer } from './actions.ts';
import { alarmRoutes } from './alarms.ts';
import { type ApproversPorts, approverRoutes } from './approvers.ts';
import { type AreasPort, areaRoutes } from './areas.ts';
import { type BackupPort, backupRoutes } from './backup.ts';
import { type CodesPorts, codeRoutes } from './codes.ts';
import { type CommandsPorts, commandRoutes } from './commands.ts';
import { type DemoPort, demoRoutes } from './demo.ts';
import { type DevicesPorts, deviceRoutes } from './devices.ts';
import { type DisputedPoliciesPorts, disputedPolicyRoutes } from './disputed-policies.ts';
import { type EventsPort, eventRoutes } from './events.ts';
import { type GroupsPort, groupRoutes } from './groups.ts';
import { type HealthPort, healthRoutes } from './health.ts';
import { type HoldsPorts, holdRoutes } from './holds.ts';
import { type InstallationPort, installationRoutes } from './installation.ts';
import { type IpDatabasesPorts, ipDatabaseRoutes } from './ip-databases.ts';
import { type LedgerPorts, ledgerRoutes } from './ledger.ts';
import { type MembershipPort, membershipRoutes } from './membership.ts';
import { type MetricsPort, metricsRoutes } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import { type OrderForesightPort, orderForesightRoutes } from './order-foresight.ts';
import { type OrderPacksPorts, orderPackRoutes } from './order-packs.ts';
import { type OrderPapersPort, orderPaperRoutes } from './order-papers.ts';
import { type OrdersPort, orderRoutes } from './orders.ts';
import { type OverviewPort, overviewRoutes } from './overview.ts';
import { type PeoplePort, peopleRoutes } from './people.ts';
import { type RestorationPort, restorationRoutes } from './restoration.ts';
import { type Route, route } from './route.ts';
import { sessionRoutes } from './session.ts';
import { type TimeCorrectionPorts, timeCorrectionRoutes } from './time-corrections.ts';
import { tokenRoutes } from './tokens.ts';

export interface ResourcePorts {
  readonly admins: Admins;
  readonly actions: Actions;
  readonly devices: Pick<Devices, 'alarms' | 'reached'> & DevicesPorts['devices'] & GroupsPort & CodesPorts['devices'];
  readonly commands: CommandsPorts['commands'];
  readonly enrolment: CodesPorts['enrolment'];
  readonly people: PeoplePort & Pick<People, 'reached'>;
  readonly orders: OrdersPort &
    OrderForesightPort &
    OrderPapersPort &
    ApproversPorts['orders'] &
    DevicesPorts['orders'] &
    IpDatabasesPorts['orders'] &
    DisputedPoliciesPorts['orders'];
  readonly jurisdiction: IpDatabasesPorts['jurisdiction'] & DevicesPorts['jurisdiction'];
  readonly relocating: IpDatabasesPorts['relocating'];
  readonly packs: OrderPacksPorts['packs'];
  readonly areas: AreasPort;
  readonly policies: DisputedPoliciesPorts['policies'];
  readonly ledger: LedgerPorts['ledger'];
  readonly entries: LedgerPorts['entries'];
  readonly membership: MembershipPort;
  readonly holds: HoldsPorts['holds'];
  readonly timeCorrections: TimeCorrectionPorts['timeCorrections'];
  readonly events: EventsPort;
  readonly state: HealthPort & InstallationPort;
  readonly overview: OverviewPort;
  readonly metrics: MetricsPort;
  readonly backups: BackupPort;
  readonly restoration: RestorationPort;
  readonly invitationLink: AccountsPorts['invitationLink'];
  /** Domain time. */
  readonly now: () => number;
  readonly version: string;
  /** `npm run demo` only. */
  readonly demo?: DemoPort | undefined;
}

export function apiRoutes(ports: ResourcePorts): Route[] {
  const { admins, devices, commands, enrolment, orders, jurisdiction, ledger, entries } = ports;
  const routes: Route[] = [
    ...healthRoutes(ports.state),
    ...installationRoutes(ports.state),
    ...overviewRoutes(ports.overview),
    ...metricsRoutes(ports.metrics),
    ...sessionRoutes({ admins }),
    ...tokenRoutes(admins),
    ...actionRoutes({ actions: ports.actions, admins, devices, perform: (...asked) => performer(routes)(...asked) }),
    ...accessRoutes(admins),
    ...accountRoutes({ admins, invitationLink: ports.invitationLink }),
    ...approverRoutes({ admins, orders }),
    ...groupRoutes(devices),
    ...peopleRoutes(ports.people),
    ...codeRoutes({ enrolment, devices, people: ports.people }),
    ...deviceRoutes({ devices, orders, jurisdiction, now: ports.now }),
    ...commandRoutes({ commands, devices, admins }),
    ...membershipRoutes(ports.membership),
    ...holdRoutes({ holds: ports.holds, admins }),
    ...timeCorrectionRoutes(ports),
    ...alarmRoutes(devices),
    ...eventRoutes(ports.events),
    ...orderRoutes({ orders, admins }),
    ...orderForesightRoutes(orders),
    ...orderPaperRoutes(orders),
    ...orderPackRoutes({ orders, packs: ports.packs, admins }),
    ...ledgerRoutes({ ledger, entries }),
    ...areaRoutes({ areas: ports.areas, admins }),
    ...ipDatabaseRoutes({ jurisdiction, orders, admins, relocating: ports.relocating, now: ports.now }),
    ...disputedPolicyRoutes({ policies: ports.policies, orders, admins, now: ports.now }),
    ...backupRoutes(ports.backups),
    ...restorationRoutes(ports.restoration),
    ...(ports.demo === undefined ? [] : demoRoutes({ ...ports, demo: ports.demo })),
  ];
  const description = route({
    name: 'openapi.show',
    method: 'get',
    path: '/api/openapi.json',
    root: true,
    summary: 'This description',
    response: z.looseObject({ openapi: z.string() }),
    handler: async () => document,
  });
  routes.push(description);
  const document = { ...openApiDocument(routes, ports.version) };
  return routes;
}
