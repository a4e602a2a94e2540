/**
 * IP database: the country of a source address, from a file in MMDB format. Cordon includes a database, and an admin can import another
 * file (MaxMind, DB-IP, IPinfo) while the server runs. Only the field `country` of a record is evidence of a location; `registered_country`
 * and `represented_country` are not.
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
import { previousKey } from '../../shared/api/versioned-artifact.ts';
import { type HomeArea, homeAreaOrNull } from '../../shared/areas/area-code.ts';
import { canonicalAddress, isSpecialAddress } from '../../shared/areas/special-addresses.ts';
import { CordonError } from '../../shared/errors.ts';
import { createSerialQueue } from '../../shared/loops/serial-queue.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { checkMmdb } from './mmdb-check.ts';
import type { IpDatabase, IpDatabaseStore, IpDatabaseUse } from './ports.ts';
import type { VersionedArtifact } from './versioned-artifact.ts';

/** Number of bytes to hash before the event loop runs other tasks: about 5 ms of work. */
const HASHED_AT_ONCE = 4 * 1024 * 1024;
const BUNDLED_NAME = 'bundled';
const BUNDLED = '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb';

export interface AddressRecord {
  readonly country: HomeArea | null;
  readonly registered: HomeArea | null;
  readonly represented: HomeArea | null;
}
const NOTHING: AddressRecord = { country: null, registered: null, represented: null };

const nested = z.looseObject({ iso_code: z.string().optional() }).optional().catch(undefined);
/**
 * Formats of a record. In MaxMind and DB-IP files, the country code is in a nested object; in ip-location-db and IPinfo files, it is a
 * plain field.
 */
const recordSchema = z.looseObject({
  country: z
    .union([z.looseObject({ iso_code: z.string().optional() }), z.string()])
    .optional()
    .catch(undefined),
  country_code: z.string().optional().catch(undefined),
  registered_country: nested,
  represented_country: nested,
});

/**
 * Addresses of institutions that have not moved for decades, with their countries. A database that locates most of these addresses wrongly
 * is not usable.
 */
const WELL_KNOWN: readonly (readonly [string, string])[] = [
  ['193.0.6.139', 'NL'], // RIPE NCC
  ['200.160.2.3', 'BR'], // registro.br
  ['202.12.29.211', 'AU'], // APNIC
  ['129.132.1.1', 'CH'], // ETH Zürich
  ['130.239.1.1', 'SE'], // Umeå universitet
  ['131.111.8.42', 'GB'], // University of Cambridge
  ['133.11.0.1', 'JP'], // University of Tokyo
  ['140.112.1.1', 'TW'], // National Taiwan University
  ['141.20.1.1', 'DE'], // Humboldt-Universität
  ['18.7.22.69', 'US'], // Massachusetts Institute of Technology; Amazon now has a part of the network.
  ['39.32.0.1', 'PK'], // PTCL
  ['212.26.18.1', 'SA'], // KACST
];
const RIGHT_AT_LEAST = Math.ceil(WELL_KNOWN.length / 2);

export interface OpenedIpDatabase {
  readonly builtAt: number;
  lookUp(address: string): AddressRecord;
}

/**
 * Checks a database. Throws `ip_database_invalid` unless the file is in MMDB format and locates most of the well-known addresses correctly.
 */
export function openMmdb(bytes: Buffer): OpenedIpDatabase {
  try {
    const reader = new Reader<CountryResponse>(bytes);
    const { searchTreeSize, ipVersion, buildEpoch } = reader.metadata;
    if (searchTreeSize + 16 > bytes.length) throw new RangeError('the file ends within its search tree');
    const builtAt = buildEpoch.getTime();
    if (!Number.isSafeInteger(builtAt)) throw new RangeError('its metadata has no valid build time');
    const recordOf = (address: string): AddressRecord => {
      // A lookup of an IPv6 address in a database for IPv4 returns wrong results, so the server skips it.
      if (ipVersion === 4 && isIPv6(address)) return NOTHING;
      const found = recordSchema.safeParse(reader.get(address));
      if (!found.success) return NOTHING;
      const { country, country_code, registered_country, represented_country } = found.data;
      return {
        country: homeAreaOrNull((typeof country === 'object' ? country.iso_code : country) ?? country_code),
        registered: homeAreaOrNull(registered_country?.iso_code),
        represented: homeAreaOrNull(represented_country?.iso_code),
      };
    };
    const right = WELL_KNOWN.filter(([address, country]) => recordOf(address).country === country).length;
    if (right < RIGHT_AT_LEAST)
      throw new RangeError(`it locates only ${right} of ${WELL_KNOWN.length} well-known addresses correctly`);
    return { builtAt, lookUp: recordOf };
  } catch (error) {
    throw invalid(error);
  }
}

