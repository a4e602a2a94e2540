import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Command } from '../shared/protocol/frames.ts';
import { newCommandId } from '../shared/protocol/ids.ts';
import { startAgentServer } from '../tests/support/agent-server.ts';
import { testAuthority } from '../tests/support/enrollment.ts';
import {
  NOW,
  revisionDocument,
  signedList,
  signedRevision,
  signedStub,
  TERMS,
} from '../tests/support/signed-documents.ts';
import { until } from '../tests/support/until.ts';
import type { Agent } from './agent.ts';
import { createAgent } from './device-agent.ts';
import { credentialFolder } from './enrollment/credential-folder.ts';
import { enroll } from './enrollment/enroll.ts';
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
const enrollBy = (link: string, replace = false) =>
  enroll(link, { keeper: keeper(), store, dial: dialDirect, replace });

/** Starts the agent as after a process start: all state comes from the disk. */
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

describe('enrollment', () => {
  it('stores list and record, and makes key and store readable for this user only', async () => {
    const { device } = await enrollBy(server.link());
    const status = (await agentHere()).status();
    expect(status).toMatchObject({ device, generation: 1, list: 1, record: 1, approverSet: 1, connection: 'stopped' });
    for (const name of readdirSync(join(folder, 'identity'))) {
      expect(statSync(join(folder, 'identity', name)).mode & 0o777).toBe(0o600);
    }
    expect(statSync(join(folder, 'agent.db')).mode & 0o777).toBe(0o600);
  });

  it('refuses a server whose CA is not the link’s CA, and stores nothing', async () => {
    await expect(enrollBy(server.link('ab'.repeat(32)))).rejects.toMatchObject({ code: 'fingerprint_mismatch' });
    expect(keeper().load()).toBeNull();
  });

  it('continues with the same key and certificate after an interruption before the documents', async () => {
    const link = server.link();
    const { list } = server.serve;
    server.serve.list = { ...list, envelope: { ...list.envelope, signatures: [] } };
    await expect(enrollBy(link)).rejects.toMatchObject({ code: 'signature_invalid' });
    const before = keeper().load();
    expect(before).toMatchObject({ complete: false });
    expect(() => keeper().current()).toThrow(expect.objectContaining({ code: 'not_found' }));
    server.serve.list = list;
    await enrollBy(link);
    expect(keeper().current()).toMatchObject({ keyPem: before?.keyPem, chainPem: before?.chainPem });
  });

  it('finishes with the stored key when the response to a used code was lost', async () => {
    const link = server.link();
    server.serve.answer = 'lost';
    await expect(enrollBy(link)).rejects.toThrow();
    const before = keeper().load();
    expect(before).toMatchObject({ complete: false, chainPem: null });
    server.serve.answer = 'given';
    expect(await enrollBy(link)).toMatchObject({ keyPem: before?.keyPem });
    expect(server.serve.redeemed).toBe(2);
  });

  it('case 9: a used code enrolls no other key', async () => {
    const link = server.link();
    await enrollBy(link);
    keeper().destroy();
    await expect(enrollBy(link)).rejects.toMatchObject({ code: 'code_used' });
  });

  it('keeps its identity when another link arrives, unless the command line replaces it', async () => {
    const first = await enrollBy(server.link());
    const other = server.link();
    await expect(enrollBy(other)).rejects.toMatchObject({ code: 'conflict' });
    const mistyped = other.replace(/ca=[0-9a-f]{8}/, 'ca=00000000');
    await expect(enrollBy(mistyped, true)).rejects.toMatchObject({ code: 'fingerprint_mismatch' });
    expect(keeper().current()).toMatchObject({ device: first.device });
    const second = await enrollBy(other, true);
    expect(second.device).not.toBe(first.device);
    expect(store.device(first.device).list()).toBeNull();
  });
});

