/** What a monitoring system scrapes (Prometheus text format): figures of this process and counts of the installation, no names. */
import { statfs } from 'node:fs/promises';
import { Counter, collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import { z } from 'zod';
import { type Route, route } from './route.ts';

/** Read at each scrape. All of it is in memory but `installation`. */
export interface MetricsPort {
  /** With the figures of the monitor. */
  readonly registry: Registry;
  /** Unix milliseconds, of each certificate that the server uses. */
  readonly certificates: () => readonly { readonly use: string; readonly notAfter: number }[];
  /** Counts from the store. They are read at most once in `FIGURES_FOR`. */
  readonly installation: () => Promise<{
    readonly devices: Readonly<Record<string, number>>;
    readonly alarms: Readonly<Record<string, number>>;
    readonly queuedCommands: number;
    readonly unsequenced: number;
    readonly crlExpiresAt: number | null;
  }>;
  /** The data folder. */
  readonly folder: string;
  readonly connections: () => number;
  /** Of the order list; null before the first. */
  readonly list: () => { readonly version: number; readonly expiresAt: number } | null;
  readonly ordersInForce: () => number;
  readonly ledgerFailing: () => boolean;
  readonly clockInDoubt: () => boolean;
  readonly diskFull: () => boolean;
  readonly backups: () => { readonly newest: { readonly at: number } | null; readonly failure: string | null };
  /** Of all mailboxes together, and how many posts this process has accepted. */
  readonly mail: () => {
    readonly posts: number;
    readonly entries: number;
    readonly bytes: number;
    readonly held: number;
  };
}

/** Milliseconds: scrapes at a shorter interval, or by several systems, cost the store nothing. */
const FIGURES_FOR = 5_000;

export function metricsRoutes(port: MetricsPort): Route[] {
  const { registry } = port;
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
  gauge('cordon_disk_full', '1 while the disk of the data folder has next to no room', () => (port.diskFull() ? 1 : 0));
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
  let read: { at: number; figures: ReturnType<MetricsPort['installation']> } | null = null;
  const figures = () => {
    if (read === null || performance.now() - read.at > FIGURES_FOR) {
      read = { at: performance.now(), figures: port.installation() };
      // A failed reading is not kept: the next scrape asks again.
      read.figures.catch(() => {
        read = null;
      });
    }
    return read.figures;
  };
  const fromStore = (name: string, help: string, value: (from: Awaited<ReturnType<typeof figures>>) => number) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(value(await figures()));
      },
    });
  const byLabel = (
    name: string,
    label: string,
    help: string,
    values: (from: Awaited<ReturnType<typeof figures>>) => Readonly<Record<string, number>>,
  ) =>
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers,
      async collect() {
        const counted = Object.entries(values(await figures()));
        this.reset();
        for (const [value, count] of counted) this.set({ [label]: value }, count);
      },
    });
  byLabel('cordon_devices', 'state', 'Devices by state', ({ devices }) => ({ connected: 0, offline: 0, ...devices }));
  byLabel('cordon_alarms', 'code', 'Alarms in the store by code', ({ alarms }) => alarms);
  fromStore('cordon_commands_queued', 'Commands that wait for devices', ({ queuedCommands }) => queuedCommands);
  fromStore('cordon_ledger_unsequenced', 'Ledger entries without an index', ({ unsequenced }) => unsequenced);
  fromStore(
    'cordon_crl_expiry_timestamp_seconds',
    'When the revocation list expires, Unix seconds; 0 before the first',
    (from) => Math.floor((from.crlExpiresAt ?? 0) / 1000),
  );
  new Gauge({
    name: 'cordon_certificate_expiry_timestamp_seconds',
    help: "When the server's own certificates expire, Unix seconds, by use",
    labelNames: ['use'],
    registers,
    collect() {
      for (const { use, notAfter } of port.certificates()) this.set({ use }, Math.floor(notAfter / 1000));
    },
  });
  const disk = (
    name: string,
    help: string,
    value: (from: { bavail: number; blocks: number; bsize: number }) => number,
  ) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(value(await statfs(port.folder)));
      },
    });
  disk('cordon_disk_free_bytes', 'Free bytes on the disk of the data folder', ({ bavail, bsize }) => bavail * bsize);
  disk('cordon_disk_size_bytes', 'Size of the disk of the data folder', ({ blocks, bsize }) => blocks * bsize);
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
