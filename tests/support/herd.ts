/** Thousands of enrolled devices in a few processes (`herd-process.ts`). They connect to a server process and answer its commands. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../../server/store/database.ts';
import { newDeviceId, randomBase32 } from '../../shared/protocol/ids.ts';
import type { Code } from '../bench/bench-device.ts';
import { Child } from '../replay/rpc.ts';
import type { HerdHandlers, HerdState } from './herd-process.ts';
import { addPerson } from './persons.ts';
import { programPath } from './programs.ts';
import type { ServerProcess } from './server-process.ts';

const PER_PROCESS = 5_000;
const DAY = 86_400_000;
const MODULE = programPath('tests/support/herd-process.ts');

export class Herd {
  readonly #processes: Child<HerdHandlers>[] = [];

  /**
   * Enrolls and connects the devices. The process logs are in `folder`. `most`: number of devices of one process that may do a TLS handshake
   * at the same time; no limit if absent.
   */
  static async start(
    folder: string,
    server: ServerProcess,
    { size, group, most = null }: { readonly size: number; readonly group: string; readonly most?: number | null },
  ): Promise<Herd> {
    const herd = new Herd();
    const codes = await activationCodes(server, size, group);
    const rootPem = readFileSync(join(server.home, 'keys/root.crt'), 'utf8');
    const starts: Promise<void>[] = [];
    for (let from = 0; from < size; from += PER_PROCESS) {
      const child = new Child<HerdHandlers>('a herd', MODULE, join(folder, `herd-${from}.log`));
      herd.#processes.push(child);
      const start = async () => {
        await child.call('enroll', { codes: codes.slice(from, from + PER_PROCESS), publicUrl: server.public });
        await child.call('open', { deviceUrl: server.device, rootPem, most });
      };
      starts.push(start());
    }
    await Promise.all(starts);
    return herd;
  }

  /** Connects all waiting devices at once, as after a power failure. */
  async rush(): Promise<void> {
    await Promise.all(this.#processes.map((child) => child.call('rush', null)));
  }

  async states(): Promise<HerdState> {
    const all = await Promise.all(this.#processes.map((child) => child.call('state', null)));
    const sum = (of: (state: HerdState) => number) => all.reduce((total, state) => total + of(state), 0);
    const merged = (of: (state: HerdState) => Readonly<Record<number, number>>) => {
      const counts: Record<number, number> = {};
      for (const state of all) {
        for (const [key, count] of Object.entries(of(state))) counts[Number(key)] = (counts[Number(key)] ?? 0) + count;
      }
      return counts;
    };
    return {
      connected: sum(({ connected }) => connected),
      busy: sum(({ busy }) => busy),
      failing: sum(({ failing }) => failing),
      lost: all.flatMap(({ lost }) => lost),
      lists: merged(({ lists }) => lists),
      runs: merged(({ runs }) => runs),
    };
  }

  async kill(): Promise<void> {
    for (const child of this.#processes) await child.kill();
  }
}

/** Writes activation codes directly into the store, because an admin creates them one by one. */
async function activationCodes(server: ServerProcess, size: number, group: string): Promise<Code[]> {
  const url = server.env['CORDON_DATABASE_URL'];
  const database = await openDatabase(url === undefined ? { file: join(server.home, 'cordon.db') } : { url });
  const codes = Array.from({ length: size }, () => ({ id: newDeviceId(), secret: randomBase32(16) }));
  const person = await database.transaction((tx) => addPerson(tx, 'Herd', group));
  const created_at = Date.now();
  const fixed = { person_id: person, group_id: group, home: null, seat: null, created_by: 'herd', created_at };
  for (let from = 0; from < size; from += 500) {
    const rows = codes.slice(from, from + 500).map(({ id, secret }) => ({
      ...fixed,
      id,
      secret_hash: createHash('sha256').update(secret).digest('hex'),
      expires_at: created_at + DAY,
      used_at: null,
      canceled_at: null,
    }));
    await database.db.insertInto('activation_codes').values(rows).execute();
  }
  await database.close();
  return codes;
}
