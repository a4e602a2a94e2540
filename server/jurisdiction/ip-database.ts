/**
 * Source address → where it is, from an MMDB file. The bundled file is a seed whose age is shown; an admin imports another (MaxMind, DB-IP,
 * IPinfo or the like) while the server runs. Files lie under `ip/` by their SHA-256; which one is active is in the store and the ledger.
 *
 * `country` is where the address is. `registered_country` and `represented_country` are kept apart: they are no evidence of presence.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { type CountryResponse, Reader } from 'mmdb-lib';
import { z } from 'zod';
import { LARGEST_IP_DATABASE } from '../../shared/api/ip-databases.ts';
import { type AreaCode, placeOrNull } from '../../shared/areas/area-code.ts';
import { canonicalAddress, isSpecialAddress } from '../../shared/areas/special-addresses.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { checkMmdb } from './mmdb-check.ts';
import type { IpDatabase, IpDatabaseStore, IpDatabaseUse } from './ports.ts';

/** Bytes: some 5 ms. */
const HASHED_AT_ONCE = 4 * 1024 * 1024;
const BUNDLED_NAME = 'bundled';
const BUNDLED = '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb';

export interface AddressRecord {
  readonly country: AreaCode | null;
  readonly registered: AreaCode | null;
  readonly represented: AreaCode | null;
}
const NOTHING: AddressRecord = { country: null, registered: null, represented: null };

const nested = z.looseObject({ iso_code: z.string().optional() }).optional().catch(undefined);
/** The shapes in use: MaxMind and DB-IP nest it, ip-location-db and IPinfo write it flat. */
const recordSchema = z.looseObject({
  country: z
    .union([z.looseObject({ iso_code: z.string().optional() }), z.string()])
    .optional()
    .catch(undefined),
  country_code: z.string().optional().catch(undefined),
  registered_country: nested,
  represented_country: nested,
});

/** Addresses of institutions that have been where they are for decades: a database that does not know most of them is none. */
const KNOWN: readonly (readonly [string, string])[] = [
  ['193.0.6.139', 'NL'], // RIPE NCC
  ['200.160.2.3', 'BR'], // registro.br
  ['202.12.29.211', 'AU'], // APNIC
  ['129.132.1.1', 'CH'], // ETH Zürich
  ['130.239.1.1', 'SE'], // Umeå universitet
  ['131.111.8.42', 'GB'], // University of Cambridge
  ['133.11.0.1', 'JP'], // University of Tokyo
  ['140.112.1.1', 'TW'], // National Taiwan University
  ['141.20.1.1', 'DE'], // Humboldt-Universität
  ['18.7.22.69', 'US'], // MIT, now also Amazon's
  ['39.32.0.1', 'PK'], // PTCL
  ['212.26.18.1', 'SA'], // KACST
];
const KNOWN_AT_LEAST = Math.ceil(KNOWN.length / 2);

/** A file that was read. */
export interface OpenedIpDatabase {
  readonly builtAt: number;
  look(address: string): AddressRecord;
}

/** Throws `ip_database_invalid` unless it is an MMDB file that knows where most well-known addresses are. */
export function openMmdb(bytes: Buffer): OpenedIpDatabase {
  try {
    const reader = new Reader<CountryResponse>(bytes);
    const { searchTreeSize, ipVersion, buildEpoch } = reader.metadata;
    if (searchTreeSize + 16 > bytes.length) throw new RangeError('the file ends within its search tree');
    const look = (address: string): AddressRecord => {
      // A file for IPv4 alone answers for IPv6 as well, and wrongly.
      if (ipVersion === 4 && isIPv6(address)) return NOTHING;
      const found = recordSchema.safeParse(reader.get(address));
      if (!found.success) return NOTHING;
      const { country, country_code, registered_country, represented_country } = found.data;
      return {
        country: placeOrNull((typeof country === 'object' ? country.iso_code : country) ?? country_code),
        registered: placeOrNull(registered_country?.iso_code),
        represented: placeOrNull(represented_country?.iso_code),
      };
    };
    const right = KNOWN.filter(([address, country]) => look(address).country === country).length;
    if (right < KNOWN_AT_LEAST) throw new RangeError(`it knows ${right} of ${KNOWN.length} well-known addresses`);
    return { builtAt: buildEpoch.getTime(), look };
  } catch (error) {
    throw invalid(error);
  }
}

