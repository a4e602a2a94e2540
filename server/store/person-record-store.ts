/**
 * Records of one person for the disclosure desk. Each method takes one person: no method of the store reads these records of several people
 * (ADR 54).
 */
import { sql } from 'kysely';
import type { ProductionLine } from '../../shared/api/disclosures.ts';
import type { RecordType } from '../../shared/disclosure/record-types.ts';
import type { PersonId } from '../../shared/protocol/ids.ts';
import { personIdSchema } from '../../shared/protocol/ids.ts';
import type { DisclosureRange, PersonRecords } from '../disclosures/ports.ts';
import type { PersonKeys } from '../person-keys/person-keys.ts';
import { connectionPlace, dayEnd, type LoggedConnection, loggedConnectionSchema } from './connection-log.ts';
import type { Database, Tx } from './database.ts';
import { enrollmentDetailsSchema, enrollmentRow } from './enrollment-records.ts';

type Fields = ProductionLine['fields'];
interface Timed {
  readonly at: number;
  readonly fields: Fields;
}
interface PersonEnrollment {
  readonly device: string;
  readonly generation: number;
}

const iso = (at: number): string => new Date(at).toISOString();

export class PersonRecordStore implements PersonRecords {
  readonly #database: Database;
  readonly #keys: Pick<PersonKeys, 'open'>;

  constructor(database: Database, keys: Pick<PersonKeys, 'open'>) {
    this.#database = database;
    this.#keys = keys;
  }

  lines(person: PersonId, records: readonly RecordType[], range: DisclosureRange): Promise<ProductionLine[]> {
    // All reads share a transaction, so that all lines describe the store at the same time.
    return this.#database.transaction(async (tx) => {
      const lines: ProductionLine[] = [];
      for (const record of records) {
        const found = (await this.#read(tx, person, record, range)).sort((a, b) => a.at - b.at);
        lines.push(...found.map(({ at, fields }) => ({ record, at: iso(at), fields })));
      }
      return lines;
    });
  }

  #read(tx: Tx, person: PersonId, record: RecordType, range: DisclosureRange): Promise<Timed[]> {
    if (record === 'connection-log') return this.#connections(tx, person, range);
    if (record === 'enrollment-record') return this.#enrollments(tx, person, range);
    return receiptsOf(tx, person, range);
  }

  async #connections(tx: Tx, person: PersonId, { from, to }: DisclosureRange): Promise<Timed[]> {
    const rows = await tx
      .selectFrom('connection_log')
      .select(['day_end', 'id', 'sealed'])
      .where('person_id', '=', person)
      // The query has no upper bound for the day of the end, because a connection that began in the window can end on any later day.
      .where('day_end', '>=', dayEnd(from))
      .execute();
    let unreadable = 0;
    const ended: LoggedConnection[] = [];
    for (const { day_end, id, sealed } of rows) {
      const plain = this.#keys.open('connections', connectionPlace(person, Number(day_end), id), sealed);
      if (plain) ended.push(loggedConnectionSchema.parse(JSON.parse(plain.toString())));
      else unreadable += 1;
    }
    const open = await sql<Omit<LoggedConnection, 'to'>>`
      select p.device_id as device, p.generation, p.changed_at as "from", p.address
      from devices d inner join device_presence p on p.device_id = d.id
      where d.person_id = ${person} and p.generation = d.generation and p.connected = 1`.execute(tx);
    const lines = [...ended, ...open.rows.map((row) => ({ ...row, to: null }))]
      .filter((connection) => connection.from >= from && connection.from < to)
      .map(({ device, generation, from: begin, to: end, address }) => ({
        at: begin,
        fields: {
          device,
          generation,
          connectedAt: iso(begin),
          disconnectedAt: end === null ? null : iso(end),
          address,
        },
      }));
    return unreadable === 0 ? lines : [...lines, { at: from, fields: { unreadable } }];
  }

  async #enrollments(tx: Tx, person: PersonId, { from, to }: DisclosureRange): Promise<Timed[]> {
    const lines: Timed[] = [];
    for (const { device, generation } of await enrollmentsOf(tx, person)) {
      const row = await tx
        .selectFrom('enrollment_records')
        .select(['enrolled_at', 'sealed'])
        .where('person_id', '=', person)
        .where('device_id', '=', device)
        .where('generation', '=', generation)
        .executeTakeFirst();
      const place = { person, at: Number(row?.enrolled_at ?? 0), row: enrollmentRow(device, generation) };
      const plain = row ? this.#keys.open('enrollments', place, row.sealed) : null;
      const code = plain === null ? null : enrollmentDetailsSchema.parse(JSON.parse(plain.toString()));
      const certificates = await tx
        .selectFrom('certificates')
        .select(['serial', 'issued_at'])
        .where('device_id', '=', device)
        .where('generation', '=', generation)
        .where('issued_at', '>=', from)
        .where('issued_at', '<', to)
        .execute();
      for (const { serial, issued_at } of certificates) {
        const codeCreatedAt = code === null ? null : iso(code.codeCreatedAt);
        const fields = { device, generation, serial, codeCreatedBy: code?.codeCreatedBy ?? null, codeCreatedAt };
        lines.push({ at: issued_at, fields });
      }
    }
    return lines;
  }
}

/** Enrollments of all devices that the person has or had. */
async function enrollmentsOf(tx: Tx, person: PersonId): Promise<PersonEnrollment[]> {
  const { rows } = await sql<PersonEnrollment>`
    select device_id as device, generation from enrollment_records where person_id = ${personIdSchema.parse(person)}
    union
    select id as device, generation from devices where person_id = ${person}`.execute(tx);
  return rows;
}

async function receiptsOf(tx: Tx, person: PersonId, { from, to }: DisclosureRange): Promise<Timed[]> {
  const lines: Timed[] = [];
  for (const { device, generation } of await enrollmentsOf(tx, person)) {
    const rows = await tx
      .selectFrom('receipts')
      .select(['order_number', 'revision', 'kind', 'at', 'stored_at'])
      .where('device_id', '=', device)
      .where('generation', '=', generation)
      .where('stored_at', '>=', from)
      .where('stored_at', '<', to)
      .where('order_number', 'is not', null)
      .execute();
    for (const { order_number: order, revision, kind, at: issued, stored_at } of rows) {
      const fields = { device, order, revision, kind, issuedAt: iso(issued), receivedAt: iso(stored_at) };
      lines.push({ at: stored_at, fields });
    }
  }
  return lines;
}
