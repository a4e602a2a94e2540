import { sql } from 'kysely';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { NewSignature, MessagingKeyStore as Port, SignedKey } from '../membership/ports.ts';
import type { Database, Tx } from './database.ts';
import { insertSignatures, withSignatures } from './messaging-key-rows.ts';

type NewKey = Parameters<Port['certify']>[0];

export class MessagingKeyStore implements Port {
  readonly #database: Database;
  /**
   * Stores a device's messaging key and its signature. Keys that arrive together share one transaction, because many devices send their
   * keys at once after an update of the agent.
   */
  readonly #certify: (row: { readonly key: NewKey; readonly signature: NewSignature }) => Promise<void>;

  constructor(database: Database) {
    this.#database = database;
    this.#certify = database.grouped(async (tx, rows) => {
      const added: NewSignature[] = [];
      for (const { key, signature } of rows) if (await insertKey(tx, key)) added.push(signature);
      await insertSignatures(tx, added);
    });
  }

  async keyOf(device: DeviceId, generation: number): Promise<SignedKey | null> {
    const row = await this.#database.db
      .selectFrom('messaging_keys')
      .selectAll()
      .where('device_id', '=', device)
      .where('generation', '=', generation)
      .executeTakeFirst();
    return row ? ((await withSignatures(this.#database.db, [row]))[0] ?? null) : null;
  }

  async certify(key: NewKey, signature: NewSignature): Promise<void> {
    await this.#certify({ key, signature });
  }
}

/** Stores a messaging key. Returns true if the key is new and belongs to the current enrollment of an active device. */
async function insertKey(tx: Tx, key: NewKey): Promise<boolean> {
  const { rows } = await sql`
    insert into messaging_keys
      (device_id, generation, person_id, name, folded, signature_key, payload, digest, certified_at, unverified)
    select devices.id, devices.generation, ${key.person}, ${key.name}, ${key.folded}, ${key.signatureKey},
      ${key.payload}, ${key.digest}, ${sql.lit(key.certifiedAt)}, 1
    from devices
    where devices.id = ${key.device} and devices.generation = ${key.generation} and devices.status = 'active'
    on conflict (device_id, generation) do nothing returning device_id`.execute(tx);
  return rows.length > 0;
}
