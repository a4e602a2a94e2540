/**
 * Source address → where it is, from an MMDB file. The bundled file is a seed whose age is shown; an admin imports another (MaxMind, DB-IP,
 * IPinfo or the like) while the server runs. Files lie under `ip/` by their SHA-256; which one is active is in the store and the ledger.
 *
 * `country` is where the address is. `registered_country` and `represented_country` are kept apart: they are no evidence of presence.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { type CountryResponse, Reader } from 'mmdb-lib';
import { z } from 'zod';
import { type AreaCode, placeOrNull } from '../../shared/areas/area-code.ts';
import { canonicalAddress, isSpecialAddress } from '../../shared/areas/special-addresses.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { IpDatabase, IpDatabaseStore } from './ports.ts';

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

interface Opened {
  readonly builtAt: number;
  look(address: string): AddressRecord;
}

/** Throws `ip_database_invalid` unless it is an MMDB file that knows where most well-known addresses are. */
export function openMmdb(bytes: Buffer): Opened {
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
    const why = error instanceof Error ? error.message : String(error);
    throw new CordonError(
      'ip_database_invalid',
      `This is no country database in MMDB format (${why}). Nothing was changed; import the whole, unpacked .mmdb file.`,
      {},
      error,
    );
  }
}

export interface IpDatabases {
  list(): Promise<IpDatabase[]>;
  /** Keeps a file for later activation. The same file again is the same database. */
  import(name: string, bytes: Buffer): Promise<IpDatabase>;
  /** Uses it from now on, and says so in the ledger. */
  activate(hash: string): Promise<IpDatabase>;
  current(): { readonly hash: string; readonly name: string; readonly builtAt: number };
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

export async function openIpDatabases({ folder, store, clock, log }: Ports): Promise<IpDatabases> {
  const fileOf = (hash: string) => join(folder, `${hash}.mmdb`);
  await mkdir(folder, { recursive: true, mode: 0o700 });

  async function keep(name: string, bytes: Buffer): Promise<string> {
    const { builtAt } = openMmdb(bytes);
    const hash = hashOf(bytes);
    const file = fileOf(hash);
    const half = `${file}.${process.pid}.part`;
    const handle = await open(half, 'w', 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(half, file);
    await store.addIpDatabase({ hash, name, importedAt: clock.now(), builtAt });
    return hash;
  }

  async function load(hash: string): Promise<Opened> {
    const bytes = await readFile(fileOf(hash)).catch((error: unknown) => {
      throw new CordonError(
        'ip_database_invalid',
        `The file of IP database ${hash} is gone; import it again.`,
        { hash },
        error,
      );
    });
    if (hashOf(bytes) !== hash) {
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

  async function record(hash: string): Promise<IpDatabase> {
    const { name, builtAt } = await find(hash);
    const leaf = {
      kind: 'ip-database.activated',
      at: clock.now(),
      subject: null,
      public: { hash, name, builtAt },
    } as const;
    await store.activateIpDatabase(hash, leaf);
    return find(hash);
  }

  async function first(): Promise<{ database: IpDatabase; opened: Opened }> {
    const active = (await store.ipDatabases()).find((database) => database.active);
    if (active) {
      try {
        return { database: active, opened: await load(active.hash) };
      } catch (error) {
        log.warn({ err: error }, 'the active IP database cannot be read; the bundled one is used instead');
      }
    }
    const bundled = await readFile(createRequire(import.meta.url).resolve(BUNDLED));
    const hash = await keep('bundled', bundled);
    return { database: await record(hash), opened: await load(hash) };
  }

  let current = await first();

  return {
    list: () => store.ipDatabases(),
    import: async (name, bytes) => find(await keep(name, bytes)),
    async activate(hash) {
      const opened = await load((await find(hash)).hash);
      const database = await record(hash);
      current = { database, opened };
      return database;
    },
    current: () => current.database,
    look(text) {
      const address = canonicalAddress(text);
      return address === null || isSpecialAddress(address) ? NOTHING : current.opened.look(address);
    },
  };
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
