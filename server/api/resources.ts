import { z } from 'zod';
import type { Actions } from '../admins/actions.ts';
import type { Admins } from '../admins/admins.ts';
import type { Devices } from '../devices/devices.ts';
import type { Inventories } from '../inventory/inventory.ts';
import type { People } from '../people/people.ts';
import { accessRoutes } from './access.ts';
import { type AccountsPorts, accountRoutes } from './accounts.ts';
import { actionRoutes, performer } from './actions.ts';
import { type ActivityLogPort, activityRoutes } from './activity.ts';
import { advisoryRoutes } from './advisories.ts';
import { alertRoutes } from './alerts.ts';
import { type ApproversPorts, approverRoutes } from './approvers.ts';
import { type AreasPort, areaRoutes } from './areas.ts';
import { authorityRoutes } from './authorities.ts';
import { type BackupPort, backupRoutes } from './backup.ts';
import { cliSignInRoutes } from './cli-sign-in.ts';
import { type CodesPorts, codeRoutes } from './codes.ts';
import { type CommandsPorts, commandRoutes } from './commands.ts';
import { type ComplianceRoutesPorts, complianceRoutes } from './compliance.ts';
import { customRoleRoutes } from './custom-roles.ts';
import { type DemoPort, demoRoutes } from './demo.ts';
import { type DeviceActionsPorts, deviceActionRoutes } from './device-actions.ts';
import { type DeviceLogsPorts, deviceLogRoutes } from './device-logs.ts';
import { type DevicePlacementsPorts, devicePlacementRoutes } from './device-placements.ts';
import { type DeviceViewPorts, deviceViewRoutes } from './device-views.ts';
import { type DevicesPorts, deviceRoutes } from './devices.ts';
import { type DisclosuresPort, disclosureRoutes } from './disclosures.ts';
import { type EventsPort, eventRoutes } from './events.ts';
import { type FilesPorts, fileRoutes } from './files.ts';
import { createFilterRights, type FilterRightsPorts } from './filter-rights.ts';
import { type GroupsPorts, groupRoutes } from './groups.ts';
import { type HealthPort, healthRoutes } from './health.ts';
import { type HoldsPorts, holdRoutes } from './holds.ts';
import { type InstallationPort, installationRoutes } from './installation.ts';
import { inventoryRoutes } from './inventory.ts';
import { type IpDatabasesPorts, ipDatabaseRoutes } from './ip-databases.ts';
import { type JobsPorts, jobRoutes } from './jobs.ts';
import { type LedgerPorts, ledgerRoutes } from './ledger.ts';
import { type LiveQueriesPorts, liveQueryRoutes } from './live-queries.ts';
import { type LostModePorts, lostModeRoutes } from './lost-mode.ts';
import { type MailPort, mailRoutes } from './mail.ts';
import { type MembershipPort, membershipRoutes } from './membership.ts';
import { type MetricsPort, metricsRoutes } from './metrics.ts';
import { type NotificationsPort, notificationRoutes } from './notifications.ts';
import { type OrderDocumentsPort, orderDocumentRoutes } from './order-documents.ts';
import { type OrderImpactPort, orderImpactRoutes } from './order-impact.ts';
import { type OrderPacksPorts, orderPackRoutes } from './order-packs.ts';
import { type OrdersPort, orderRoutes } from './orders.ts';
import { type OverviewPort, overviewRoutes } from './overview.ts';
import { type PackagesPorts, packageRoutes } from './packages.ts';
import { passkeyRoutes } from './passkeys.ts';
import { type PeoplePort, peopleRoutes } from './people.ts';
import { type PoliciesPorts, policyRoutes } from './policies.ts';
import { type ProviderPorts, providerRoutes } from './provider.ts';
import { type ReassignmentPorts, reassignmentRoutes } from './reassignment.ts';
import { type RecoveryPort, recoveryRoutes } from './recovery.ts';
import { type Route, route } from './route.ts';
import { type ScriptRoutesPorts, scriptRoutes } from './scripts.ts';
import { sessionRoutes } from './session.ts';
import { softwareRoutes } from './software.ts';
import { type TerritoryPoliciesPorts, territoryPolicyRoutes } from './territory-policies.ts';
import { type TimeCorrectionPorts, timeCorrectionRoutes } from './time-corrections.ts';
import { tokenRoutes } from './tokens.ts';
import { transparencyRoutes } from './transparency.ts';
import { type UpdateChannelsPorts, updateChannelRoutes } from './update-channels.ts';

