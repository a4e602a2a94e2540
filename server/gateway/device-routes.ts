/** Table of all HTTPS routes of the device listener. */
import type { DeviceRoute } from './device-route.ts';
import { type FilesPort, fileRoutes } from './file-routes.ts';
import { type DeviceLogsPort, logRoutes } from './log-routes.ts';
import { mailRoutes } from './mail-routes.ts';
import { type MembershipRoutesPorts, membershipRoutes } from './membership-routes.ts';
import { type PackagesPort, packageRoutes } from './package-routes.ts';
import { passcodeRoutes } from './passcode-routes.ts';
import type { CommandsPort, MailPort, RelayPort } from './ports.ts';
import { sealedRoutes } from './sealed-routes.ts';
import { type ServiceRoutesPorts, serviceRoutes } from './service-routes.ts';

export interface DeviceRoutesPorts extends ServiceRoutesPorts, MembershipRoutesPorts {
  readonly relay: Pick<RelayPort, 'keyPackages' | 'attachments'>;
  readonly mail: MailPort;
  readonly deviceLogs: DeviceLogsPort;
  readonly packages: PackagesPort;
  readonly files: FilesPort;
  readonly commands: Pick<CommandsPort, 'addPasscodeShare'>;
}

export const deviceRoutes = (ports: DeviceRoutesPorts): DeviceRoute[] => [
  ...serviceRoutes(ports),
  ...membershipRoutes(ports),
  ...sealedRoutes(ports.relay),
  ...mailRoutes(ports.mail),
  ...logRoutes(ports.deviceLogs),
  ...packageRoutes(ports.packages),
  ...fileRoutes(ports.files),
  ...passcodeRoutes(ports.commands),
];