describe('the agent', () => {
  it('renews the certificate after two thirds of its lifetime, with the same key', async () => {
    await enrollBy(server.link());
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

  it('runs a command once and reports it once, although the server sends it several times', async () => {
    await enrollBy(server.link());
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
    expect(store.device(agent.status().device).adminMessages(10)).toMatchObject([{ text: 'The office is closed.' }]);
  });

  it('finishes an interrupted command after a restart, and reports it once', async () => {
    const { device } = await enrollBy(server.link());
    const id = newCommandId();
    const kept = store.device(device);
    kept.beginGeneration(1);
    kept.storeCommand({ id, command: { kind: 'wipe-workspace' }, expires: Date.now() - 1 });
    // After a kill -9 during a command, the next start runs the command, even if it has expired.
    kept.startCommand(id);
    const agent = await connected();
    await until(() => expect(results()).toMatchObject([{ command: id, outcome: 'done' }]));
    expect(agent.status().workspace).toBe('wiped');
    await agent.stop();
    await connected();
    expect(results()).toHaveLength(1);
  });

  it('reports an expired command without running it', async () => {
    await enrollBy(server.link());
    await connected();
    server.send({ kind: 'command', id: newCommandId(), command: { kind: 'wipe-workspace' }, expires: Date.now() - 1 });
    await until(() => expect(results()).toMatchObject([{ outcome: 'expired' }]));
  });

  it('repeats an unconfirmed report on the next connection with the same number, and resumes its TLS session', async () => {
    await enrollBy(server.link());
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

  it('closes the link without a network, does not dial, and connects at once when the network returns', async () => {
    await enrollBy(server.link());
    const agent = await connected();
    agent.link.network(false);
    await until(() => expect(agent.status().connection).toBe('waiting'));
    await agent.tick();
    expect(server.serve.upgrades).toBe(1);
    agent.link.network(true);
    await until(() => expect(agent.status().connection).toBe('connected'));
  });

  it('unenrolls in order: it sends the result, then deletes keys and state', async () => {
    const { device } = await enrollBy(server.link());
    await connected();
    command({ kind: 'unenroll' });
    await until(() => expect(ends).toEqual(['unenrolled']));
    expect(results()).toMatchObject([{ outcome: 'done' }]);
    expect(readdirSync(join(folder, 'identity'))).toEqual([]);
    expect(store.device(device).list()).toBeNull();
  });

  it('restarts when the result is durable', async () => {
    await enrollBy(server.link());
    await connected();
    command({ kind: 'restart-agent' });
    await until(() => expect(ends).toEqual(['restart']));
    await until(() => expect(results()).toMatchObject([{ outcome: 'done' }]));
  });

  it('stops when the signed revocation list contains its certificate, and states the reason', async () => {
    await enrollBy(server.link());
    const agent = await connected();
    server.serve.revoked = [...server.serve.issued];
    for (const socket of server.sockets) socket.close(4403);
    await until(() => expect(agent.status().connection).toBe('revoked'));
    expect(agent.status().connectionDetail).toMatch(/signed revocation list confirms it\. Enroll the device again/);
    await agent.tick();
    expect(server.serve.upgrades).toBe(1);
  });

  const refusal403 = (code: string) => ({
    status: 403,
    headers: 'content-type: application/problem+json\r\n',
    body: JSON.stringify({ code, detail: 'Enroll the device again with a new activation link.' }),
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
      await enrollBy(server.link());
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
      const alerts = () =>
        server.received.flatMap((frame) =>
          frame.kind === 'report' && frame.item.type === 'alert' ? [frame.item.code] : [],
        );
      await until(() => expect(alerts()).toEqual(['certificate_rejected']));
    } finally {
      other.remove();
    }
  });

  it('says that an admin must readmit it after a restore, and connects when the server accepts it', async () => {
    await enrollBy(server.link());
    const agent = await connected();
    const detail = 'The server was restored from an older backup. An admin must readmit the device.';
    server.serve.refuse = {
      ...refusal403('certificate_not_restored'),
      body: JSON.stringify({ code: 'certificate_not_restored', detail }),
    };
    for (const socket of server.sockets) socket.close(1001);
    await until(() => expect(agent.status()).toMatchObject({ connection: 'unrestored', connectionDetail: detail }));
    server.serve.refuse = null;
    await until(() => expect(agent.status().connection).toBe('connected'));
    const alerts = server.received.flatMap((frame) =>
      frame.kind === 'report' && frame.item.type === 'alert' ? [frame.item.code] : [],
    );
    expect(alerts).toEqual([]);
  });

  it('case 14: waits for minutes after another connection with its identity replaced it', async () => {
    await enrollBy(server.link());
    const agent = await connected();
    for (const socket of server.sockets) socket.close(4409);
    await until(() => expect(agent.status().connection).toBe('waiting'));
    expect(agent.status().connectionDetail).toMatch(/replaced this one/);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(server.serve.upgrades).toBe(1);
  });

  it('stores the list from an HTTP 451, posts receipts, and connects when the order is withdrawn', async () => {
    await enrollBy(server.link());
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
      action: 'withdraw',
      status: 'withdrawn',
    });
    serve.list = signedList([signedRevision(withdrawn, people)], online, { version: 3, previous: shut.hash });
    serve.refuse = null;
    await agent.tick();
    await until(() => expect(agent.status().connection).toBe('connected'));
    expect(agent.gate('management').open).toBe(true);
    expect(agent.gate('mail').open).toBe(true);
  });

  it('fetches withheld revisions that a list lacks: connected, refused, and at enrollment', async () => {
    await enrollBy(server.link());
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
    const alerts = () =>
      server.received.flatMap((frame) =>
        frame.kind === 'report' && frame.item.type === 'alert' ? [frame.item.code] : [],
      );
    serve.list = list;
    server.send({ kind: 'list', envelope: list.envelope });
    await until(() => expect(alerts()).toEqual(['withheld_missing']));
    await agent.maintain();
    expect(agent.gate('messaging').open).toBe(true);
    const whole = signedRevision(document, people);
    serve.withheld = [whole];
    await agent.maintain();
    expect(agent.gate('messaging')).toMatchObject({ open: false, denials: [{ title: TERMS.title }] });
    await agent.maintain();
    expect(alerts()).toEqual(['withheld_missing']);

    const ended = { ...document, revision: 2, previous: whole.digest };
    const withdrawn = revisionDocument({ ...ended, action: 'withdraw', status: 'withdrawn' });
    serve.list = signedList([signedStub(withdrawn, people)], online, { version: 3, previous: list.hash });
    serve.withheld = [signedRevision(withdrawn, people)];
    serve.refuse = { status: 451, body: JSON.stringify({ code: 'service_denied' }), headers: '' };
    agent.link.network(false);
    agent.link.network(true);
    await until(() => expect(agent.status().connection).toBe('refused'));
    await agent.tick();
    expect(agent.gate('messaging').open).toBe(true);
    expect(agent.status().list).toBe(3);
  });

  it('disconnects when its own verdict denies management, does not dial, and connects when the order ends', async () => {
    await enrollBy(server.link());
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
    // Before the connection closes, it carries the receipts: the order was delivered, displayed and enforced.
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
    const end = {
      terms,
      revision: 2,
      previous: order.digest,
      action: 'withdraw' as const,
      status: 'withdrawn' as const,
    };
    const open = [signedRevision(revisionDocument(end), people)];
    serve.list = signedList(open, online, { version: 3, previous: shut.hash });
    await again.tick();
    await until(() => expect(again.status().connection).toBe('connected'));
    expect(serve.upgrades).toBe(2);
  });

  it('learns from the response to a poll that it has moved', async () => {
    await enrollBy(server.link());
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
    // A new address counts as evidence after ten minutes without a contradiction.
    serve.now += 660_000;
    await agent.tick();
    await until(() => expect(agent.status().connection).toBe('connected'));
  });
});
