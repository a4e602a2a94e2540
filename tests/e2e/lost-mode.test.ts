/**
 * Lost mode of a real agent: start, positions from a real gpsd, end by the user and by an admin, and no coordinates anywhere afterward.
 */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { activityList } from '../../shared/api/activity.ts';
import { deviceView } from '../../shared/api/devices.ts';
import { lostModeState, positionList } from '../../shared/api/lost-mode.ts';
import { done } from '../../shared/api/wire.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { markOf, Search } from '../support/canary.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { describeOnEachDatabase } from '../support/each-database.ts';
import { freePort } from '../support/free-port.ts';
import { gpsfake, startReceiver } from '../support/gps-receiver.ts';
import { runInProcess } from '../support/in-process-cli.ts';
import { invite, type Person } from '../support/people.ts';
import { until } from '../support/until.ts';

/** Digits that no other number of the test has. */
const [LATITUDE, LONGITUDE] = ['33684212345', '73047912345'];
const PLACE = { latitude: 33.684212345, longitude: 73.047912345 };
const HERE = { ...PLACE, accuracy: expect.any(Number) };
const REQUEST = { reason: 'Left in a train', contact: 'Please call +44 20 7946 0000.' };

describeOnEachDatabase({ name: 'lost mode', needs: gpsfake }, (database) => {
  let world: World;
  let env: Record<string, string>;
  let agent: AgentProcess;
  let helpdesk: Person;
  let folder: string;
  let receiver: ChildProcess;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cordon-lost-'));
    const port = await freePort();
    receiver = startReceiver(folder, port, PLACE);
    env = await database.env();
    world = await openWorld({ ...env, CORDON_LOG: 'debug' });
    const { owner, admin } = world.operator;
    helpdesk = await invite(admin, owner, 'hana', [{ role: 'helpdesk' }]);
    agent = await world.enrolled({ CORDON_AGENT_GPSD_PORT: String(port), CORDON_AGENT_LOG: 'debug' });
    agent.run();
    await agent.connected();
  }, 120_000);
  afterAll(async () => {
    await world?.remove();
    receiver?.kill();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const path = (rest = '') => `/devices/${agent.device}/lost-mode${rest}`;
  const as: World['operator']['as'] = (...args) => world.operator.as(...args);
  const state = async () => (await as(world.operator.owner, 'GET', path(), lostModeState)).lostMode;
  const start = () => as(world.operator.owner, 'POST', path(), lostModeState, REQUEST);
  const locate = async () => (await as(world.operator.owner, 'POST', path('/locate'), positionList, {})).positions;
  const located = () => until(async () => expect((await state())?.positions.count).toBeGreaterThan(0), 20_000);
  const lostMode = async (...args: string[]) => {
    const { out, err } = await agent.cli(['lost-mode', ...args], { env: { LANGUAGE: 'en' } });
    return out + err;
  };

  /** Places with digits of the coordinates: files of server and agent, logs, all tables, and responses about the device. */
  async function traces(): Promise<string[]> {
    const { server, operator } = world;
    const rows: unknown[] = [];
    const names = database.kind === 'sqlite' ? "select name from sqlite_master where type = 'table'" : PUBLIC_TABLES;
    for (const { name } of await database.query(env, server.home, names)) {
      rows.push(name, await database.query(env, server.home, `select * from ${String(name)}`));
    }
    for (const read of [`/devices/${agent.device}`, `/devices/${agent.device}/evidence`, path(), '/activity']) {
      rows.push((await operator.owner.api.raw('GET', read)).json);
    }
    const found = digitsIn((search) => {
      search.look('rows and responses', Buffer.from(JSON.stringify(rows)));
      search.look('log of the server', Buffer.from(server.output()));
      search.look('log of the agent', Buffer.from(agent.log));
      search.folder(server.home);
      search.folder(agent.home);
    });
    // The search blocks this process for seconds. The next request must not use a connection that the server has closed meanwhile.
    await pause(50);
    return found;
  }

  const positionsFile = () =>
    Buffer.concat(
      ['', '-wal'].map((end) => readFileSync(join(world.server.home, 'person-keys', `lost-positions.db${end}`))),
    );

  it('shows lost mode to the user, and its coordinates only to admins who request them', {
    timeout: 120_000,
  }, async () => {
    expect(await lostMode()).toBe('Lost mode is off.\n');
    await start();
    await located();
    expect(await lostMode()).toMatch(
      /^Lost mode is on\nYour organization receives the position of this device\.\nReason: Left in a train\nIf you have found/,
    );
    expect((await agent.cli(['status'])).out).toMatch(/lost mode +on since/);
    expect((await agent.cli(['privacy'])).out).toMatch(/coordinates of this device only while/);
    const positions = await locate();
    expect(positions).toMatchObject([HERE]);
    expect(digitsIn((search) => search.look('positions', Buffer.from(JSON.stringify(positions))))).toHaveLength(2);
    await expect(as(helpdesk, 'POST', path('/locate'), positionList, {})).rejects.toMatchObject({ code: 'forbidden' });
    await expect(as(helpdesk, 'POST', path(), lostModeState, REQUEST)).rejects.toMatchObject({ code: 'forbidden' });
    expect((await as(helpdesk, 'GET', path(), lostModeState)).lostMode).toMatchObject(REQUEST);
    // While lost mode lasts, the server has the position only encrypted, in its own file.
    expect(await traces()).toEqual([]);
    expect(positionsFile().length).toBeGreaterThan(0);
  });

  it('survives a crash of the agent', { timeout: 120_000 }, async () => {
    await agent.kill();
    agent.run();
    await agent.connected();
    expect((await agent.status()).lostMode).toMatchObject(REQUEST);
    expect((await state())?.endedAt).toBeNull();
  });

  it('ends on the device, and the server deletes the coordinates', { timeout: 120_000 }, async () => {
    expect(await lostMode('--end')).toBe('Lost mode is off.\n');
    await until(async () => expect(await state()).toMatchObject({ endedBy: 'user', positions: { count: 0 } }), 20_000);
    await expect(locate()).rejects.toMatchObject({ code: 'conflict' });
    expect((await agent.status()).lostMode).toBeNull();
    expect(await traces()).toEqual([]);
  });

  it('ends by an admin, also for a device that is offline then', { timeout: 120_000 }, async () => {
    await start();
    await located();
    await agent.kill();
    expect(await locate()).toMatchObject([HERE]);
    await as(helpdesk, 'POST', path('/end'), done, {});
    expect(await state()).toMatchObject({ endedBy: 'admin', positions: { count: 0 } });
    agent.run();
    await agent.connected();
    await until(async () => expect((await agent.status()).lostMode).toBeNull(), 20_000);
    expect(await traces()).toEqual([]);
  });

  it('records start, each request for positions, and the end in the activity log', async () => {
    const { owner, as: call } = world.operator;
    const { entries } = await call(owner, 'GET', `/activity?device=${agent.device}&limit=100`, activityList);
    const actions = entries
      .filter(({ action }) => action.startsWith('lost-mode.'))
      .map(({ action, outcome, actor }) => `${action} ${outcome} ${actor.kind}`);
    expect(actions.reverse()).toEqual([
      'lost-mode.start ok admin',
      'lost-mode.locate ok admin',
      'lost-mode.locate forbidden admin',
      'lost-mode.start forbidden admin',
      'lost-mode.ended-by-user ok device',
      'lost-mode.locate conflict admin',
      'lost-mode.start ok admin',
      'lost-mode.locate ok admin',
      'lost-mode.end ok admin',
    ]);
  });

  it('an order that suspends management stops lost mode until it ends', { timeout: 180_000 }, async () => {
    const { operator } = world;
    const made = await operator.propose({
      title: 'Test',
      areas: ['SE'],
      services: ['management'],
      nexus: ['home'],
      zone: 'UTC',
      unknown: 'allow',
      contested: 'allow',
      travelers: 'deny',
      effective: new Date(Date.now() + 3_000).toISOString(),
      authority: 'Authority',
      addressee: 'Example',
      instrument: 'Instrument',
      statement: { en: 'Statement' },
      notice: { en: 'Notice' },
      appeal: 'Appeal',
    });
    await operator.adopt(made);
    await agent.link('refused', 60_000);
    await start();
    expect((await agent.status()).lostMode).toBeNull();
    await agent.kill();
    agent.run();
    await agent.link('refused', 60_000);
    expect((await agent.status()).lostMode).toBeNull();
    expect(await state()).toMatchObject({ deliveredAt: null, positions: { count: 0 } });
  });

  it('the command line starts, shows, locates and ends lost mode, and renames the device', {
    timeout: 120_000,
  }, async () => {
    const { owner } = world.operator;
    const cordon = async (...args: string[]) => {
      const { out, err } = await runInProcess(args, { CORDON_SERVER: world.server.admin, CORDON_TOKEN: owner.token });
      return out + err;
    };
    const other = await world.enrolled({}, 'NO');
    other.run();
    await other.connected();
    const texts = ['--reason', REQUEST.reason, '--contact', REQUEST.contact];
    expect(await cordon('lost-mode', 'start', other.device, ...texts, '--days', '2')).toMatch(/^Lost mode is on until/);
    await until(
      async () => expect(await cordon('lost-mode', 'show', other.device)).toMatch(/no sensor of the device/),
      20_000,
    );
    expect(await cordon('lost-mode', 'locate', other.device)).toMatch(/has not reported a position/);
    expect(await cordon('lost-mode', 'end', other.device)).toMatch(/has deleted the positions/);
    expect(await cordon('lost-mode', 'show', other.device)).toMatch(/an admin ended it/);
    expect(await cordon('devices', 'rename', other.device, ' Reception,  Oslo ')).toMatch(
      /is now called Reception, Oslo/,
    );
    await until(async () => expect((await other.status()).displayName).toBe('Reception, Oslo'), 20_000);
    expect(await cordon('devices', 'list', '--text', 'reception')).toContain('Reception, Oslo');
    await other.kill();
    await world.operator.as(owner, 'PATCH', `/devices/${other.device}/name`, deviceView, { name: null });
    other.run();
    await other.connected();
    await until(async () => expect((await other.status()).displayName).toBeNull(), 20_000);
    await expect(
      world.operator.as(owner, 'PATCH', `/devices/${other.device}/name`, z.unknown(), { name: 'x\u202Ey' }),
    ).rejects.toMatchObject({ code: 'invalid_input' });
  });
});

/** Places where the coordinates are, with and without the decimal point. */
const digitsIn = (look: (search: Search) => void): string[] =>
  [LATITUDE, LONGITUDE].flatMap((digits) =>
    [digits, `${digits.slice(0, 2)}.${digits.slice(2)}`].flatMap((text) => {
      const search = new Search(markOf(text));
      look(search);
      return search.sightings.map(({ place, form, around }) => `${place}: ${form}: ${around}`);
    }),
  );

const PUBLIC_TABLES = "select tablename as name from pg_tables where schemaname = 'public'";
