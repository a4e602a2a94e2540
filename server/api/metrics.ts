/** Metrics in Prometheus text format: figures of this process and counts from the store. They name no person and no device. */
import { statfs } from 'node:fs/promises';
import { Counter, collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import { z } from 'zod';
import { type Route, route } from './route.ts';

/** Figures that this process keeps in memory, not in the store. Times are Unix milliseconds. */
export interface ProcessFigures {
  readonly connections: number;
  readonly list: { readonly version: number; readonly expiresAt: number } | null;
  readonly activeOrders: number;
  readonly ledgerFailing: boolean;
  readonly markFailing: boolean;
  readonly ledgerWithheld: boolean;
  readonly witnesses: readonly {
    readonly name: string;
    readonly cosigned: { readonly size: number; readonly at: number } | null;
  }[];
  readonly clockInDoubt: boolean;
  readonly diskFull: boolean;
  readonly backups: { readonly newest: { readonly at: number } | null; readonly failure: string | null };
  /** Totals of all mailboxes. `posts`: number of messages that this process has accepted. */
  readonly mailboxes: Waiting & { readonly posts: number };
  /** Totals of all mail queues. `accepted`: number of mails that this process has accepted. */
  readonly mail: Waiting & { readonly accepted: number };
}

interface Waiting {
  readonly entries: number;
  readonly bytes: number;
  readonly held: number;
}

export interface StoreFigures {
  readonly devices: Readonly<Record<string, number>>;
  readonly alerts: Readonly<Record<string, number>>;
  readonly queuedCommands: number;
  readonly unsequenced: number;
  readonly crlExpiresAt: number | null;
}

export interface MetricsPort {
  readonly registry: Registry;
  readonly folder: string;
  /** Expiry of each of the server's certificates, in Unix milliseconds. */
  readonly certificates: () => readonly { readonly use: string; readonly notAfter: number }[];
  readonly process: () => ProcessFigures;
  readonly store: () => Promise<StoreFigures>;
}

/** Milliseconds for which counts from the store are reused, because metrics requests may be frequent. */
const FIGURES_FOR = 5_000;

type Gauges<From> = readonly (readonly [name: string, help: string, value: (from: From) => number])[];

const seconds = (milliseconds: number | undefined | null): number => Math.floor((milliseconds ?? 0) / 1000);

const PROCESS_GAUGES: Gauges<ProcessFigures> = [
  ['cordon_connections', 'Devices connected to this process', ({ connections }) => connections],
  ['cordon_order_list_version', 'Version of the order list; 0 before the first list', ({ list }) => list?.version ?? 0],
  [
    'cordon_order_list_expires_seconds',
    'Expiry of the order list in Unix seconds; 0 before the first list',
    ({ list }) => seconds(list?.expiresAt),
  ],
  ['cordon_orders_active', 'Active orders', ({ activeOrders }) => activeOrders],
  [
    'cordon_ledger_failing',
    '1 while the server cannot add entries to the ledger',
    ({ ledgerFailing }) => Number(ledgerFailing),
  ],
  [
    'cordon_high_water_mark_failing',
    '1 while the server cannot write its high-water mark and publishes nothing new',
    ({ markFailing }) => Number(markFailing),
  ],
  [
    'cordon_ledger_withheld',
    '1 while the server signs no checkpoint because of its witnesses',
    ({ ledgerWithheld }) => Number(ledgerWithheld),
  ],
  ['cordon_disk_full', '1 while the disk of the data folder is nearly full', ({ diskFull }) => Number(diskFull)],
  ['cordon_clock_in_doubt', "1 while the server's clock may be wrong", ({ clockInDoubt }) => Number(clockInDoubt)],
  [
    'cordon_backup_newest_seconds',
    'Time of the newest backup in Unix seconds; 0 without a backup',
    ({ backups }) => seconds(backups.newest?.at),
  ],
  ['cordon_backup_failing', '1 if the last scheduled backup failed', ({ backups }) => Number(backups.failure !== null)],
  ['cordon_mailbox_entries', 'Sealed messages that wait for devices', ({ mailboxes }) => mailboxes.entries],
  ['cordon_mailbox_bytes', 'Bytes of sealed messages that wait for devices', ({ mailboxes }) => mailboxes.bytes],
  [
    'cordon_mailbox_held',
    'Sealed messages that orders hold back from their devices',
    ({ mailboxes }) => mailboxes.held,
  ],
  [
    'cordon_mail_waiting',
    'Mails that wait for devices and mail connectors, including held mails',
    ({ mail }) => mail.entries,
  ],
  ['cordon_mail_bytes', 'Bytes of mails that wait', ({ mail }) => mail.bytes],
  ['cordon_mail_held', 'Mails that orders hold', ({ mail }) => mail.held],
];

const STORE_GAUGES: Gauges<StoreFigures> = [
  ['cordon_commands_queued', 'Commands that wait for devices', ({ queuedCommands }) => queuedCommands],
  [
    'cordon_ledger_unsequenced',
    'Ledger entries that wait for their position in the ledger',
    ({ unsequenced }) => unsequenced,
  ],
  [
    'cordon_crl_expiry_timestamp_seconds',
    'Expiry of the revocation list in Unix seconds; 0 before the first list',
    ({ crlExpiresAt }) => seconds(crlExpiresAt),
  ],
];

const DISK_GAUGES: Gauges<{ readonly bavail: number; readonly blocks: number; readonly bsize: number }> = [
  ['cordon_disk_free_bytes', 'Free bytes on the disk of the data folder', ({ bavail, bsize }) => bavail * bsize],
  ['cordon_disk_size_bytes', 'Size of the disk of the data folder', ({ blocks, bsize }) => blocks * bsize],
];

export function metricsRoutes(port: MetricsPort): Route[] {
  const { registry } = port;
  const storeFigures = cachedFor(FIGURES_FOR, port.store);
  collectDefaultMetrics({ register: registry });
  addGauges(registry, PROCESS_GAUGES, port.process);
  addGauges(registry, STORE_GAUGES, storeFigures);
  addGauges(registry, DISK_GAUGES, () => statfs(port.folder));
  addLabeledGauge(registry, 'cordon_devices', 'Devices by state', 'state', async () => ({
    connected: 0,
    offline: 0,
    ...(await storeFigures()).devices,
  }));
  const alerts = async () => (await storeFigures()).alerts;
  addLabeledGauge(registry, 'cordon_alerts', 'Alerts in the store by code', 'code', alerts);
  const cosigned = (value: (tree: { readonly size: number; readonly at: number }) => number) => async () =>
    Object.fromEntries(port.process().witnesses.map(({ name, cosigned }) => [name, cosigned ? value(cosigned) : 0]));
  const witnessGauge = (name: string, help: string, read: () => Promise<Record<string, number>>) =>
    addLabeledGauge(registry, name, help, 'witness', read);
  witnessGauge(
    'cordon_witness_cosigned_timestamp_seconds',
    'Time of the last cosignature in Unix seconds, by witness; 0 before the first',
    cosigned(({ at }) => seconds(at)),
  );
  witnessGauge(
    'cordon_witness_cosigned_entries',
    'Ledger entries that the witness has cosigned',
    cosigned(({ size }) => size),
  );
  const certificates = async () =>
    Object.fromEntries(port.certificates().map(({ use, notAfter }) => [use, seconds(notAfter)]));
  const expiry = "Expiry of the server's own certificates in Unix seconds, by use";
  addLabeledGauge(registry, 'cordon_certificate_expiry_timestamp_seconds', expiry, 'use', certificates);
  new Counter({
    name: 'cordon_posts_total',
    help: 'Sealed messages accepted by this process',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(port.process().mailboxes.posts);
    },
  });
  new Counter({
    name: 'cordon_mails_total',
    help: 'Mails accepted by this process',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(port.process().mail.accepted);
    },
  });
  return [
    route({
      name: 'metrics.show',
      method: 'get',
      path: '/metrics',
      root: true,
      summary: 'Show metrics in the Prometheus text format',
      raw: 'text',
      response: z.string(),
      handler: () => registry.metrics(),
    }),
  ];
}

function addGauges<From>(registry: Registry, gauges: Gauges<From>, read: () => From | Promise<From>): void {
  for (const [name, help, value] of gauges) {
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        this.set(value(await read()));
      },
    });
  }
}

function addLabeledGauge(
  registry: Registry,
  name: string,
  help: string,
  label: string,
  read: () => Promise<Readonly<Record<string, number>>>,
): void {
  new Gauge({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    async collect() {
      const values = Object.entries(await read());
      this.reset();
      for (const [of, value] of values) this.set({ [label]: of }, value);
    },
  });
}

function cachedFor<T>(milliseconds: number, read: () => Promise<T>): () => Promise<T> {
  let last: { readonly at: number; readonly value: Promise<T> } | null = null;
  return () => {
    if (last === null || performance.now() - last.at > milliseconds) {
      last = { at: performance.now(), value: read() };
      // Do not cache a failed read of the store.
      last.value.catch(() => {
        last = null;
      });
    }
    return last.value;
  };
}
