/** Record of each enrollment for the disclosure desk: who created the activation code, and when, encrypted with a key of the user (ADR 55). */
import { sql } from 'kysely';
import { z } from 'zod';
import { personIdSchema } from '../../shared/protocol/ids.ts';
import type { PersonSealer } from '../person-keys/person-keys.ts';
import { insertOf, tableOf } from './bulk.ts';
import type { Tx } from './database.ts';

export const enrollmentDetailsSchema = z.strictObject({ codeCreatedBy: z.string(), codeCreatedAt: z.int() });

export interface NewEnrollment {
  readonly id: string;
  readonly generation: number;
  readonly enrolledAt: number;
}

export const enrollmentRow = (device: string, generation: number): string => `${device} ${generation}`;

/** Records the enrollments that redeemed activation codes, in the transaction of the redemption. */
export async function recordEnrollments(
  tx: Tx,
  sealer: PersonSealer,
  enrollments: readonly NewEnrollment[],
): Promise<void> {
  const table = tableOf(
    ['text'],
    enrollments.map(({ id }) => [id]),
  );
  const { rows: codes } = await sql<{ id: string; person_id: string; created_by: string; created_at: number }>`
    select c.id, c.person_id, c.created_by, c.created_at
    from ${table} as v cross join activation_codes c where c.id = v.column1`.execute(tx);
  const codeOf = new Map(codes.map((code) => [code.id, code]));
  const rows = enrollments.flatMap(({ id, generation, enrolledAt }) => {
    const code = codeOf.get(id);
    if (!code) return [];
    const details = { codeCreatedBy: code.created_by, codeCreatedAt: code.created_at };
    const person = personIdSchema.parse(code.person_id);
    return [{ person, id, generation, at: enrolledAt, plain: Buffer.from(JSON.stringify(details)) }];
  });
  if (rows.length === 0) return;
  const sealed = sealer.seal(
    'enrollments',
    rows.map(({ person, id, generation, at, plain }) => ({ person, at, row: enrollmentRow(id, generation), plain })),
  );
  await insertOf(
    'enrollment_records',
    { person_id: 'text', device_id: 'text', generation: 'bigint', enrolled_at: 'bigint', sealed: 'text' },
    rows.map(({ person, id, generation, at }, index) => [person, id, generation, at, sealed[index] ?? null]),
  ).execute(tx);
}
