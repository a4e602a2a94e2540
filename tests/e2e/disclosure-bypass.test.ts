/**
 * Attack on the records of people without the disclosure desk, on a real server process: every route of the three listeners, every command
 * of the command line, the log, the database and a decrypted backup. The past connections of two people are planted.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStream, temporaryIdentity } from '../../shared/age/stream.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { type DatabaseUnderTest, describeOnEachDatabase } from '../support/each-database.ts';
import { ask, type DeviceTls, TestLink } from '../support/gateway-world.ts';
import { runInProcess } from '../support/in-process-cli.ts';
import { invite, type Person } from '../support/people.ts';
import {
  adminOperations,
  commandLines,
  contains,
  deviceOperations,
  filled,
  publicOperations,
  readingProxy,
  type Values,
} from '../support/record-scan.ts';
import { until } from '../support/until.ts';

/** Addresses of the past connections. The newest connections have other addresses. */
const CANARIES = ['127.73.11.1', '127.73.11.2'] as const;
/** Stands for a leak: the scan must find this address in each place. */
const PLANTED = '127.73.11.3';
/** Commands that do not read from the API: they run on the server's own machine, start a service, or begin a session. */
const WITHOUT_API = /^(restore|restore-person-keys|recover-owner|check-config|mail-connector|setup|sign-in)$/;
/** Stands for the file that a command reads or writes. */
const FILE = '{file}';
const ORDER = {
  areas: ['PK'],
  services: ['mail'],
  nexus: ['home'],
  unknown: 'allow',
  contested: 'allow',
  travelers: 'deny',
  authority: 'Regulator',
  addressee: 'operators',
  instrument: 'directive',
  statement: { en: 'Service ends.' },
};

