/** Mail keys, mail connectors, and the people that an e-mail address names. */
import { sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import { type DeviceId, deviceIdSchema, personIdSchema } from '../../shared/protocol/ids.ts';
import type { MailKeyStatement } from '../../shared/protocol/mail-http.ts';
import type {
  Addressee,
  ConnectorState,
  MailConnectors,
  MailDirectory,
  MailKeyStore,
  MailKeys,
} from '../mail/ports.ts';
import type { Enrollment } from '../relay/ports.ts';
import { tableOf } from './bulk.ts';
import type { Database } from './database.ts';

export class MailDirectoryStore implements MailDirectory, MailKeyStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  putKey({ device, generation }: Enrollment, number: number, statement: MailKeyStatement): Promise<void> {
    return this.#database.transaction(async (tx) => {
      const current = await tx
        .selectFrom('devices')
        .select('id')
        .where('id', '=', device)
        .where('generation', '=', generation)
        .where('status', '=', 'active')
        .executeTakeFirst();
      if (!current) throw new CordonError('device_unknown', 'This enrollment of the device has ended.');
      const known = await tx.selectFrom('mail_keys').selectAll().where('device_id', '=', device).executeTakeFirst();
      if (known?.generation === generation && known.number >= number) {
        const { payload, signature } = known;
        if (known.number === number && payload === statement.payload && signature === statement.signature) return;
        const detail = `The server has the mail key ${known.number} of this device. A new key has a higher number.`;
        throw new CordonError('conflict', detail, { number: known.number });
      }
      const row = { generation, number, ...statement };
      await tx
        .insertInto('mail_keys')
        .values({ device_id: device, ...row })
        .onConflict((conflict) => conflict.column('device_id').doUpdateSet(row))
        .execute();
    });
  }

  async keysOf(devices: readonly DeviceId[]): Promise<MailKeys> {
    const requested = tableOf(
      ['text'],
      devices.map((device) => [device]),
    );
    const { rows } = await sql<{ device_id: string; generation: number; payload: string; signature: string }>`
      select k.device_id, k.generation, k.payload, k.signature from ${requested} as v cross join mail_keys k
        cross join devices d
      where k.device_id = v.column1 and d.id = v.column1 and d.status = 'active' and d.generation = k.generation`.execute(
      this.#database.db,
    );
    return rows.map(({ device_id, generation, payload, signature }) => ({
      device: deviceIdSchema.parse(device_id),
      generation,
      statement: { payload, signature },
    }));
  }

  async isConnector({ device, generation }: Enrollment): Promise<boolean> {
    const row = await this.#database.db
      .selectFrom('devices')
      .select('mail_connector')
      .where('id', '=', device)
      .where('generation', '=', generation)
      .where('status', '=', 'active')
      .executeTakeFirst();
    return row?.mail_connector === 1;
  }

  async connectors(limit: number): Promise<MailConnectors> {
    const { rows } = await sql<{ id: string; generation: number; connected: number | null }>`
      select d.id, d.generation, p.connected from devices d
        left join device_presence p on p.device_id = d.id and p.generation = d.generation
      where d.mail_connector = 1 and d.status = 'active'
      order by coalesce(p.connected, 0) desc, d.enrolled_at, d.id limit ${limit}`.execute(this.#database.db);
    return rows.map(({ id, generation, connected }) => ({
      device: deviceIdSchema.parse(id),
      generation,
      connected: connected === 1,
    }));
  }

  async connectorStates(limit: number): Promise<ConnectorState[]> {
    const { rows } = await sql<{
      id: string;
      person_name: string;
      hostname: string | null;
      connected: number | null;
      last_seen_at: number | null;
      ready: number;
    }>`
      select d.id, d.person_name, i.hostname, p.connected, p.last_seen_at,
        case when k.device_id is not null and m.unverified = 0 then 1 else 0 end as ready
      from devices d
        left join device_presence p on p.device_id = d.id and p.generation = d.generation
        left join device_inventory i on i.device_id = d.id
        left join messaging_keys m on m.device_id = d.id and m.generation = d.generation
        left join mail_keys k on k.device_id = d.id and k.generation = d.generation
      where d.mail_connector = 1 and d.status = 'active'
      order by d.person_name, d.id limit ${limit}`.execute(this.#database.db);
    return rows.map(({ id, person_name: user, hostname, connected, last_seen_at, ready }) => ({
      device: deviceIdSchema.parse(id),
      user,
      hostname,
      connected: connected === 1,
      lastSeenAt: last_seen_at,
      ready: ready === 1,
    }));
  }

  async addressees(emailKeys: readonly string[]): Promise<Addressee[]> {
    const requested = tableOf(
      ['text'],
      emailKeys.map((key) => [key]),
    );
    const { rows } = await sql<{
      person: string;
      email_key: string;
      device: string | null;
      entries: number | null;
      bytes: number | null;
      gate: Addressee['devices'][number]['gate'] | null;
      connector: number | null;
    }>`
      select r.id as person, r.email_key, d.id as device, d.mail_connector as connector, q.entries, q.bytes, q.gate
      from ${requested} as v cross join persons r
        left join (devices d
          inner join mail_keys k on k.device_id = d.id and k.generation = d.generation
          inner join messaging_keys m on m.device_id = d.id and m.generation = d.generation and m.unverified = 0)
          on d.person_id = r.id and m.person_id = r.id and d.status = 'active'
        left join mail_queues q on q.device_id = d.id and q.generation = d.generation
      where r.email_key = v.column1 and r.status = 'active'
      order by d.enrolled_at, d.id`.execute(this.#database.db);
    return [...Map.groupBy(rows, ({ person }) => person)].flatMap(([person, devices]) => {
      const [first] = devices;
      if (!first) return [];
      return [
        {
          person: personIdSchema.parse(person),
          emailKey: first.email_key,
          devices: devices.flatMap(({ device, entries, bytes, gate, connector }) =>
            device === null || connector === 1
              ? []
              : [
                  {
                    device: deviceIdSchema.parse(device),
                    entries: entries ?? 0,
                    bytes: bytes ?? 0,
                    gate: gate ?? ('open' as const),
                    connector: false,
                  },
                ],
          ),
        },
      ];
    });
  }
}