function invalid(error: unknown): CordonError {
  const why = error instanceof Error ? error.message : String(error);
  return new CordonError(
    'ip_database_invalid',
    `The file is not a country database in MMDB format: ${why}. Nothing was changed. Import a complete, unpacked .mmdb file.`,
    {},
    error,
  );
}

export interface AddressLookup {
  current(): Pick<IpDatabase, 'hash' | 'name' | 'builtAt'> & { readonly use: number };
  /** Areas of an address; none if the address is invalid or for special purposes, such as a private network. */
  lookUp(address: string): AddressRecord;
}

export interface IpDatabases extends AddressLookup, VersionedArtifact<string, IpDatabase, IpDatabaseUse> {
  /**
   * Imports a complete file for a later activation. A repeated import of the same bytes changes nothing. Throws `too_large` or
   * `ip_database_invalid`.
   */
  import(name: string, bytes: AsyncIterable<Uint8Array>, by: string | null): Promise<IpDatabase>;
  /** Loads a database for a comparison. Throws `not_found` for an unknown hash, and `ip_database_invalid` for a damaged file. */
  open(hash: string): Promise<OpenedIpDatabase>;
  /**
   * Loads the database that another server process has activated. Throws `ip_database_invalid` if this machine lacks the file; the previous
   * database then stays in use.
   */
  follow(): Promise<void>;
}

interface Ports {
  readonly folder: string;
  readonly store: IpDatabaseStore;
  readonly clock: Clock;
  readonly onActivation?: () => void;
  readonly log: { warn(fields: object, message: string): void };
}

interface ActiveDatabase {
  readonly database: IpDatabase;
  readonly opened: OpenedIpDatabase;
  readonly use: number;
}

const ipDatabaseFile = (folder: string, hash: string): string => join(folder, `${hash}.mmdb`);

export function importedFile(
  folder: string,
  { hash, name }: Pick<IpDatabase, 'hash' | 'name'>,
): { readonly hash: string; readonly name: string; readonly file: string } | null {
  return name === BUNDLED_NAME ? null : { hash, name, file: ipDatabaseFile(folder, hash) };
}

