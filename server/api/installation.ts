import { type Installation, installationView } from '../../shared/api/installation.ts';
import { type Route, route } from './route.ts';

export interface InstallationPort {
  installation(): Installation;
}

export function installationRoutes(state: InstallationPort): Route[] {
  return [
    route({
      name: 'installation.show',
      method: 'get',
      path: '/installation',
      summary: 'Show addresses, certificates and settings of the installation',
      response: installationView,
      handler: async () => state.installation(),
    }),
  ];
}
