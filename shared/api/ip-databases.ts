/** IP databases, which map addresses to countries. */
import { z } from 'zod';
import { sha256Hex } from '../order/documents.ts';
import { instant } from './wire.ts';

export const LARGEST_IP_DATABASE = 256 * 1024 * 1024;

export const ipDatabaseView = z.object({
  hash: sha256Hex,
  name: z.string(),
  importedAt: instant,
  /** Account that imported the IP database; null if the IP database is part of Cordon's installation or named in the configuration. */
  importedBy: z.string().nullable(),
  /** Build time from the metadata of the IP database. It shows an admin how old the data is. */
  builtAt: instant,
  size: z.int(),
  active: z.boolean(),
});
export const ipDatabaseList = z.object({
  databases: z.array(ipDatabaseView),
  activations: z.array(z.object({ hash: sha256Hex, at: instant, by: z.string().nullable() })),
  /** Progress of the look-up of all connected devices in the newly active IP database; null if no look-up is in progress. */
  relocation: z.object({ done: z.int(), of: z.int() }).nullable(),
  people: z.record(z.string(), z.string()),
});
export const ipDatabaseQuery = z.strictObject({ name: z.string().regex(/^[A-Za-z0-9._ -]{1,120}$/) });
export const ipDatabaseParams = z.object({ hash: sha256Hex });

export const usedDatabase = ipDatabaseView.pick({ hash: true, name: true, builtAt: true });
export type UsedDatabase = z.infer<typeof usedDatabase>;
/**
 * Impact of activating another IP database. The location of a connected device changes at once; the location of another device changes at
 * its next connection.
 */
export const ipComparisonView = z.object({
  current: usedDatabase,
  other: usedDatabase,
  at: instant,
  compared: z.int(),
  /** Number of devices whose country would change with the IP database `other`. */
  moved: z.int(),
  /** Numbers of devices by present and new country, largest first. Null stands for an unknown country. */
  moves: z.array(z.object({ from: z.string().nullable(), to: z.string().nullable(), devices: z.int() })),
  /**
   * Effect of a change from the IP database `current` to `other`, for each order that has neither ended nor been withdrawn. All numbers
   * count only devices whose country would change.
   */
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
