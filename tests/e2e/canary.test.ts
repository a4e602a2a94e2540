/**
 * The server stores nothing readable of what people write. Texts, files, file names, titles and searches contain a random mark. The test
 * searches all data and decrypted traffic of the server for the mark. A second mark in unsealed data proves that the search works in each
 * place.
 */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { LINK_PATH, SUBPROTOCOL } from '../../shared/protocol/frames.ts';
import { epochOf } from '../../shared/seal/conversation.ts';
import { peek } from '../../shared/seal/message.ts';
import { openMessage } from '../../shared/seal/open.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { markOf, newMark, Search } from '../support/canary.ts';
import {
  given,
  hear,
  knows,
  lookEverywhere,
  lookIntoBackup,
  lookIntoMemory,
  mebibytes,
  openTown,
  personOf,
  placesOf,
  plain,
  ready,
  residentOf,
  type Town,
  textsOf,
  WITHIN,
} from '../support/canary-world.ts';
import type { ChattingDevice } from '../support/chatting-device.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { createOwnDatabase, type OwnDatabase, onDatabase, POSTGRES_SERVER } from '../support/postgres.ts';
import { recordedIn } from '../support/recorded-traffic.ts';
import { needed } from '../support/tools.ts';
import { until } from '../support/until.ts';

const NAMES = ['Amina', 'Bilal', 'Chen', 'Dilek', 'Emeka', 'Farah', 'Goran', 'Hana', 'Ivo', 'Jun'];