function invalid(error: unknown): CordonError {
  const why = error instanceof Error ? error.message : String(error);
  return new CordonError(
    'ip_database_invalid',
    `This is no country database in MMDB format (${why}). Nothing was changed; import the whole, unpacked .mmdb file.`,
    {},
    error,
  );
}

export interface IpDatabases {
  list(): Promise<IpDatabase[]>;
  /** Which was in use from when on, the newest first. */
  uses(): Promise<IpDatabaseUse[]>;
  /**
   * Keeps a file for later activation, and reads it from end to end first. The same file again is the same database. Throws `too_large` and
   * `ip_database_invalid`; nothing has changed then.
   */
  import(name: string, bytes: AsyncIterable<Uint8Array>, by: string | null): Promise<IpDatabase>;
  /** Uses it from now on, and says so in the ledger. */
  activate(hash: string, by: string | null): Promise<IpDatabase>;
  /** Uses again what was in use before the present one was taken first. Throws `conflict` when there was none. */
  rollback(by: string | null): Promise<IpDatabase>;
  /** Another one than that in use, to be compared with it. Throws `not_found` and `ip_database_invalid`. */
  open(hash: string): Promise<OpenedIpDatabase>;
  /** Takes up what the store says is in use: another node may have taken it. Throws `ip_database_invalid` when its file is not here, and changes nothing then. */
  follow(): Promise<void>;
  /** `use`: as `IpDatabaseUse.id` counts. */
  current(): Pick<IpDatabase, 'hash' | 'name' | 'builtAt'> & { readonly use: number };
  /** Nothing for special-purpose addresses and for what is no address. */
  look(address: string): AddressRecord;
}

interface Ports {
  /** `ip/` in the data folder. */
  readonly folder: string;
  readonly store: IpDatabaseStore;
  readonly clock: Clock;
  readonly log: { warn(fields: object, message: string): void };
}

interface InUse {
  readonly database: IpDatabase;
  readonly opened: OpenedIpDatabase;
  readonly use: number;
}

const ipDatabaseFile = (folder: string, hash: string): string => join(folder, `${hash}.mmdb`);

/** The file of a database for a backup; null for the database that comes with the program. */
export function importedFile(
  folder: string,
  { hash, name }: Pick<IpDatabase, 'hash' | 'name'>,
): { readonly hash: string; readonly name: string; readonly file: string } | null {
  return name === BUNDLED_NAME ? null : { hash, name, file: ipDatabaseFile(folder, hash) };
}

