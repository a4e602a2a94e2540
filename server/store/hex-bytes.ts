import { type RawBuilder, sql } from 'kysely';
import type { DialectName } from './dialect.ts';

/** Bytes from a text in hexadecimal. The JSON parameter of `tableOf` cannot contain bytes. */
export const bytesOf = (dialect: DialectName, hex: RawBuilder<unknown>): RawBuilder<Buffer> =>
  dialect === 'sqlite' ? sql`unhex(${hex})` : sql`decode(${hex}, 'hex')`;
