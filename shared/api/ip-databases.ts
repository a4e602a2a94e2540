/** IP databases, which map addresses to countries. */
import { z } from 'zod';
import { sha256Hex } from '../order/documents.ts';
import { instant } from './wire.ts';

export const LARGEST_IP_DATABASE = 256 * 1024 * 1024;

export const ipDatabaseView = z.object({
  hash: sha256Hex,
  name: z.string(),
  importedAt: instant,
  /** Account that imported the database. Null: the server itself imported the database, from its package or its configuration. */
  importedBy: z.string().nullable(),
  /** Build time from the database file's metadata, by which an admin judges the age of the data. */
  builtAt: instant,
  /** Size in bytes. */
  size: z.int(),
  active: z.boolean(),
});
export const ipDatabaseList = z.object({
  databases: z.array(ipDatabaseView),
  /** Activations, newest first. */
  activations: z.array(z.object({ hash: sha256Hex, at: instant, by: z.string().nullable() })),
  /** Progress of the relocation of connected devices with the active database. Null: finished. */
  relocation: z.object({ done: z.int(), of: z.int() }).nullable(),
  /** Names of the admins, by account. */
  people: z.record(z.string(), z.string()),
});
export const ipDatabaseQuery = z.strictObject({ name: z.string().regex(/^[A-Za-z0-9._ -]{1,120}$/) });
export const ipDatabaseParams = z.object({ hash: sha256Hex });

/** IP database that located an address. */
export const usedDatabase = ipDatabaseView.pick({ hash: true, name: true, builtAt: true });
export type UsedDatabase = z.infer<typeof usedDatabase>;
/** Impact of activating another IP database. Connected devices change immediately, other devices when they next connect. */
export const ipComparisonView = z.object({
  current: usedDatabase,
  other: usedDatabase,
  at: instant,
  /** Number of devices with a current IP address. */
  compared: z.int(),
  /** Number of devices that the other IP database locates in another country. */
  moved: z.int(),
  /** Numbers of devices that move between two countries, largest first. Null: unknown country. */
  moves: z.array(z.object({ from: z.string().nullable(), to: z.string().nullable(), devices: z.int() })),
  /** Effect on each active or announced order. Only devices that move are counted. */
  orders: z.array(
    z.object({
      order: z.string(),
      title: z.string(),
      effective: instant,
      denied: z.object({ before: z.int(), after: z.int() }),
      newlyDenied: z.int(),
      newlyAllowed: z.int(),
    }),
  ),
});
export type IpComparisonView = z.infer<typeof ipComparisonView>;
