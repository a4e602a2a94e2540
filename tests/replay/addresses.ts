/**
 * Addresses for a timeline's countries, searched in the IP database itself, so that a fleet "in PK" has addresses that the current database
 * locates in PK. Special-purpose addresses are skipped: they are no evidence.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type CountryResponse, Reader } from 'mmdb-lib';
import { isSpecialAddress } from '../../shared/areas/special-addresses.ts';
import { TimelineError } from './timeline.ts';

/** Addresses of devices without address evidence: shared address space (RFC 6598), one each. */
export function nowhere(index: number): string {
  return dotted(0x64_40_00_01 + index);
}

const dotted = (address: number) => [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');

interface Block {
  readonly first: number;
  readonly size: number;
}

export interface Addresses {
  /** `count` addresses in the country, different ones as far as its largest block allows. Throws `TimelineError` without one. */
  in(country: string, count: number): string[];
}

/** `file`: the database that the server will use. */
export function openAddresses(file = seedDatabase()): Addresses {
  // The combined database uses `{ country_code }`, MaxMind's own `{ country: { iso_code } }`.
  const reader = new Reader<CountryResponse & { readonly country_code?: string }>(readFileSync(file));
  const largest = new Map<string, Block>();
  let at = 0x01_00_00_00;

  /** Continues through the IPv4 networks of the database until one of `country` has `count` addresses. */
  function search(country: string, count: number): Block | undefined {
    while ((largest.get(country)?.size ?? 0) < count + 2 && at < 0xe0_00_00_00) {
      const address = dotted(at);
      const [found, bits] = reader.getWithPrefixLength(address);
      const size = 2 ** (32 - Math.min(32, bits));
      const first = Math.floor(at / size) * size;
      const code = found?.country_code ?? found?.country?.iso_code;
      const special = isSpecialAddress(dotted(first)) || isSpecialAddress(dotted(first + size - 1));
      if (code && !special && size > (largest.get(code)?.size ?? 0)) largest.set(code, { first, size });
      at = first + size;
    }
    return largest.get(country);
  }

  return {
    in(country, count) {
      const block = search(country, count);
      if (!block) throw new TimelineError(`the IP database puts no address in ${country}: give the address itself`);
      return Array.from({ length: count }, (_, index) => dotted(block.first + ((index + 1) % block.size)));
    },
  };
}

function seedDatabase(): string {
  const pack = import.meta.resolve('@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb');
  return fileURLToPath(pack);
}
