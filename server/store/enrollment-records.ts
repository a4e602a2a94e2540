/** Record of each enrollment for the disclosure desk: who created the activation code, and when, encrypted with a key of the user (ADR 55). */
import { z } from 'zod';
import { personIdSchema } from '../../shared/protocol/ids.ts';
import type { PersonSealer } from '../person-keys/person-keys.ts';
import { insertOf } from './bulk.ts';
import type { Tx } from './database.ts';
import type { Schema } from './schema.ts';

export const enrollmentDetailsSchema = z.strictObject({ codeCreatedBy: z.string(), codeCreatedAt: z.int() });

export interface NewEnrollment {
  readonly id: string;
  readonly generation: number;
  readonly enrolledAt: number;
}

/** Activation code that an enrollment has redeemed. */
export type UsedCode = Pick<Schema['activation_codes'], 'id' | 'person_id' | 'created_by' | 'created_at'>;

export const enrollmentRow = (device: string, generation: number): string => `${device} ${generation}`;

/** Records the enrollments that redeemed activation codes, in the transaction of the redemption. */
export async function recordEnrollments(
  tx: Tx,
  sealer: PersonSealer,
  enrollments: readonly NewEnrollment[],
  codes: readonly UsedCode[],
): Promise<void> {
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
