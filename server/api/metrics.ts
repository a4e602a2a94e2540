/** What a monitoring system scrapes (Prometheus text format): figures of this process and counts of the installation, no names. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { z } from 'zod';
import { type Route, route } from './route.ts';

/** Read at each scrape; all of it is in memory. */
export interface MetricsPort {
  readonly connections: () => number;
  /** Of the order list; null before the first. */
  readonly list: () => { readonly version: number; readonly expiresAt: number } | null;
  readonly ordersInForce: () => number;
  readonly ledgerFailing: () => boolean;
  readonly clockInDoubt: () => boolean;
  readonly backups: () => { readonly newest: { readonly at: number } | null; readonly failure: string | null };
  /** Of all mailboxes together, and how many posts this process has accepted. */
  readonly mail: () => {
    readonly posts: number;
    readonly entries: number;
    readonly bytes: number;
    readonly held: number;
  };
}

export function metricsRoutes(port: MetricsPort): Route[] {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  gauge('cordon_connections', 'Devices connected to this process', port.connections);
  gauge('cordon_order_list_version', 'Version of the order list; 0 before the first', () => port.list()?.version ?? 0);
  gauge('cordon_order_list_expires_seconds', 'When the order list expires, Unix seconds; 0 before the first', () =>
    Math.floor((port.list()?.expiresAt ?? 0) / 1000),
  );
  gauge('cordon_orders_in_force', 'Orders in force now', port.ordersInForce);
  gauge('cordon_ledger_failing', '1 while leaves cannot be sequenced', () => (port.ledgerFailing() ? 1 : 0));
  gauge('cordon_clock_in_doubt', "1 while the server's clock is in doubt", () => (port.clockInDoubt() ? 1 : 0));
  gauge('cordon_backup_newest_seconds', 'When the newest backup was made, Unix seconds; 0 when there is none', () =>
    Math.floor((port.backups().newest?.at ?? 0) / 1000),
  );
  gauge('cordon_backup_failing', '1 while the last scheduled backup has failed', () =>
    port.backups().failure === null ? 0 : 1,
  );
  gauge('cordon_mailbox_entries', 'Sealed messages that wait for devices', () => port.mail().entries);
  gauge('cordon_mailbox_bytes', 'Bytes of sealed messages that wait for devices', () => port.mail().bytes);
  gauge('cordon_mailbox_held', 'Sealed messages that an order keeps from their devices', () => port.mail().held);
  new Counter({
    name: 'cordon_posts_total',
    help: 'Sealed messages accepted by this process',
    registers,
    collect() {
      this.reset();
      this.inc(port.mail().posts);
    },
  });
  return [
    route({
      name: 'metrics.show',
      method: 'get',
      path: '/metrics',
      root: true,
      summary: 'Metrics in the Prometheus text format',
      raw: 'text',
      response: z.string(),
      handler: () => registry.metrics(),
    }),
  ];
}
