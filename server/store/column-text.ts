/** Comparison of text columns without regard to the case of ASCII letters, with the same result in both databases. */
import { type RawBuilder, sql } from 'kysely';
import type { DialectName } from './dialect.ts';

/**
 * Converts ASCII letters to lower case in both databases: SQLite converts only ASCII letters, and PostgreSQL does the same with the
 * collation `C`.
 */
export const lowered = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** Position of `text` in a column, from 1; 0 if the column does not contain it. The text has no wildcards. */
export const positionIn = (dialect: DialectName, column: string, text: string): RawBuilder<number> =>
  dialect === 'sqlite'
    ? sql`instr(lower(${sql.ref(column)}), ${text})`
    : sql`strpos(lower(${sql.ref(column)}), ${text})`;