export async function openIpDatabases({ folder, store, clock, log }: Ports): Promise<IpDatabases> {
  const fileOf = (hash: string) => ipDatabaseFile(folder, hash);
  await mkdir(folder, { recursive: true, mode: 0o700 });

  /** One after the other: each may hold a quarter of a gigabyte. */
  let last: Promise<unknown> = Promise.resolve();
  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const mine = last.then(task);
    last = mine.catch(() => undefined);
    return mine;
  }

  /** `trusted`: it came with this package, whose hash was checked when it was installed. */
  async function keep(
    name: string,
    bytes: AsyncIterable<Uint8Array>,
    by: string | null,
    trusted = false,
  ): Promise<string> {
    const half = join(folder, `${randomUUID()}.part`);
    try {
      const { hash, size } = await write(half, bytes);
      const whole = await readFile(half);
      if (!trusted) {
        await checkMmdb(whole).catch((error: unknown) => {
          throw invalid(error);
        });
      }
      const { builtAt } = openMmdb(whole);
      await rename(half, fileOf(hash));
      await store.addIpDatabase({ hash, name, importedAt: clock.now(), importedBy: by, builtAt, size });
      return hash;
    } finally {
      await rm(half, { force: true });
    }
  }

  async function load(hash: string): Promise<OpenedIpDatabase> {
    const bytes = await readFile(fileOf(hash)).catch((error: unknown) => {
      throw new CordonError(
        'ip_database_invalid',
        `The file of IP database ${hash} is gone; import it again.`,
        { hash },
        error,
      );
    });
    if ((await hashOf(bytes)) !== hash) {
      throw new CordonError('ip_database_invalid', `The file of IP database ${hash} is damaged; import it again.`, {
        hash,
      });
    }
    return openMmdb(bytes);
  }

  async function find(hash: string): Promise<IpDatabase> {
    const found = (await store.ipDatabases()).find((database) => database.hash === hash);
    if (!found) throw new CordonError('not_found', `There is no IP database ${hash}; import it first.`, { hash });
    return found;
  }

  async function record(hash: string, by: string | null): Promise<{ database: IpDatabase; use: number }> {
    const { name, builtAt } = await find(hash);
    const leaf = {
      kind: 'ip-database.activated',
      at: clock.now(),
      subject: null,
      public: { hash, name, builtAt },
    } as const;
    const use = await store.activateIpDatabase(hash, by, leaf);
    if (!use) throw new CordonError('not_found', `There is no IP database ${hash}; import it first.`, { hash });
    return { database: await find(hash), use: use.id };
  }

  async function activate(hash: string, by: string | null): Promise<IpDatabase> {
    const opened = await load((await find(hash)).hash);
    current = { ...(await record(hash, by)), opened };
    return current.database;
  }

  async function first(): Promise<InUse> {
    const active = (await store.ipDatabases()).find((database) => database.active);
    const [newest] = await store.ipDatabaseUses();
    if (active && newest) {
      try {
        return { database: active, opened: await load(active.hash), use: newest.id };
      } catch (error) {
        log.warn({ err: error }, 'the active IP database cannot be read; the bundled one is used instead');
      }
    }
    const bundled = createReadStream(createRequire(import.meta.url).resolve(BUNDLED));
    const hash = await keep(BUNDLED_NAME, bundled, null, true);
    return { ...(await record(hash, null)), opened: await load(hash) };
  }

  async function follow(): Promise<void> {
    const [newest] = await store.ipDatabaseUses();
    if (!newest || newest.id === current.use) return;
    const { database, opened } = current;
    const same = newest.hash === database.hash;
    const taken = same ? { database, opened } : { database: await find(newest.hash), opened: await load(newest.hash) };
    current = { ...taken, use: newest.id };
  }

  // What an import left behind that the server did not outlive.
  for (const name of await readdir(folder)) if (name.endsWith('.part')) await rm(join(folder, name));
  let current = await first();

  return {
    list: () => store.ipDatabases(),
    uses: () => store.ipDatabaseUses(),
    import: (name, bytes, by) => inTurn(async () => find(await keep(name, bytes, by))),
    activate: (hash, by) => inTurn(() => activate(hash, by)),
    rollback: (by) =>
      inTurn(async () => {
        const uses = (await store.ipDatabaseUses()).map(({ hash }) => hash);
        const before = uses[uses.lastIndexOf(current.database.hash) + 1];
        if (before !== undefined) return activate(before, by);
        throw new CordonError('conflict', 'No other IP database was in use before this one: activate one by its hash.');
      }),
    open: (hash) => inTurn(async () => load((await find(hash)).hash)),
    follow: () => inTurn(follow),
    current: () => ({ ...current.database, use: current.use }),
    look: (text) => lookUp(current.opened, text),
  };
}

/** Nothing for special-purpose addresses and for what is no address. */
export function lookUp(database: Pick<OpenedIpDatabase, 'look'>, text: string): AddressRecord {
  const address = canonicalAddress(text);
  return address === null || isSpecialAddress(address) ? NOTHING : database.look(address);
}

async function write(file: string, bytes: AsyncIterable<Uint8Array>): Promise<{ hash: string; size: number }> {
  const hash = createHash('sha256');
  const handle = await open(file, 'wx', 0o600);
  let size = 0;
  try {
    for await (const chunk of bytes) {
      size += chunk.length;
      if (size > LARGEST_IP_DATABASE) {
        throw new CordonError(
          'too_large',
          `An IP database has ${LARGEST_IP_DATABASE} bytes at most; nothing was changed.`,
        );
      }
      hash.update(chunk);
      await handle.writeFile(chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { hash: hash.digest('hex'), size };
}

/** In slices: a large file would hold up the loop for a second. */
async function hashOf(bytes: Buffer): Promise<string> {
  const hash = createHash('sha256');
  for (let from = 0; from < bytes.length; from += HASHED_AT_ONCE) {
    hash.update(bytes.subarray(from, from + HASHED_AT_ONCE));
    await turn();
  }
  return hash.digest('hex');
}