export interface ResourcePorts {
  readonly admins: Admins;
  readonly actions: Actions;
  readonly devices: Pick<Devices, 'alerts' | 'acknowledgeAlert' | 'select'> &
    DevicesPorts['devices'] &
    DeviceViewPorts['devices'] &
    DeviceActionsPorts['devices'] &
    DevicePlacementsPorts['devices'] &
    ReassignmentPorts['devices'] &
    GroupsPorts['devices'] &
    CodesPorts['devices'];
  readonly commands: CommandsPorts['commands'] & JobsPorts['commands'];
  readonly deviceLogs: DeviceLogsPorts['deviceLogs'];
  readonly liveQueries: LiveQueriesPorts['liveQueries'];
  readonly lostMode: LostModePorts['lostMode'];
  readonly inventory: Inventories;
  readonly groupMembers: GroupsPorts['groupMembers'] & DevicesPorts['groupMembers'] & FilterRightsPorts['groupMembers'];
  readonly enrollment: CodesPorts['enrollment'];
  readonly people: PeoplePort & Pick<People, 'personInScope' | 'named'>;
  readonly ownerMail: ReassignmentPorts['ownerMail'];
  readonly orders: OrdersPort &
    OrderImpactPort &
    OrderDocumentsPort &
    ApproversPorts['orders'] &
    DevicesPorts['orders'] &
    IpDatabasesPorts['orders'] &
    TerritoryPoliciesPorts['orders'];
  readonly jurisdiction: DevicesPorts['jurisdiction'];
  readonly ipDatabases: IpDatabasesPorts['ipDatabases'];
  readonly compareIpDatabase: IpDatabasesPorts['compareIpDatabase'];
  readonly relocating: IpDatabasesPorts['relocating'];
  readonly packs: OrderPacksPorts['packs'];
  readonly packages: PackagesPorts['packages'] & CommandsPorts['packages'];
  readonly files: FilesPorts['files'] & CommandsPorts['files'];
  readonly areas: AreasPort;
  readonly policies: TerritoryPoliciesPorts['policies'];
  readonly activity: ActivityLogPort;
  readonly notifications: NotificationsPort;
  readonly scripts: ScriptRoutesPorts['scripts'];
  readonly devicePolicies: PoliciesPorts['devicePolicies'];
  readonly updateChannels: UpdateChannelsPorts['updateChannels'];
  readonly compliance: ComplianceRoutesPorts['compliance'];
  readonly ledger: LedgerPorts['ledger'];
  readonly openings: LedgerPorts['openings'];
  readonly witnesses: LedgerPorts['witnesses'];
  readonly entries: LedgerPorts['entries'];
  readonly membership: MembershipPort;
  readonly mail: MailPort;
  readonly holds: HoldsPorts['holds'] & DevicePlacementsPorts['holds'];
  readonly timeCorrections: TimeCorrectionPorts['timeCorrections'];
  readonly events: EventsPort;
  readonly state: HealthPort & InstallationPort;
  readonly overview: OverviewPort;
  readonly metrics: MetricsPort;
  readonly backups: BackupPort;
  readonly recovery: RecoveryPort;
  readonly disclosures: DisclosuresPort['disclosures'];
  readonly accountLinks: AccountsPorts['accountLinks'];
  readonly consoleOrigin: ProviderPorts['consoleOrigin'];
  readonly now: () => number;
  /** Real time, for the expiry of API tokens. */
  readonly realNow: () => number;
  readonly version: string;
  readonly demo?: DemoPort | undefined;
}

