import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Command } from '../shared/protocol/frames.ts';
import { newCommandId } from '../shared/protocol/ids.ts';
import { startAgentServer } from '../tests/support/agent-server.ts';
import { testAuthority } from '../tests/support/enrolment.ts';
import {
  NOW,
  revisionDocument,
  signedList,
  signedRevision,
  signedStub,
  TERMS,
} from '../tests/support/signed-documents.ts';
import { until } from '../tests/support/until.ts';
import { type Agent, createAgent } from './agent.ts';
import { credentialFolder } from './enrolment/credential-folder.ts';
import { enrol } from './enrolment/enrol.ts';
import { noSensors } from './evidence/sensors.ts';
import { dialDirect } from './link/dial.ts';
import { type AgentStore, openAgentStore } from './store/agent-store.ts';
import { openWorkspace } from './workspace/workspace.ts';

let ca: ReturnType<typeof testAuthority>;
let server: Awaited<ReturnType<typeof startAgentServer>>;
let folder: string;
let store: AgentStore;
let agents: Agent[];
let ends: string[];

beforeAll(() => {
  ca = testAuthority();
});
afterAll(() => ca.remove());
beforeEach(async () => {
  server = await startAgentServer(ca.authority);
  folder = mkdtempSync(join(tmpdir(), 'cordon-agent-'));
  store = openAgentStore({ file: join(folder, 'agent.db') });
  agents = [];
  ends = [];
});
afterEach(async () => {
  for (const agent of agents) await agent.stop();
  await server.close();
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

const keeper = () => credentialFolder(join(folder, 'identity'));
const enrolBy = (link: string, replace = false) => enrol(link, { keeper: keeper(), store, dial: dialDirect, replace });

/** As after a process start: everything from the disk. */
async function agentHere(): Promise<Agent> {
  const agent = createAgent({
    store,
    credentials: keeper(),
    time: {
      wall: () => NOW,
      monotonic: () => Math.round(performance.now()),
      boot: 'one',
      after: (ms, task) => {
        const timer = setTimeout(task, Math.min(ms, 2 ** 31 - 1)).unref();
        return () => clearTimeout(timer);
      },
    },
    sensors: noSensors,
    dial: dialDirect,
    workspace: await openWorkspace(join(folder, 'workspace')),
    inventory: async () => Promise.reject(new Error('none in this test')),
    onRestart: () => ends.push('restart'),
    onUnenrolled: () => ends.push('unenrolled'),
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined },
  });
  agents.push(agent);
  return agent;
}

async function connected(): Promise<Agent> {
  const agent = await agentHere();
  await agent.start();
  await until(() => expect(agent.status().connection).toBe('connected'));
  return agent;
}

const results = () =>
  server.received.flatMap((frame) => (frame.kind === 'report' && frame.item.type === 'result' ? [frame.item] : []));
const command = (kind: Command, id = newCommandId()) => {
  const shares = [Buffer.alloc(32, 7).toString('base64')];
  server.send({ kind: 'command', id, command: kind, shares, expires: Date.now() + 60_000 });
  return id;
};

describe('enrolment', () => {
  it('ends with list and record stored, key and store for this user alone', async () => {
    const { device } = await enrolBy(server.link());
    const status = (await agentHere()).status();
    expect(status).toMatchObject({ device, generation: 1, list: 1, record: 1, root: 1, connection: 'stopped' });
    for (const name of readdirSync(join(folder, 'identity'))) {
      expect(statSync(join(folder, 'identity', name)).mode & 0o777).toBe(0o600);
    }
    expect(statSync(join(folder, 'agent.db')).mode & 0o777).toBe(0o600);
  });

  it('refuses a server whose authority is another than the link’s, and leaves nothing behind', async () => {
    await expect(enrolBy(server.link('ab'.repeat(32)))).rejects.toMatchObject({ code: 'fingerprint_mismatch' });
    expect(keeper().load()).toBeNull();
  });

  it('goes on with the same key and certificate when it was interrupted before the documents', async () => {
    const link = server.link();
    const { list } = server.serve;
    server.serve.list = { ...list, envelope: { ...list.envelope, signatures: [] } };
    await expect(enrolBy(link)).rejects.toMatchObject({ code: 'signature_invalid' });
    const before = keeper().load();
    expect(before).toMatchObject({ complete: false });
    expect(() => keeper().current()).toThrow(expect.objectContaining({ code: 'not_found' }));
    server.serve.list = list;
    await enrolBy(link);
    expect(keeper().current()).toMatchObject({ keyPem: before?.keyPem, chainPem: before?.chainPem });
  });

  it('finishes with the kept key when the answer to a used code was lost', async () => {
    const link = server.link();
    server.serve.answer = 'lost';
    await expect(enrolBy(link)).rejects.toThrow();
    const before = keeper().load();
    expect(before).toMatchObject({ complete: false, chainPem: null });
    server.serve.answer = 'given';
    expect(await enrolBy(link)).toMatchObject({ keyPem: before?.keyPem });
    expect(server.serve.redeemed).toBe(2);
  });

  it('case 9: a used code answers no other key', async () => {
    const link = server.link();
    await enrolBy(link);
    keeper().destroy();
    await expect(enrolBy(link)).rejects.toMatchObject({ code: 'code_used' });
  });

  it('keeps its identity against another link, unless it is told to give it up', async () => {
    const first = await enrolBy(server.link());
    const other = server.link();
    await expect(enrolBy(other)).rejects.toMatchObject({ code: 'conflict' });
    const mistyped = other.replace(/ca=[0-9a-f]{8}/, 'ca=00000000');
    await expect(enrolBy(mistyped, true)).rejects.toMatchObject({ code: 'fingerprint_mismatch' });
    expect(keeper().current()).toMatchObject({ device: first.device });
    const second = await enrolBy(other, true);
    expect(second.device).not.toBe(first.device);
    expect(store.device(first.device).list()).toBeNull();
  });
});

describe('the agent', () => {
  it('renews at two thirds of the certificate’s life, with the same key', async () => {
    await enrolBy(server.link());
    const agent = await agentHere();
    const before = keeper().current();
    await agent.tick();
    expect(server.serve.renewals).toBe(0);
    vi.useFakeTimers({ now: Date.now() + 21 * 86_400_000, toFake: ['Date'] });
    await agent.tick();
    vi.useRealTimers();
    expect(server.serve.renewals).toBe(1);
    expect(keeper().current().chainPem).not.toBe(before.chainPem);
    expect(keeper().current().keyPem).toBe(before.keyPem);
  });

  it('carries a command out once, however often it is sent, and reports it once', async () => {
    await enrolBy(server.link());
    const agent = await connected();
    const id = command({ kind: 'lock-workspace' });
    command({ kind: 'lock-workspace' }, id);
    command({ kind: 'message', text: 'The office is closed.' });
    await until(() => expect(results()).toHaveLength(2));
    command({ kind: 'lock-workspace' }, id);
    const after = command({ kind: 'unlock-workspace' });
    await until(() => expect(results().at(-1)?.command).toBe(after));
    expect(results().filter((result) => result.command === id)).toHaveLength(1);
    expect(server.received.filter((frame) => frame.kind === 'command-stored' && frame.id === id)).toHaveLength(3);
    expect(store.device(agent.status().device).messages()).toMatchObject([{ text: 'The office is closed.' }]);
  });

  it('finishes after a restart what was killed in the middle, and reports it once', async () => {
    const { device } = await enrolBy(server.link());
    const id = newCommandId();
    const kept = store.device(device);
    kept.beginGeneration(1);
    kept.storeCommand({ id, command: { kind: 'wipe-workspace' }, expires: Date.now() - 1 });
    // Marked as started, and then kill -9: it has to be done, though it has expired meanwhile.
    kept.startCommand(id);
    const agent = await connected();
    await until(() => expect(results()).toMatchObject([{ command: id, outcome: 'done' }]));
    expect(agent.status().workspace).toBe('wiped');
    await agent.stop();
    await connected();
    expect(results()).toHaveLength(1);
  });

  it('says that a command came too late instead of carrying it out', async () => {
    await enrolBy(server.link());
    await connected();
    server.send({ kind: 'command', id: newCommandId(), command: { kind: 'wipe-workspace' }, expires: Date.now() - 1 });
    await until(() => expect(results()).toMatchObject([{ outcome: 'expired' }]));
  });

  it('sends again on the next connection what was not confirmed, with the same number, and resumes its TLS session', async () => {
    await enrolBy(server.link());
    server.serve.confirm = false;
    const agent = await connected();
    const numbers = () => server.received.flatMap((frame) => (frame.kind === 'report' ? [frame.seq] : []));
    command({ kind: 'lock-workspace' });
    await until(() => expect(numbers()).toEqual([1]));
    expect(agent.status().unsent).toBe(1);
    server.serve.confirm = true;
    for (const socket of server.sockets) socket.terminate();
    await until(() => expect(agent.status().unsent).toBe(0));
    expect(numbers()).toEqual([1, 1]);
    expect(server.serve).toMatchObject({ upgrades: 2, resumed: 1 });
  });

  it('drops the link when there is no network, dials nothing, and is back at once when there is', async () => {
    await enrolBy(server.link());
    const agent = await connected();
    agent.network(false);
    await until(() => expect(agent.status().connection).toBe('waiting'));
    await agent.tick();
    expect(server.serve.upgrades).toBe(1);
    agent.network(true);
    await until(() => expect(agent.status().connection).toBe('connected'));
  });

  it('leaves in order: result first, then keys and state are gone', async () => {
    const { device } = await enrolBy(server.link());
    await connected();
    command({ kind: 'unenrol' });
    await until(() => expect(ends).toEqual(['unenrolled']));
    expect(results()).toMatchObject([{ outcome: 'done' }]);
    expect(readdirSync(join(folder, 'identity'))).toEqual([]);
    expect(store.device(device).list()).toBeNull();
  });

  it('restarts when the result is durable', async () => {
    await enrolBy(server.link());
    await connected();
    command({ kind: 'restart-agent' });
    await until(() => expect(ends).toEqual(['restart']));
    await until(() => expect(results()).toMatchObject([{ outcome: 'done' }]));
  });

  it('stops when the signed revocation list names its certificate, and says so', async () => {
    await enrolBy(server.link());
    const agent = await connected();
    server.serve.revoked = [...server.serve.issued];
    for (const socket of server.sockets) socket.close(4403);
    await until(() => expect(agent.status().connection).toBe('revoked'));
    expect(agent.status().connectionDetail).toMatch(/signed revocation list confirms it\. Enrol the device again/);
    await agent.tick();
    expect(server.serve.upgrades).toBe(1);
  });

  const refusal403 = (code: string) => ({
    status: 403,
    headers: 'content-type: application/problem+json\r\n',
    body: JSON.stringify({ code, detail: 'Enrol the device again with a new activation link.' }),
  });
  it.each([
    ['the server closes the connection as revoked', null, 'nothing'],
    ['the server does not know the certificate', 'certificate_unknown', 'nothing'],
    ['the server says that it is revoked', 'certificate_revoked', 'nothing'],
    ['the server says that it is superseded', 'certificate_superseded', 'nothing'],
    ['the list names another device', 'certificate_revoked', 'another device'],
    ['another authority signs the list', 'certificate_revoked', 'another authority'],
  ] as const)('keeps its identity and connects again later: %s', async (_case, code, list) => {
    const other = testAuthority();
    try {
      await enrolBy(server.link());
      const agent = await connected();
      if (list === 'another device') server.serve.revoked = [`4${'0'.repeat(31)}`];
      if (list === 'another authority')
        Object.assign(server.serve, { revoked: [...server.serve.issued], revokedBy: other.authority });
      if (code !== null) server.serve.refuse = refusal403(code);
      for (const socket of server.sockets) socket.close(code === null ? 4403 : 1001);
      await until(() => expect(agent.status().connection).toBe('rejected'));
      expect(agent.status().connectionDetail).toMatch(
        /No signed revocation list confirms it, so the agent tries again\./,
      );
      server.serve.refuse = null;
      await until(() => expect(agent.status().connection).toBe('connected'));
      const alarms = () =>
        server.received.flatMap((frame) =>
          frame.kind === 'report' && frame.item.type === 'alarm' ? [frame.item.code] : [],
        );
      await until(() => expect(alarms()).toEqual(['certificate_rejected']));
    } finally {
      other.remove();
    }
  });

  it('case 14: stays away for minutes when another connection with its identity took over', async () => {
    await enrolBy(server.link());
    const agent = await connected();
    for (const socket of server.sockets) socket.close(4409);
    await until(() => expect(agent.status().connection).toBe('waiting'));
    expect(agent.status().connectionDetail).toMatch(/took over/);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(server.serve.upgrades).toBe(1);
  });

  it('refused by HTTP 451 it stores the list that came with it, hands in receipts, and is back when the order is withdrawn', async () => {
    await enrolBy(server.link());
    const { people, online, serve } = server;
    const terms = {
      ...TERMS,
      nexus: ['home' as const],
      services: ['management' as const, 'mail' as const],
      effective: new Date(NOW).toISOString(),
    };
    const order = signedRevision(revisionDocument({ terms }), people);
    const shut = signedList([order], online, { version: 2, previous: serve.list.hash });
    serve.list = shut;
    serve.refuse = {
      status: 451,
      headers: 'retry-after: 3600\r\ncontent-type: application/problem+json\r\n',
      body: JSON.stringify({
        code: 'service_denied',
        detail: 'denied by order 2015-001',
        list: shut.envelope,
        address: { time: NOW + 7_200_000, areas: ['PK'] },
      }),
    };
    const agent = await agentHere();
    await agent.start();
    await until(() => expect(agent.status().connection).toBe('refused'));
    expect(agent.status()).toMatchObject({ list: 2, connectionDetail: 'denied by order 2015-001' });
    expect(agent.gate('management')).toMatchObject({
      open: false,
      denials: [{ order: '2015-001', reasons: ['home'] }],
    });
    expect(agent.gate('messaging').open).toBe(true);
    expect(agent.status().location).toMatchObject({ areas: ['PK'], source: 'address' });
    expect(agent.status().now).toBeGreaterThanOrEqual(NOW + 7_200_000);
    await until(() => expect(server.posted.length).toBeGreaterThanOrEqual(3));
    await until(() => expect(agent.status().unsent).toBe(0));

    const withdrawn = revisionDocument({
      terms,
      revision: 2,
      previous: order.digest,
      act: 'withdraw',
      status: 'withdrawn',
    });
    serve.list = signedList([signedRevision(withdrawn, people)], online, { version: 3, previous: shut.hash });
    serve.refuse = null;
    await agent.tick();
    await until(() => expect(agent.status().connection).toBe('connected'));
    expect(agent.gate('management').open).toBe(true);
    expect(agent.gate('mail').open).toBe(true);
  });

  it('asks for what is kept from the public when a list comes without it: connected, refused, and when it enrols', async () => {
    await enrolBy(server.link());
    const { people, online, serve } = server;
    const agent = await connected();
    const terms = {
      ...TERMS,
      nexus: ['home' as const],
      effective: new Date(NOW).toISOString(),
      publication: { law: 'section 5' },
    };
    const document = revisionDocument({ terms, salt: 'a'.repeat(64) });
    const list = signedList([signedStub(document, people)], online, { version: 2, previous: serve.list.hash });
    const alarms = () =>
      server.received.flatMap((frame) =>
        frame.kind === 'report' && frame.item.type === 'alarm' ? [frame.item.code] : [],
      );
    serve.list = list;
    server.send({ kind: 'list', envelope: list.envelope });
    await until(() => expect(alarms()).toEqual(['withheld_missing']));
    await agent.maintain();
    expect(agent.gate('messaging').open).toBe(true);
    const whole = signedRevision(document, people);
    serve.withheld = [whole];
    await agent.maintain();
    expect(agent.gate('messaging')).toMatchObject({ open: false, denials: [{ title: TERMS.title }] });
    await agent.maintain();
    expect(alarms()).toEqual(['withheld_missing']);

    const ended = { ...document, revision: 2, previous: whole.digest };
    const withdrawn = revisionDocument({ ...ended, act: 'withdraw', status: 'withdrawn' });
    serve.list = signedList([signedStub(withdrawn, people)], online, { version: 3, previous: list.hash });
    serve.withheld = [signedRevision(withdrawn, people)];
    serve.refuse = { status: 451, body: JSON.stringify({ code: 'service_denied' }), headers: '' };
    agent.network(false);
    agent.network(true);
    await until(() => expect(agent.status().connection).toBe('refused'));
    await agent.tick();
    expect(agent.gate('messaging').open).toBe(true);
    expect(agent.status().list).toBe(3);
  });

  it('denied management by its own verdict it leaves a server that is late, dials nobody, and is back when the order ends', async () => {
    await enrolBy(server.link());
    const { people, online, serve } = server;
    const agent = await connected();
    const terms = {
      ...TERMS,
      nexus: ['home' as const],
      services: ['management' as const],
      effective: new Date(NOW).toISOString(),
    };
    const order = signedRevision(revisionDocument({ terms }), people);
    const shut = signedList([order], online, { version: 2, previous: serve.list.hash });
    serve.list = shut;
    server.send({ kind: 'list', envelope: shut.envelope });
    await until(() => expect(agent.gate('management').open).toBe(false));
    // The receipts go over the connection first: informed of the order, enforced, and told of as it begins.
    const receipts = () =>
      server.received.filter((frame) => frame.kind === 'report' && frame.item.type === 'receipt').length;
    await until(() => expect(receipts()).toBe(3));
    expect(agent.status().connection).toBe('connected');
    await until(() => expect(agent.status().connection).toBe('refused'));
    expect(agent.status().connectionDetail).toMatch(/2015-001/);
    await agent.tick();
    expect(serve.upgrades).toBe(1);
    await agent.stop();

    const again = await agentHere();
    await again.start();
    await until(() => expect(again.status().connection).toBe('refused'));
    expect(serve.upgrades).toBe(1);
    const end = { terms, revision: 2, previous: order.digest, act: 'withdraw' as const, status: 'withdrawn' as const };
    const open = [signedRevision(revisionDocument(end), people)];
    serve.list = signedList(open, online, { version: 3, previous: shut.hash });
    await again.tick();
    await until(() => expect(again.status().connection).toBe('connected'));
    expect(serve.upgrades).toBe(2);
  });

  it('polling while refused it learns from its record’s answer that it has moved', async () => {
    await enrolBy(server.link());
    const { people, online, serve } = server;
    serve.address = ['PK'];
    const terms = {
      ...TERMS,
      nexus: ['present' as const],
      services: ['management' as const],
      effective: new Date(NOW).toISOString(),
    };
    const order = signedRevision(revisionDocument({ terms }), people);
    serve.list = signedList([order], online, { version: 2, previous: serve.list.hash });
    serve.refuse = {
      status: 451,
      headers: '',
      body: JSON.stringify({
        code: 'service_denied',
        list: serve.list.envelope,
        address: { time: serve.now, areas: ['PK'] },
      }),
    };
    const agent = await agentHere();
    await agent.start();
    await until(() => expect(agent.gate('management').open).toBe(false));
    serve.refuse = null;
    await agent.tick();
    expect(agent.status().connection).toBe('refused');
    serve.address = ['IT'];
    serve.now += 3_600_000;
    await agent.tick();
    // One address says it; ten minutes uncontradicted and it counts.
    serve.now += 660_000;
    await agent.tick();
    await until(() => expect(agent.status().connection).toBe('connected'));
  });
});
