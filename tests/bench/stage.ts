/**
 * Stage of the benchmarks: the released server with its admins, an approver set, and the floor program. Server and floor run on core 0, and
 * this process with all devices on core 1. Devices enroll over EST as usual. Their activation codes are inserted into the store directly,
 * because 10,000 requests to the API would take too long.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { dirname, join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { type Authority, openAuthority } from '../../certs/authority.ts';
import { type Database, openDatabase } from '../../server/store/database.ts';
import { type DeviceId, newDeviceId, randomBase32 } from '../../shared/protocol/ids.ts';
import { type Operator, setUp } from '../support/operator.ts';
import { addPerson } from '../support/persons.ts';
import { createOwnDatabase, type OwnDatabase, POSTGRES_SERVER } from '../support/postgres.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { BenchDevice, type Code, type Versions } from './bench-device.ts';
import { within } from './deadline.ts';
import { addElsewhere, scatteredDeviceId } from './elsewhere.ts';
import { type Floor, startFloor } from './floor-process.ts';
import { collectGarbage, INSPECTABLE } from './inspector.ts';
import { inParallel } from './measure.ts';
import { pin } from './process.ts';
import { Recorder } from './profile.ts';

const SERVER_CORE = 0;
export const CLIENT_CORE = 1;
const DAY = 86_400_000;

export class Stage {
  readonly operator: Operator;
  readonly floor: Floor;
  /** Whether the server and this process run on separate cores. */
  readonly pinned: boolean;
  readonly #server: ServerProcess;
  readonly #own: OwnDatabase | null;
  readonly #group: string;
  readonly #devices: BenchDevice[] = [];
  readonly #api = new Agent({ keepAlive: true, maxSockets: 32 });

  private constructor(
    server: ServerProcess,
    own: OwnDatabase | null,
    operator: Operator,
    floor: Floor,
    group: string,
    pinned: boolean,
  ) {
    this.#server = server;
    this.#own = own;
    this.operator = operator;
    this.floor = floor;
    this.#group = group;
    this.pinned = pinned;
  }

  /** Opens the stage. `postgres`: the server uses a new database on the server in `CORDON_TEST_DATABASE_URL` instead of SQLite. */
  static async open(store: 'sqlite' | 'postgres' = 'sqlite'): Promise<Stage> {
    const own = store === 'postgres' ? await createOwnDatabase(POSTGRES_SERVER, 'bench') : null;
    const starting = startServerProcess({ ...INSPECTABLE, ...(own && { CORDON_DATABASE_URL: own.url }) });
    const server = await within('the start of the server', starting);
    try {
      const pinned = pin(server.process.pid ?? 0, SERVER_CORE) && pin(process.pid, CLIENT_CORE);
      const operator = await setUp(server.admin, server.firstOwner);
      const group = await operator.group('bench', 'PK');
      return new Stage(server, own, operator, await openFloor(server), group, pinned);
    } catch (error) {
      await server.remove();
      await own?.drop();
      throw error;
    }
  }

  get pid(): number {
    return this.#server.process.pid ?? 0;
  }

  get devicePort(): number {
    return Number(new URL(this.#server.device).port);
  }

  /** Folder for logs, which the stage removes when it closes. */
  get folder(): string {
    return dirname(this.#server.home);
  }

  get publicUrl(): string {
    return this.#server.public;
  }

  collectGarbage(): Promise<void> {
    return collectGarbage(this.pid, () => this.#server.output());
  }

  /** Recorder of the server's CPU time. It ends with the server's process. */
  recorder(): Promise<Recorder> {
    return Recorder.open(this.pid, () => this.#server.output());
  }

  /** Stops the server and starts it with the same data, as after an update. */
  async restart(): Promise<void> {
    await this.#server.kill();
    await within('the start of the server', this.#server.start());
    pin(this.pid, SERVER_CORE);
  }

  /** Kills the server, as a power failure does. */
  kill(): Promise<void> {
    return this.#server.kill();
  }

  /** File of the store. Only while the server does not run, a benchmark may write into it. */
  get store(): string {
    return join(this.#server.home, 'cordon.db');
  }

  /** Bytes of the pages of each table with its indexes. Empty on PostgreSQL. */
  storeBytes(): ReadonlyMap<string, number> {
    if (this.#own) return new Map();
    const database = new BetterSqlite3(this.store, { readonly: true });
    try {
      const rows = database
        .prepare<[], { table: string; bytes: number }>(
          'select s.tbl_name as "table", sum(d.pgsize) as bytes from dbstat d join sqlite_schema s on s.name = d.name group by 1',
        )
        .all();
      return new Map(rows.map(({ table, bytes }) => [table, bytes]));
    } finally {
      database.close();
    }
  }

  /** Replaces the floor program by a new process. */
  async freshFloor(): Promise<Floor> {
    return openFloor(this.#server);
  }

  /** Inserts activation codes into the store, as the API does one by one. */
  async codes(count: number, newId: () => DeviceId = newDeviceId): Promise<Code[]> {
    const database = await this.#database();
    const codes = Array.from({ length: count }, () => ({ id: newId(), secret: randomBase32(16) }));
    const created_at = Date.now();
    const group = this.#group;
    const person = await database.transaction((tx) => addPerson(tx, 'Bench', group));
    const fixed = {
      person_id: person,
      group_id: this.#group,
      home: null,
      seat: null,
      created_by: 'bench',
      created_at,
    };
    for (let from = 0; from < count; from += 500) {
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

  /** Versions of the server's current documents, which a new device requests. */
  async learnVersions(): Promise<void> {
    BenchDevice.has = await this.versions();
  }

  async versions(): Promise<Versions> {
    const [device] = await this.devices(1);
    if (!device) throw new Error('there is no device');
    BenchDevice.has = { list: 0, record: 0, approverSet: 0 };
    await (await device.join(this.devicePort)).close();
    return device.welcomed;
  }

  /** Number of verified receipts for one revision, counted in the store. The API would return all of them. */
  async verified(about: { readonly order: string; readonly revision: number; readonly kind: string }): Promise<number> {
    const database = await this.#database();
    const { count } = await database.db
      .selectFrom('receipts')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('order_number', '=', about.order)
      .where('kind', '=', about.kind)
      .where('revision', '=', about.revision)
      .where('verified', '=', 1)
      .executeTakeFirstOrThrow();
    await database.close();
    return count;
  }

  /** Number of messages in all mailboxes, counted in the store. The figure in the server's metrics can be a minute old. */
  async waiting(): Promise<number> {
    const database = await this.#database();
    const { count } = await database.db
      .selectFrom('mailbox_entries')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    await database.close();
    return count;
  }

  /** A device that a benchmark has enrolled. */
  add(device: BenchDevice): void {
    this.#devices.push(device);
  }

  async devices(count: number): Promise<readonly BenchDevice[]> {
    const missing = Math.max(0, count - this.#devices.length);
    if (missing > 0) await this.#enroll(await this.codes(missing));
    return this.#devices.slice(0, count);
  }

  /** Devices whose entries in the store's indexes are not adjacent. */
  async scatteredDevices(count: number): Promise<readonly BenchDevice[]> {
    await this.#enroll(await this.codes(count, scatteredDeviceId));
    return this.#devices.slice(-count);
  }

  async addElsewhere(count: number, connected = 0): Promise<readonly DeviceId[]> {
    const database = await this.#database();
    const ids = await addElsewhere(database, count, connected);
    await database.close();
    return ids;
  }

  /** Opens the server's store, also while the server runs. */
  #database(): Promise<Database> {
    return openDatabase(this.#own ? { url: this.#own.url } : { file: this.store });
  }

  async #enroll(codes: readonly Code[]): Promise<void> {
    const agent = BenchDevice.keptAlive();
    await inParallel(codes, 32, async (code) => {
      const device = new BenchDevice(code);
      await device.enroll(this.publicUrl, agent);
      this.add(device);
    });
    agent.destroy();
  }

  /** Sends a POST request over kept-alive connections. The function `fetch` would be the slowest part of the measurement. */
  async post(path: string, body: unknown): Promise<void> {
    const text = JSON.stringify(body);
    const headers = {
      authorization: `Bearer ${this.operator.owner.token}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    };
    const answered = new Promise<void>((resolve, reject) => {
      const url = `${this.#server.admin}/api/v1${path}`;
      const request = httpRequest(url, { method: 'POST', agent: this.#api, headers }, (response) => {
        let answer = '';
        response.on('data', (chunk: Buffer) => (answer += chunk));
        response.on('end', () => {
          if ((response.statusCode ?? 500) < 300) resolve();
          else reject(new Error(`${path} was answered with ${response.statusCode} ${answer}`));
        });
      });
      request.on('error', reject);
      request.end(text);
    });
    await within(`the response to POST ${path}`, answered);
  }

  async close(): Promise<void> {
    this.#api.destroy();
    await this.floor.stop();
    await this.#server.remove();
    await this.#own?.drop();
  }
}

/** The floor uses the server's certificate and CA, so that both handshakes have the same number of bytes. */
async function openFloor({ home }: ServerProcess): Promise<Floor> {
  const authority: Authority = openAuthority({
    folder: join(home, 'keys'),
    passphrase: readFileSync(join(dirname(home), 'passphrase'), 'utf8').trim(),
    organization: 'Cordon',
    serverNames: ['localhost', '127.0.0.1'],
  });
  const { keyPem, chainPem } = authority.serverIdentity();
  return startFloor({ key: keyPem, cert: chainPem, ca: authority.chainPem }, SERVER_CORE);
}
