/** Probes for whoever runs the process, and the state of the installation for admins. */
import type { z } from 'zod';
import { aliveView, healthView } from '../../shared/api/health.ts';
import { Reply, type Route, route } from './route.ts';

export interface HealthPort {
  /** Whether the store answers and the ledger sequences. */
  ready(): Promise<boolean>;
  health(): Promise<z.input<typeof healthView>>;
}

export function healthRoutes(state: HealthPort): Route[] {
  return [
    route({
      name: 'health.live',
      method: 'get',
      path: '/healthz',
      root: true,
      summary: 'The process answers',
      response: aliveView,
      handler: async () => ({ status: 'ok' as const }),
    }),
    route({
      name: 'health.ready',
      method: 'get',
      path: '/readyz',
      root: true,
      summary: 'The store answers and the ledger works',
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
      summary: 'The state of the installation',
      response: healthView,
      handler: () => state.health(),
    }),
  ];
}
