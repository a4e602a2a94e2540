import { encodeCanonical } from '../../../shared/order/canonical.ts';

export type PackFile = readonly [name: string, bytes: Uint8Array];

export const json = (value: unknown): Uint8Array => encodeCanonical(value);