describeOnEachDatabase('records of people', (database: DatabaseUnderTest) => {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-bypass-'));
  let world: World;
  let env: Record<string, string>;
  let devices: AgentProcess[];
  let readers: Person[];
  let identity: string;
  let values: Values;

  beforeAll(async () => {
    const keys = await temporaryIdentity();
    ({ identity } = keys);
    env = { ...(await database.env()), CORDON_LOG: 'debug', CORDON_BACKUP_RECIPIENT: keys.recipient };
    world = await openWorld(env);
    const { operator, server } = world;
    devices = [await world.enrolled(), await world.enrolled()];
    for (const [at, device] of devices.entries()) {
      const tls = device.tls(server.device);
      for (const localAddress of [CANARIES[at], '127.0.0.1']) {
        const link = await new TestLink({ ...tls, localAddress } as DeviceTls).hello();
        link.socket.close();
        await link.closed;
        await until(async () => expect((await world.device(device.device)).presence?.connected).toBe(false));
      }
    }
    const roles = ['auditor', 'legal', 'fleet'] as const;
    // The first reader also sends all writing requests, which may end its access.
    readers = [await invite(server.admin, operator.owner, 'Attacker', [{ role: 'owner' }])];
    for (const role of roles) readers.push(await invite(server.admin, operator.owner, `A ${role}`, [{ role }]));
    const [first] = devices;
    const { person } = await world.device(first?.device ?? '');
    values = { device: first?.device ?? '', person, number: '2026-001', revision: '1', version: '1' };
  }, 180_000);
  afterAll(async () => {
    await world?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const say = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;

  /** Response as text. Of a stream of events, only the head. */
  async function read(url: string, { method, ...init }: RequestInit & { method: string }): Promise<string> {
    const body = method === 'GET' ? {} : { body: '{}' };
    const response = await fetch(url, { ...init, ...body, method, signal: AbortSignal.timeout(20_000) });
    const heading = JSON.stringify([...response.headers]);
    if (!response.headers.get('content-type')?.startsWith('text/event-stream'))
      return heading + Buffer.from(await response.arrayBuffer()).toString('latin1');
    await response.body?.cancel();
    return heading;
  }

  async function leakyAdminRoutes(wanted: readonly string[], methods: readonly string[]): Promise<string[]> {
    const leaks = new Set<string>();
    const operations = (await adminOperations(world.server.admin)).filter(({ method }) => methods.includes(method));
    expect(operations.length).toBeGreaterThan(methods.includes('POST') ? 150 : 60);
    for (const operation of operations) {
      // Backups are encrypted. Another test decrypts them.
      if (operation.path.startsWith('/api/v1/backup')) continue;
      for (const reader of operation.method === 'GET' ? readers : readers.slice(0, 1)) {
        const headers = { authorization: `Bearer ${reader.token}`, 'content-type': 'application/json' };
        const url = `${world.server.admin}${filled(operation.path, values)}`;
        if (contains(await read(url, { method: operation.method, headers }), wanted)) leaks.add(say(operation));
      }
    }
    return [...leaks];
  }

  async function leakyPublicRoutes(wanted: readonly string[]): Promise<string[]> {
    const operations = publicOperations();
    expect(operations.length).toBeGreaterThan(12);
    const [device] = devices;
    const { key: _key, cert: _cert, ...anybody } = device?.tls(world.server.public) ?? ({} as DeviceTls);
    const leaks: string[] = [];
    for (const operation of operations) {
      const path = filled(operation.path, { ...values, path: 'entries/000' });
      for (const each of [path, path.replace('entries/000', `entries/000.p/${await ledgerSize(anybody)}`)]) {
        const { headers, bytes } = await ask(anybody, operation.method, each, operation.method === 'GET' ? '' : '{}');
        if (contains(JSON.stringify(headers), wanted) || contains(bytes, wanted)) leaks.push(say(operation));
      }
    }
    return [...new Set(leaks)];
  }

  const ledgerSize = async (anybody: DeviceTls) =>
    (await ask(anybody, 'GET', '/ledger/checkpoint')).body.split('\n')[1] ?? '0';

  async function leakyDeviceRoutes(wanted: readonly string[]): Promise<string[]> {
    const operations = deviceOperations();
    expect(operations.length).toBeGreaterThan(20);
    const leaks: string[] = [];
    for (const device of devices) {
      for (const operation of operations) {
        const path = filled(operation.path, { ...values, id: device.device });
        const body = operation.method === 'GET' ? '' : '{}';
        const { bytes } = await ask(device.tls(world.server.device), operation.method, path, body);
        if (contains(bytes, wanted)) leaks.push(say(operation));
      }
    }
    return [...new Set(leaks)];
  }

  async function leakyCommands(wanted: readonly string[]): Promise<string[]> {
    const lines = await commandLines({ ...values, file: FILE });
    expect(lines.length).toBeGreaterThan(120);
    const proxy = await readingProxy(world.server.admin);
    const leaks: string[] = [];
    for (const line of lines) {
      if (WITHOUT_API.test(line[0] ?? '')) continue;
      const settings = { CORDON_SERVER: proxy.url, CORDON_TOKEN: world.operator.owner.token, XDG_CONFIG_HOME: folder };
      const file = join(folder, 'saved');
      const words = line.map((word) => (word === FILE ? file : word));
      const { out, err } = await runInProcess([...words, '--json'], { ...settings, HOME: folder });
      const saved = existsSync(file) ? readFileSync(file) : '';
      rmSync(file, { force: true });
      if (contains(out + err, wanted) || contains(saved, wanted)) leaks.push(line.join(' '));
    }
    expect(proxy.passed()).toBeGreaterThan(40);
    await proxy.close();
    return leaks;
  }

  async function leakyTables(wanted: readonly string[]): Promise<string[]> {
    const query = (text: string) => database.query(env, world.server.home, text);
    const tables = await query(
      database.kind === 'sqlite'
        ? `select name from sqlite_schema where type = 'table'`
        : `select table_name as name from information_schema.tables where table_schema = 'public'`,
    );
    expect(tables.length).toBeGreaterThan(60);
    const leaks: string[] = [];
    for (const { name } of tables) {
      const rows = await query(`select * from "${name}"`);
      const values = rows.flatMap((row) => Object.values(row));
      if (values.some((value) => contains(Buffer.isBuffer(value) ? value : String(value), wanted)))
        leaks.push(String(name));
    }
    return leaks;
  }

  async function backupText(): Promise<Buffer> {
    const headers = { authorization: `Bearer ${world.operator.owner.token}`, 'content-type': 'application/json' };
    const response = await fetch(`${world.server.admin}/api/v1/backup`, { method: 'POST', headers, body: '{}' });
    expect(response.status).toBe(200);
    const sealed = Readable.from([Buffer.from(await response.arrayBuffer())]);
    const chunks: Buffer[] = [];
    for await (const chunk of await openStream(sealed, { identity })) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks);
  }

  it('case 46: no route of any listener and no command shows a past connection', { timeout: 300_000 }, async () => {
    expect(await leakyAdminRoutes(CANARIES, ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])).toEqual([]);
    expect(await leakyPublicRoutes(CANARIES)).toEqual([]);
    expect(await leakyDeviceRoutes(CANARIES)).toEqual([]);
    expect(await leakyCommands(CANARIES)).toEqual([]);
  });

  it('case 46: no log, table or backup shows a past connection', async () => {
    expect(contains(world.server.output(), CANARIES)).toBe(false);
    expect(world.server.output()).not.toBe('');
    expect(await leakyTables(CANARIES)).toEqual([]);
    const backup = await backupText();
    expect(backup.includes('connection_log')).toBe(true);
    expect(contains(backup, CANARIES)).toBe(false);
  });

  it('case 46: the same scan finds a planted leak in each place', { timeout: 300_000 }, async () => {
    const { operator, server } = world;
    // The attacker's requests may have ended the enrollment of the other devices.
    const device = await world.enrolled();
    values = { ...values, device: device.device };
    devices = [device];
    // The address as the newest one, in the name of a group, and in the title of a public order.
    const link = await new TestLink({ ...device.tls(server.device), localAddress: PLANTED } as DeviceTls).hello();
    link.socket.close();
    await link.closed;
    await operator.group(`Office ${PLANTED}`);
    const order = await operator.propose({
      ...ORDER,
      title: `Order ${PLANTED}`,
      effective: new Date(Date.now() + 3_600_000).toISOString(),
    });
    await operator.adopt(order);
    await until(
      async () =>
        expect(await leakyPublicRoutes([PLANTED])).toEqual(
          expect.arrayContaining(['GET /orders/list', 'GET /transparency']),
        ),
      20_000,
    );
    const admin = await leakyAdminRoutes([PLANTED], ['GET']);
    expect(admin).toEqual(
      expect.arrayContaining([
        'GET /api/v1/devices',
        'GET /api/v1/devices/{id}',
        'GET /api/v1/groups',
        'GET /api/v1/orders',
      ]),
    );
    expect(await leakyDeviceRoutes([PLANTED])).toContain('GET /orders/list');
    const commands = await leakyCommands([PLANTED]);
    expect(commands).toEqual(
      expect.arrayContaining(['devices list', 'groups list', 'orders list', `devices show ${values['device']}`]),
    );
    expect(await leakyTables([PLANTED])).toEqual(expect.arrayContaining(['device_presence', 'groups']));
    expect(contains(await backupText(), [PLANTED])).toBe(true);
    // A connection with an unknown certificate is refused, and the log names its address.
    const { key: _key, cert: _cert, ...nobody } = device.tls(server.device);
    await new TestLink({ ...nobody, localAddress: PLANTED } as DeviceTls).closed;
    await until(() => expect(contains(server.output(), [PLANTED])).toBe(true));
  });
});
