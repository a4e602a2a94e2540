import type { AddressLookup } from '../../server/jurisdiction/ip-database.ts';

/** IP database that locates no address. */
export const NO_ADDRESSES: AddressLookup = {
  current: () => ({ hash: '', name: '', builtAt: 0, use: 0 }),
  lookUp: () => ({ country: null, registered: null, represented: null }),
};
