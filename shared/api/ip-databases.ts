/** IP databases: which address is in which country. */
import { z } from 'zod';
import { sha256Hex } from '../order/documents.ts';
import { instant } from './wire.ts';

export const LARGEST_IP_DATABASE = 256 * 1024 * 1024;

export const ipDatabaseView = z.object({
  hash: sha256Hex,
  name: z.string(),
  importedAt: instant,
  /** An account's id; null: the server itself, from its package or its configuration. */
  importedBy: z.string().nullable(),
  /** When its maker built it: its age is what an admin must see. */
  builtAt: instant,
  /** Bytes. */
  size: z.int(),
  active: z.boolean(),
});
export const ipDatabaseList = z.object({
  databases: z.array(ipDatabaseView),
  /** From when on which was in use, the newest first. */
  uses: z.array(z.object({ hash: sha256Hex, at: instant, by: z.string().nullable() })),
  /** How far devices that are connected have been located anew by the one in use; null: all are. */
  relocating: z.object({ done: z.int(), of: z.int() }).nullable(),
  /** The names of those accounts. */
  people: z.record(z.string(), z.string()),
});
export const ipDatabaseQuery = z.strictObject({ name: z.string().regex(/^[A-Za-z0-9._ -]{1,120}$/) });
export const ipDatabaseParams = z.object({ hash: sha256Hex });

/** By which an address was located. */
export const usedDatabase = ipDatabaseView.pick({ hash: true, name: true, builtAt: true });
export type UsedDatabase = z.infer<typeof usedDatabase>;
/** What taking a database would do, of the addresses that count now: of devices that are connected at once, of others when they next connect. */
export const ipComparisonView = z.object({
  current: usedDatabase,
  other: usedDatabase,
  at: instant,
  /** Devices whose address counts now. */
  compared: z.int(),
  /** Those whose address would say something else. */
  moved: z.int(),
  /** From which country to which, the most devices first; null: not known. */
  moves: z.array(z.object({ from: z.string().nullable(), to: z.string().nullable(), devices: z.int() })),
  /** Every order in force or announced, of the devices that would be moved alone. */
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