export function apiRoutes(ports: ResourcePorts): Route[] {
  const { admins, devices, inventory, commands, enrollment, orders, ledger, entries } = ports;
  const filterRights = createFilterRights(ports);
  let summaries: ReadonlyMap<string, string> | null = null;
  const titles = () => {
    summaries ??= new Map(routes.map(({ name, summary }) => [name, summary]));
    return summaries;
  };
  const routes: Route[] = [
    ...healthRoutes(ports.state),
    ...installationRoutes(ports.state),
    ...overviewRoutes(ports.overview),
    ...metricsRoutes(ports.metrics),
    ...sessionRoutes({ admins }),
    ...cliSignInRoutes({ admins }),
    ...providerRoutes({ admins, consoleOrigin: ports.consoleOrigin }),
    ...passkeyRoutes({ admins }),
    ...tokenRoutes(admins, ports.realNow),
    ...actionRoutes({
      actions: ports.actions,
      admins,
      devices,
      orders,
      persons: ports.people,
      devicePolicies: ports.devicePolicies,
      perform: (...args) => performer(routes)(...args),
    }),
    ...customRoleRoutes(admins),
    ...accessRoutes(admins),
    ...accountRoutes({ admins, accountLinks: ports.accountLinks }),
    ...approverRoutes({ admins, orders }),
    ...groupRoutes({ devices, orders, groupMembers: ports.groupMembers, filterRights }),
    ...policyRoutes({ devicePolicies: ports.devicePolicies, admins, filterRights }),
    ...complianceRoutes({ compliance: ports.compliance, devices }),
    ...peopleRoutes(ports.people),
    ...codeRoutes({ enrollment, devices, people: ports.people, orders }),
    ...deviceViewRoutes({ devices, filterRights }),
    ...deviceRoutes({ ...ports, filterRights }),
    ...inventoryRoutes({ inventory, devices, admins }),
    ...softwareRoutes({ inventory }),
    ...advisoryRoutes({ inventory }),
    ...deviceActionRoutes({ devices, orders, filterRights, actions: ports.actions }),
    ...devicePlacementRoutes({ ...ports, filterRights }),
    ...reassignmentRoutes({ ...ports, filterRights }),
    ...commandRoutes({ ...ports, filterRights }),
    ...scriptRoutes({ commands, devices, admins, scripts: ports.scripts }),
    ...jobRoutes({ commands, admins }),
    ...deviceLogRoutes({ deviceLogs: ports.deviceLogs, devices }),
    ...liveQueryRoutes({ liveQueries: ports.liveQueries, devices, filterRights }),
    ...lostModeRoutes({ lostMode: ports.lostMode, devices, filterRights }),
    ...membershipRoutes(ports.membership),
    ...mailRoutes(ports.mail),
    ...holdRoutes({ holds: ports.holds, admins }),
    ...timeCorrectionRoutes(ports),
    ...alertRoutes(devices),
    ...eventRoutes(ports.events),
    ...orderRoutes({ orders, admins }),
    ...orderImpactRoutes(orders),
    ...orderDocumentRoutes(orders),
    ...orderPackRoutes({ orders, packs: ports.packs, admins }),
    ...activityRoutes({ ...ports, titleOf: (action) => titles().get(action) ?? null }),
    ...notificationRoutes(ports.notifications),
    ...ledgerRoutes({ ledger, entries, openings: ports.openings, witnesses: ports.witnesses }),
    ...areaRoutes({ areas: ports.areas, admins }),
    ...ipDatabaseRoutes(ports),
    ...packageRoutes({ packages: ports.packages, admins }),
    ...updateChannelRoutes(ports),
    ...fileRoutes({ files: ports.files, devices, admins }),
    ...territoryPolicyRoutes({ policies: ports.policies, orders, admins, now: ports.now }),
    ...backupRoutes(ports.backups),
    ...recoveryRoutes(ports.recovery, admins),
    ...disclosureRoutes(ports),
    ...authorityRoutes(ports),
    ...transparencyRoutes(ports),
    ...(ports.demo === undefined ? [] : demoRoutes({ ...ports, demo: ports.demo })),
  ];
  // Load the OpenAPI document on the first request, so that it does not delay the start.
  let document: { openapi: string } | null = null;
  const description = route({
    name: 'openapi.show',
    method: 'get',
    path: '/api/openapi.json',
    root: true,
    summary: 'Get this OpenAPI document',
    response: z.looseObject({ openapi: z.string() }).meta({ examples: [{ openapi: '3.1.0' }] }),
    async handler() {
      const { openApiDocument } = await import('./openapi.ts');
      document ??= { ...openApiDocument(routes, ports.version) };
      return document;
    },
  });
  routes.push(description);
  return routes;
}