describe('ten people with twenty devices, and two at the command line', () => {
  let town: Town;
  let everyone: string;
  let removed: ChattingDevice;
  let newcomer: ChattingDevice;
  let heardBefore: readonly string[];
  let heardAfter: readonly string[];
  const planted = newMark();
  const atCommandLines: AgentProcess[] = [];
  /** Files by the id of their message. */
  const files = new Map<string, Buffer>();

  async function atCommandLine(user: string): Promise<AgentProcess> {
    const agent = new AgentProcess({ CORDON_AGENT_LOG: 'debug' });
    atCommandLines.push(agent);
    const { link } = await town.world.operator.code({ user, group: town.world.group, home: 'SE' });
    await agent.enroll(link);
    agent.run();
    await until(async () => expect((await agent.status()).messaging.state, agent.log).toBe('ready'), WITHIN, 500);
    return agent;
  }

  async function speakInGroups(firsts: readonly ChattingDevice[]): Promise<void> {
    const { canary, devices } = town;
    const people = firsts.map(personOf);
    const [amina, , , dilek] = firsts;
    if (!amina || !dilek) throw new Error('a device is missing');
    everyone = await amina.agent.messaging.start({ people, title: canary('a title') });
    const said = firsts.map(({ name }) => canary(`a text of ${name}`));
    for (const [index, { agent }] of firsts.entries()) {
      await until(() => expect(agent.messaging.conversations()).toHaveLength(1), WITHIN);
      const bytes = Buffer.from(`${canary('a file')}\n`.repeat(40 * (index + 1)));
      const attachments = index % 4 === 0 ? [{ name: `${canary('a name')}.txt`, type: 'text/plain', bytes }] : [];
      const id = await agent.messaging.send(everyone, { text: said[index] ?? '', attachments });
      if (attachments.length > 0) files.set(id, bytes);
    }
    // A real agent is a member as well: Amina's third device.
    said.push(await sayAtCommandLine('a text that a command line says to all'));
    await hear(devices, everyone, said);
    heardBefore = said;
    await hearAtCommandLines(said);
    const four = await dilek.agent.messaging.start({ people: people.slice(0, 4), title: canary('another title') });
    await until(() => expect(knows(amina, four)).toBe(true), WITHIN);
    await amina.agent.messaging.rename(four, canary('a third title'));
    for (const device of devices.slice(0, 3)) {
      expect(device.agent.messaging.search(said[0] ?? '')).toHaveLength(1);
      expect(device.agent.messaging.search(canary('a text to search for'))).toEqual([]);
    }
  }

  const inboxOf = async (agent: AgentProcess): Promise<string> => (await agent.cli(['inbox', '--all', '--json'])).out;

  async function sayAtCommandLine(what: string): Promise<string> {
    const [amina] = atCommandLines;
    if (!amina) throw new Error('a device is missing');
    const text = town.canary(what);
    await until(async () => expect(await inboxOf(amina)).toContain(everyone), WITHIN, 500);
    const sent = await amina.cli(['send', everyone, text]);
    expect(sent, sent.err).toMatchObject({ code: 0 });
    return text;
  }

  async function hearAtCommandLines(said: readonly string[]): Promise<void> {
    for (const agent of atCommandLines) {
      await until(
        async () => {
          const all = await inboxOf(agent);
          for (const text of said) expect(all).toContain(JSON.stringify(text));
        },
        WITHIN,
        500,
      );
    }
  }

  async function speakInPairs(firsts: readonly ChattingDevice[]): Promise<void> {
    for (const [index, device] of firsts.entries()) {
      const other = firsts[(index + 1) % firsts.length];
      if (!other) continue;
      const between = await device.agent.messaging.start({ people: [personOf(other)], title: null });
      const [asked, answered] = [town.canary('a question'), town.canary('an answer')];
      await device.agent.messaging.send(between, plain(asked));
      await until(() => expect(knows(other, between) && textsOf(other, between)).toEqual([asked]), WITHIN);
      await other.agent.messaging.send(between, plain(answered));
      await hear([device, other], between, [asked, answered]);
    }
  }

  async function oneGoesAndOneComes(firsts: readonly ChattingDevice[]): Promise<void> {
    const { devices, world, canary } = town;
    const second = devices[NAMES.length + NAMES.indexOf('Chen')];
    if (!second) throw new Error('a device is missing');
    removed = second;
    await world.revoke(removed.device);
    newcomer = await town.enroll('Dilek');
    await ready(newcomer);
    await until(() => expect(knows(newcomer, everyone)).toBe(true), WITHIN);
    heardAfter = firsts.slice(0, 5).map(({ name }) => canary(`what ${name} says later`));
    for (const [index, text] of heardAfter.entries()) await firsts[index]?.agent.messaging.send(everyone, plain(text));
    heardAfter = [...heardAfter, await sayAtCommandLine('what a command line says later')];
    const stayed = devices.filter((device) => device !== removed && device !== newcomer);
    await hear(stayed, everyone, [...heardBefore, ...heardAfter]);
    await hearAtCommandLines(heardAfter);
  }

  async function speakAtCommandLines(): Promise<void> {
    const [amina, bilal] = atCommandLines;
    if (!amina || !bilal) throw new Error('a device is missing');
    const [path, copy] = [join(town.folder, 'plan.txt'), join(town.folder, 'copy.txt')];
    const content = town.canary('a file at a command line');
    writeFileSync(path, content);
    const text = town.canary('a text at a command line');
    const sent = await amina.cli(['send', 'Bilal', text, '--attach', path, '--json']);
    expect(sent, sent.err).toMatchObject({ code: 0 });
    const { id } = JSON.parse(sent.out);
    await until(async () => expect(await inboxOf(bilal)).toContain(JSON.stringify(text)), WITHIN, 500);
    expect(await bilal.cli(['attachment', id, copy])).toMatchObject({ code: 0 });
    expect(readFileSync(copy, 'utf8')).toBe(content);
  }

  beforeAll(async () => {
    town = await openTown();
    for (const name of [...NAMES, ...NAMES]) await town.enroll(name);
    for (const device of town.devices) await ready(device);
    for (const name of ['Amina', 'Bilal']) await atCommandLine(name);
    const firsts = town.devices.slice(0, NAMES.length);
    await speakInGroups(firsts);
    await speakInPairs(firsts);
    await oneGoesAndOneComes(firsts);
    await speakAtCommandLines();
  }, 600_000);
  afterAll(async () => {
    for (const agent of atCommandLines) await agent.remove();
    await town?.close();
  }, 60_000);

  it('open the files of the others, and no device raises an alert', async () => {
    expect(files.size).toBeGreaterThan(0);
    for (const { agent } of town.devices.filter(({ name }) => name === 'Hana')) {
      for (const [id, bytes] of files) {
        expect(Buffer.from((await agent.messaging.attachment(id, 0)).bytes).equals(bytes)).toBe(true);
      }
    }
    for (const { device, name } of town.devices) expect(await town.world.alerts(device), name).toEqual([]);
    for (const { device } of atCommandLines) expect(await town.world.alerts(device)).toEqual([]);
  }, 60_000);

  it('case 23: a removed member with all its data cannot read later messages, and a new member cannot read earlier ones', async () => {
    const posts = recordedIn(town.traffic)
      .filter(({ name }) => name.endsWith('.in'))
      .flatMap(({ frames }) => frames.map((frame) => JSON.parse(frame.toString())));
    const bodies = posts.flatMap(({ kind, body }) => {
      const bytes = kind === 'post' ? Buffer.from(body, 'base64') : null;
      const seen = bytes && peek(bytes);
      return seen && seen.type !== 'welcome' && seen.conversation === everyone ? [{ bytes, epoch: seen.epoch }] : [];
    });
    await removed.agent.stop();
    const held = (await removed.records()).group(everyone);
    const came = (await newcomer.records()).group(everyone);
    if (!held || !came) throw new Error('a device holds nothing');
    const epoch = epochOf(held);
    let state: Uint8Array = held;
    const follow = async (bytes: Uint8Array) => {
      const opened = await openMessage(state, bytes, async () => true);
      state = opened.state;
      return opened.type;
    };
    // The removed device receives the commit that removes it.
    const removing = await Promise.all(
      bodies.filter((body) => body.epoch === epoch).map(({ bytes }) => codeOfAsync(follow(bytes))),
    );
    expect(removing).toContain('accepted');
    const later = bodies.filter((body) => body.epoch > epoch);
    expect(later.length).toBeGreaterThanOrEqual(heardAfter.length);
    for (const { bytes } of later) expect(['epoch_ahead', 'not_a_member']).toContain(await codeOfAsync(follow(bytes)));
    for (const text of heardAfter) expect(removed.agent.messaging.search(text)).toEqual([]);

    await hear([newcomer], everyone, heardAfter);
    const first = Math.min(...bodies.map((body) => body.epoch));
    const earlier = bodies.filter((body) => body.epoch === first);
    expect(earlier.length).toBeGreaterThanOrEqual(heardBefore.length);
    for (const { bytes } of earlier) {
      expect(await codeOfAsync(openMessage(came, bytes, async () => true))).toBe('epoch_past');
    }
  }, 60_000);

  it('leave no readable text on the server: memory, store, keys, logs, backup, metrics, decrypted traffic', async () => {
    const [memory, rest] = [new Search(town.sealed), new Search(town.sealed)];
    const from = performance.now();
    const resident = residentOf(town);
    lookIntoMemory(town, memory);
    // The process releases some memory by itself when it is idle.
    expect(memory.bytes).toBeGreaterThan(0.9 * Math.min(resident, residentOf(town)));
    const until = performance.now();
    await lookEverywhere(town, rest);
    await lookIntoBackup(town, rest);
    const [first, second] = [until - from, performance.now() - until].map(Math.round);
    console.info(`searched: memory ${mebibytes(memory)} in ${first} ms, the rest ${mebibytes(rest)} in ${second} ms`);
    expect(memory.sightings).toEqual([]);
    expect(rest.sightings).toEqual([]);
  }, 120_000);

  it('the search finds a mark in unsealed data in each of these places', async () => {
    const { world, devices } = town;
    const [amina] = devices;
    if (!amina) throw new Error('a device is missing');
    await world.operator.group(`a group called ${planted.text}`);
    // The checkpoint moves earlier writes to the main database file. Later writes stay in the write-ahead log.
    const store = new Database(join(world.server.home, 'cordon.db'));
    await until(() => expect(store.pragma('wal_checkpoint(FULL)')).toMatchObject([{ busy: 0 }]));
    store.close();
    await world.send(amina.device, { kind: 'message', text: `an admin writes ${planted.text}` });
    await until(() => expect(amina.store.device(amina.device).adminMessages(10)).toHaveLength(1), WITHIN);
    // A search for a person goes to the server. A search for a message does not.
    await amina.agent.messaging.people(planted.text);
    // A frame that violates the protocol; the server logs the violation.
    const rude = await world.enrolled();
    const link = `${world.server.device.replace('https', 'wss')}${LINK_PATH}`;
    const socket = new WebSocket(link, SUBPROTOCOL, rude.tls(world.server.device));
    await once(socket, 'open');
    socket.send(
      JSON.stringify({ kind: 'hello', agent: '0', list: 0, record: 0, approverSet: 0, [planted.text]: true }),
    );
    await once(socket, 'close');

    const memory = new Search(planted);
    lookIntoMemory(town, memory);
    expect(placesOf(memory)).toEqual(new Set(['memory']));
    const rest = new Search(planted);
    await lookEverywhere(town, rest);
    await lookIntoBackup(town, rest);
    const places = rest.sightings.map(({ place }) => place);
    for (const place of [
      /cordon\.db$/,
      /cordon\.db-wal$/,
      /^log$/,
      /^traffic \d+\.in/,
      /^traffic \d+\.out/,
      /^backup$/,
    ]) {
      expect(places).toContainEqual(expect.stringMatching(place));
    }
    // The recordings contain the bodies of requests too.
    const uploads = recordedIn(town.traffic).flatMap(({ http }) =>
      http.indexOf('PUT /device/attachments') === 0 ? [http] : [],
    );
    expect(uploads.length).toBeGreaterThan(files.size);
    for (const upload of uploads) {
      const head = upload.indexOf('\r\n\r\n') + 4;
      const length = Number(/content-length: (\d+)/i.exec(upload.toString('latin1', 0, head))?.[1]);
      expect(upload.length - head).toBe(length);
    }
    // The metrics contain no text of users. The search finds a word that they do contain.
    const metrics = new Search(markOf('cordonpoststotal'));
    metrics.look('metrics', Buffer.from((await given(town, 'GET', '/metrics')).toString().replaceAll('_', '')));
    expect(placesOf(metrics)).toEqual(new Set(['metrics']));
  }, 120_000);

  it('leave no readable text on their own disks, with an open, a locked and a wiped workspace', async () => {
    const [amina, bilal] = atCommandLines;
    if (!amina || !bilal) throw new Error('a device is missing');
    const search = new Search(town.sealed);
    const look = (mark: Search) => {
      for (const { folder } of town.devices) mark.folder(folder);
      for (const { home, log } of atCommandLines) {
        mark.folder(home);
        mark.look('log of an agent', Buffer.from(log));
      }
    };
    look(search);
    const commands = [
      await town.world.send(amina.device, { kind: 'lock-workspace' }),
      await town.world.send(bilal.device, { kind: 'wipe-workspace' }),
    ];
    for (const { id } of commands) await town.world.finished(id, WITHIN);
    look(search);
    console.info(`searched: disks of ${town.devices.length + atCommandLines.length} devices, ${mebibytes(search)}`);
    expect(search.sightings).toEqual([]);
    expect((await amina.cli(['inbox', '--all'])).err).toMatch(/locked/);
    expect((await bilal.cli(['inbox', '--all'])).err).toMatch(/wiped/);
    const open = new Search(planted);
    look(open);
    expect(open.sightings.map(({ place }) => place)).toContainEqual(expect.stringMatching(/agent\.db/));
  }, 120_000);
});