export async function openIpDatabases({
  folder,
  store,
  clock,
  log,
  onActivation = () => undefined,
}: Ports): Promise<IpDatabases> {
  const files = createDatabaseFiles(folder);
  await files.prepare();

  /** Run imports and activations one at a time, because each may need 250 MB of memory. */
  const queue = createSerialQueue();

  async function importFile(
    name: string,
    bytes: AsyncIterable<Uint8Array>,
    by: string | null,
    trusted = false,
  ): Promise<IpDatabase> {
    const { hash, size, builtAt } = await files.save(bytes, trusted);
    await store.addIpDatabase({ hash, name, importedAt: clock.now(), importedBy: by, builtAt, size });
    return find(hash);
  }

  async function find(hash: string): Promise<IpDatabase> {
    const found = (await store.ipDatabases()).find((database) => database.hash === hash);
    if (!found) throw missing(hash);
    return found;
  }

  async function activate(hash: string, by: string | null): Promise<IpDatabase> {
    const { name, builtAt } = await find(hash);
    const opened = await files.load(hash);
    const entry = { at: clock.now(), subject: null, public: { hash, name, builtAt } };
    const use = await store.activateIpDatabase(hash, by, { kind: 'ip-database.activated', ...entry });
    if (!use) throw missing(hash);
    current = { database: await find(hash), opened, use: use.id };
    return current.database;
  }

  const activateAndNotify = async (hash: string, by: string | null): Promise<IpDatabase> => {
    const active = await activate(hash, by);
    onActivation();
    return active;
  };

  /** Opens the active database, or the database that Cordon includes if the active file is missing or damaged. */
  async function openActive(): Promise<void> {
    const active = (await store.ipDatabases()).find((database) => database.active);
    const [newest] = await store.ipDatabaseUses();
    if (active && newest) {
      try {
        current = { database: active, opened: await files.load(active.hash), use: newest.id };
        return;
      } catch (error) {
        log.warn({ err: error }, 'the active IP database cannot be read; the bundled one is used instead');
      }
    }
    const bundled = createReadStream(createRequire(import.meta.url).resolve(BUNDLED));
    await activate((await importFile(BUNDLED_NAME, bundled, null, true)).hash, null);
  }

  async function follow(): Promise<void> {
    const [newest] = await store.ipDatabaseUses();
    if (!newest || newest.id === current.use) return;
    const { hash, id: use } = newest;
    const same = hash === current.database.hash;
    current = same ? { ...current, use } : { database: await find(hash), opened: await files.load(hash), use };
  }

  let current: ActiveDatabase;
  await openActive();

  return {
    list: () => store.ipDatabases(),
    uses: () => store.ipDatabaseUses(),
    import: (name, bytes, by) => queue(() => importFile(name, bytes, by)),
    activate: (hash, by) => queue(() => activateAndNotify(hash, by)),
    rollBack: (by) =>
      queue(async () => {
        const previous = previousKey((await store.ipDatabaseUses()).map(({ hash }) => hash));
        if (previous !== undefined) return activateAndNotify(previous, by);
        throw new CordonError(
          'conflict',
          'No other IP database was active before the current one. Activate a database by its hash instead.',
        );
      }),
    open: (hash) => queue(async () => files.load((await find(hash)).hash)),
    follow: () => queue(follow),
    current: () => ({ ...current.database, use: current.use }),
    lookUp: (text) => lookUpAddress(current.opened, text),
  };
}

const missing = (hash: string) =>
  new CordonError('not_found', `The IP database ${hash} does not exist. Import it first.`, { hash });

function createDatabaseFiles(folder: string) {
  return {
    async prepare(): Promise<void> {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      for (const name of await readdir(folder)) if (name.endsWith('.part')) await rm(join(folder, name));
    },

    async save(bytes: AsyncIterable<Uint8Array>, trusted: boolean) {
      const part = join(folder, `${randomUUID()}.part`);
      try {
        const { hash, size } = await write(part, bytes);
        const whole = await readFile(part);
        if (!trusted) {
          await checkMmdb(whole).catch((error: unknown) => {
            throw invalid(error);
          });
        }
        const { builtAt } = openMmdb(whole);
        await rename(part, ipDatabaseFile(folder, hash));
        return { hash, size, builtAt };
      } finally {
        await rm(part, { force: true });
      }
    },

    async load(hash: string): Promise<OpenedIpDatabase> {
      const unusable = (why: string, cause?: unknown) =>
        new CordonError(
          'ip_database_invalid',
          `The file of IP database ${hash} is ${why}. Import it again.`,
          { hash },
          cause,
        );
      const bytes = await readFile(ipDatabaseFile(folder, hash)).catch((error: unknown) => {
        throw unusable('missing', error);
      });
      if ((await hashOf(bytes)) !== hash) throw unusable('damaged');
      return openMmdb(bytes);
    },
  };
}

export function lookUpAddress(database: Pick<OpenedIpDatabase, 'lookUp'>, text: string): AddressRecord {
  const address = canonicalAddress(text);
  return address === null || isSpecialAddress(address) ? NOTHING : database.lookUp(address);
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
          `The file is larger than ${LARGEST_IP_DATABASE} bytes, the limit for IP databases. Nothing was changed.`,
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

/** Hashes a file in slices, because hashing a large file at once would block the event loop for a second. */
async function hashOf(bytes: Buffer): Promise<string> {
  const hash = createHash('sha256');
  for (let from = 0; from < bytes.length; from += HASHED_AT_ONCE) {
    hash.update(bytes.subarray(from, from + HASHED_AT_ONCE));
    await turn();
  }
  return hash.digest('hex');
}
