import type { z } from 'zod';
import { aliveView, healthView } from '../../shared/api/health.ts';
import { Reply, type Route, route } from './route.ts';

export interface HealthPort {
  ready(): Promise<boolean>;
  /** State of the server. `connected`: number of connected devices in the whole fleet. */
  health(): Promise<z.input<typeof healthView>>;
}

export function healthRoutes(state: HealthPort): Route[] {
  return [
    route({
      name: 'health.live',
      method: 'get',
      path: '/healthz',
      root: true,
      summary: 'Check that the process responds',
      response: aliveView,
      handler: async () => ({ status: 'ok' as const }),
    }),
    route({
      name: 'health.ready',
      method: 'get',
      path: '/readyz',
      root: true,
      summary: 'Check the database and the ledger',
      response: aliveView,
      statuses: [200, 503],
      handler: async () =>
        (await state.ready())
          ? { status: 'ok' as const }
          : new Reply({ status: 'unavailable' as const }, { status: 503 }),
    }),
    route({
      name: 'health.show',
      method: 'get',
      path: '/health',
      summary: 'Show the state of the installation',
      response: healthView,
      async handler({ demand }) {
        const health = await state.health();
        return demand('overview.show').devices === null ? health : { ...health, connected: null };
      },
    }),
  ];
}