const { present } = needed('PostgreSQL', 'set CORDON_TEST_DATABASE_URL', POSTGRES_SERVER !== '');
describe.skipIf(!present)('three people, with PostgreSQL', () => {
  let own: OwnDatabase;
  let town: Town;

  const lookIntoTables = (search: Search) =>
    onDatabase(own.url, async (client) => {
      const tables = await client.query(`select tablename from pg_tables where schemaname = 'public'`);
      for (const { tablename } of tables.rows) {
        const { rows } = await client.query(`select * from "${tablename}"`);
        for (const value of rows.flatMap((row) => Object.values(row))) {
          const bytes = Buffer.isBuffer(value) ? value : Buffer.from(String(JSON.stringify(value)));
          search.look(`table ${tablename}`, bytes);
        }
      }
    });

  beforeAll(async () => {
    own = await createOwnDatabase(POSTGRES_SERVER, 'canary');
    town = await openTown({ CORDON_DATABASE_URL: own.url });
  }, 120_000);
  afterAll(async () => {
    await town?.close();
    await own?.drop();
  }, 60_000);

  it('leave no readable text in its tables, the server’s memory or the traffic, where the search finds the name of a group', async () => {
    const [amina, bilal, chen] = [await town.enroll('Amina'), await town.enroll('Bilal'), await town.enroll('Chen')];
    for (const device of town.devices) await ready(device);
    const people = [personOf(bilal), personOf(chen)];
    const three = await amina.agent.messaging.start({ people, title: town.canary('a title') });
    const bytes = Buffer.from(town.canary('a file').repeat(100));
    const said = [town.canary('a text'), town.canary('another text')];
    const attachments = [{ name: town.canary('a name'), type: 'text/plain', bytes }];
    await amina.agent.messaging.send(three, { text: said[0] ?? '', attachments });
    await amina.agent.messaging.send(three, plain(said[1] ?? ''));
    await hear(town.devices, three, said);
    const search = new Search(town.sealed);
    await lookIntoTables(search);
    lookIntoMemory(town, search);
    await lookEverywhere(town, search);
    expect(search.sightings).toEqual([]);

    const planted = newMark();
    await town.world.operator.group(planted.text);
    const found = new Search(planted);
    await lookIntoTables(found);
    lookIntoMemory(town, found);
    expect(placesOf(found)).toEqual(new Set(['table', 'memory']));
  }, 300_000);
});
