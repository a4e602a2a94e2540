/**
 * kill -9 at random instants: of the server while orders are proposed, approved, paused, resumed and withdrawn, and of agents while an
 * order list arrives. Acknowledged changes stay, no list rolls back, each change is stored together with its ledger entry, and the gates
 * end in the right state.
 */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { receiptList } from '../../shared/api/affected-devices.ts';
import { orderList, orderView, revisionView } from '../../shared/api/orders.ts';
import { isCordonError } from '../../shared/errors.ts';
import { copyInFolder, copyLedger } from '../../shared/ledger/copy-ledger.ts';
import type { LedgerEntry } from '../../shared/ledger/ledger-entry.ts';
import { PREVIOUS_CHECKPOINT, verifyLedgerCopy } from '../../shared/ledger/verify-copy.ts';
import { readApproverSet, verifyApproverSets } from '../../shared/order/approvers.ts';
import { type Envelope, envelopeSchema } from '../../shared/order/documents.ts';
import { type KnownList, verifyList } from '../../shared/order/verify-list.ts';
import { Agents } from '../support/agents.ts';
import { type Operator, setUp } from '../support/operator.ts';
import { createOwnDatabase, type OwnDatabase, POSTGRES_SERVER } from '../support/postgres.ts';
import { publicBytes, publicJson, publicText } from '../support/public-json.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { needed } from '../support/tools.ts';
import { until } from '../support/until.ts';

const KILLS = Number(process.env['CORDON_FAULTS'] ?? 5);
/**
 * Number of store statements with which an agent stores an order list, enforces it and reports it. The agent is killed before each. Each
 * further order adds one statement.
 */
const STATEMENTS = 32;
/** Upper limit of the orders that an earlier test leaves to the next test. */
const MOST_ORDERS = 10 * KILLS;
const DEATHS = Math.max(KILLS, STATEMENTS);
const DAY = 86_400_000;
const TERMS = {
  title: 'An order',
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
const inFuture = (ms: number) => new Date(Date.now() + ms).toISOString();

let folder: string;
let server: ServerProcess;
let operator: Operator;

/** Starts the server of one suite on the given store, and removes all of it afterward. */
function withServer(store: 'sqlite' | 'postgres'): void {
  let own: OwnDatabase | null = null;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cordon-orders-kill-'));
    if (store === 'postgres') own = await createOwnDatabase(POSTGRES_SERVER, 'orders_kill');
    const mortal = import.meta.resolve(`../support/mortal-${store}.ts`);
    server = await startServerProcess({
      NODE_OPTIONS: `--import ${mortal}`,
      ...(own && { CORDON_DATABASE_URL: own.url }),
    });
    operator = await setUp(server.admin, server.firstOwner);
  }, 60_000);
  afterAll(async () => {
    await server.remove();
    await own?.drop();
    rmSync(folder, { recursive: true, force: true });
  });
}

const get = <S extends z.ZodType>(path: string, answer: S) => operator.as(operator.owner, 'GET', path, answer);
const ordersNow = async () => {
  const { orders } = await get('/orders', orderList);
  return Promise.all(orders.map(({ number }) => get(`/orders/${number}`, orderView)));
};
const latestList = async (): Promise<Envelope> => envelopeSchema.parse(await publicJson(server.public, '/orders/list'));

/** Changes that the server has confirmed. They must exist after every start. */
interface Promised {
  readonly proposals: Map<string, string>;
  readonly approvals: Set<string>;
  readonly adopted: Set<string>;
  readonly checkpoints: Set<string>;
  /** State of a device that has accepted every order list. */
  device: KnownList;
}

/** Makes random actions until the server is killed. Returns at the first broken connection. */
async function actUntilGone(promised: Promised): Promise<void> {
  const { approvers, proposer, as } = operator;
  try {
    for (;;) {
      const open = (await get('/orders', orderList)).orders.filter(({ status }) => status !== 'withdrawn');
      const order = open.length < 3 ? undefined : open[Math.floor(Math.random() * open.length)];
      const kinds = {
        proposed: ['revise', 'withdraw'],
        active: ['revise', 'pause', 'pause', 'extend', 'withdraw'],
        paused: ['resume', 'resume', 'withdraw'],
        withdrawn: [],
        expired: [],
        retracted: [],
        declined: [],
      }[order?.status ?? 'withdrawn'];
      const act = kinds[Math.floor(Math.random() * kinds.length)];
      const changes = act === 'extend' ? { effective: inFuture(Math.ceil(30 * DAY * (1 + Math.random()))) } : {};
      const made =
        order && act
          ? await as(proposer, 'POST', `/orders/${order.number}/revisions`, revisionView, { action: act, ...changes })
          : await operator.propose({ ...TERMS, effective: inFuture(30 * DAY) });
      const name = `${made.order}/${made.revision}`;
      promised.proposals.set(name, made.digest);
      for (const approver of approvers.slice(0, Math.floor(Math.random() * 3))) {
        const { adopted } = await operator.approve(made.order, made.revision, approver);
        promised.approvals.add(`${name} by ${approver.key?.keyid}`);
        if (adopted) promised.adopted.add(name);
      }
      promised.checkpoints.add(await publicText(server.public, '/ledger/checkpoint'));
      promised.device = await acceptLatestList(promised.device);
    }
  } catch (error) {
    if (isCordonError(error) || error instanceof z.ZodError || !isGone(error)) throw error;
  }
}

/** Returns true for a broken connection or a truncated response. */
const isGone = (error: unknown) => error instanceof TypeError || error instanceof SyntaxError || code(error) !== null;
const code = (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : null);

/** Verifies the newest order list as a device with the earlier lists does: it must not be older, forked, or lack an order. */
async function acceptLatestList(before: KnownList): Promise<KnownList> {
  const approverSet = verifyApproverSets(
    null,
    z.array(envelopeSchema).parse(await publicJson(server.public, '/orders/approver-sets')),
  );
  const envelope = await latestList();
  const { list, hash, orders, alerts } = verifyList({ envelope, approverSet, known: before, now: Date.now() });
  expect(alerts).toEqual([]);
  return { installation: before.installation, version: list.version, hash, orders };
}

/** Verifies the whole ledger entry by entry, and its consistency with every earlier checkpoint. Returns its entries. */
async function checkLedger(promised: Promised): Promise<LedgerEntry[]> {
  const copy = join(folder, 'ledger');
  mkdirSync(copy, { recursive: true });
  await copyLedger((path) => publicBytes(server.public, `/ledger/${path}`), copy);
  const read = copyInFolder(copy);
  let entries: LedgerEntry[] = [];
  for (const note of promised.checkpoints) {
    entries = [];
    await verifyLedgerCopy(async (path) => (path === PREVIOUS_CHECKPOINT ? Buffer.from(note) : read(path)), {
      onEntry: (_index, entry) => entries.push(entry),
    });
  }
  return entries;
}

async function expectOrdersOutliveKills(): Promise<void> {
  const [approverSet] = z.array(envelopeSchema).parse(await publicJson(server.public, '/orders/approver-sets'));
  if (!approverSet) throw new Error('there is no approver set');
  const { installation } = readApproverSet(approverSet).approvers;
  const promised: Promised = {
    proposals: new Map(),
    approvals: new Set(),
    adopted: new Set(),
    checkpoints: new Set([await publicText(server.public, '/ledger/checkpoint')]),
    device: { installation, version: 0, hash: null, orders: new Map() },
  };
  let between = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const before = promised.adopted.size;
    const acting = actUntilGone(promised);
    // In two of three rounds, at least one order was adopted since the server's start, even on a slow machine.
    if (kill % 3 > 0) await until(() => expect(promised.adopted.size).toBeGreaterThan(before), 60_000);
    await delay(100 + Math.random() * 400);
    const gone = once(server.process, 'exit');
    server.process.kill('SIGUSR2');
    await gone;
    if (server.process.signalCode === 'SIGKILL') between += 1;
    await server.kill();
    await acting;
    await server.start();

    const orders = await ordersNow();
    const revisions = new Map(
      orders.flatMap(({ number, revisions: all }) =>
        all.map((each): [string, (typeof all)[number]] => [`${number}/${each.revision}`, each]),
      ),
    );
    for (const [name, digest] of promised.proposals) expect(revisions.get(name)?.digest).toBe(digest);
    const approvals = [...revisions].flatMap(([name, each]) =>
      each.approvals.map(({ keyid }) => `${name} by ${keyid}`),
    );
    expect([...promised.approvals].filter((each) => !approvals.includes(each))).toEqual([]);
    const adopted = [...revisions].filter(([, each]) => each.adoptedAt !== null);
    expect([...promised.adopted].filter((name) => revisions.get(name)?.state !== 'adopted')).toEqual([]);

    promised.device = await acceptLatestList(promised.device);
    const listed = [...promised.device.orders.values()].map(({ revision }) => `${revision.order}/${revision.revision}`);
    const inEffect = orders.flatMap(({ number, adoptedRevision: at }) => (at === null ? [] : [`${number}/${at}`]));
    expect(listed.sort()).toEqual(inEffect.sort());

    const entries = await checkLedger(promised);
    const about = (kind: LedgerEntry['kind']) =>
      entries
        .filter((entry) => entry.kind === kind)
        .map(({ public: said }) => `${said['order']}/${said['revision']} ${said['digest']}`)
        .sort();
    const named = (given: typeof adopted) => given.map(([name, { digest }]) => `${name} ${digest}`).sort();
    expect(about('order.revision')).toEqual(named([...revisions]));
    expect(about('order.adopted')).toEqual(named(adopted));
    expect(about('order.approval')).toHaveLength(approvals.length);
    const lists = entries.filter(({ kind }) => kind === 'order.list').map(({ public: said }) => said['version']);
    expect(lists).toEqual(Array.from({ length: promised.device.version }, (_, index) => index + 1));
    expect(entries.findLast(({ kind }) => kind === 'order.list')?.public['digest']).toBe(promised.device.hash);
  }
  expect(promised.adopted.size).toBeGreaterThan(KILLS / 2);
  // Each kill came from inside the server, before a statement of the store.
  expect(between).toBe(KILLS);
  const { proposals, approvals, adopted, checkpoints } = promised;
  console.log(
    `${KILLS} kills: ${proposals.size} proposals, ${approvals.size} approvals, ${adopted.size} adoptions, list ${promised.device.version}, ${checkpoints.size} checkpoints`,
  );
}

const killed = `case 54: orders, list and ledger stay consistent when the server is killed with -9 ${KILLS} times during changes`;
const patience = { timeout: 60_000 + KILLS * 30_000 };

const { present } = needed('PostgreSQL', 'set CORDON_TEST_DATABASE_URL', POSTGRES_SERVER !== '');
describe.skipIf(!present)('on PostgreSQL', () => {
  withServer('postgres');
  it(killed, patience, expectOrdersOutliveKills);
});

describe('on SQLite', () => {
  withServer('sqlite');
  it(killed, patience, expectOrdersOutliveKills);

  it(`case 29: an agent has the right gate and one receipt per change when it is killed with -9 ${DEATHS} times between storing and enforcing`, {
    timeout: 60_000 + DEATHS * 20_000,
  }, async () => {
    const group = await operator.group('everyone', 'PK');
    const agents = new Agents(join(folder, 'agents'), 1);
    const settled = (isClosed: boolean) =>
      until(async () => {
        for (const state of await agents.states()) {
          expect(state).toMatchObject({ connection: 'connected', unsent: 0, shut: isClosed ? ['mail'] : [] });
        }
      }, 20_000);
    try {
      await agents.enroll([(await operator.code({ user: 'Zoe', group })).link]);
      const proposal = await operator.propose({ ...TERMS, effective: inFuture(4000) });
      const { order, revision } = proposal;
      await operator.adopt(proposal);
      await settled(true);
      // One planned notice was still due, and a pause does not repeat it.
      const expected = [`delivered ${revision}`, `delivered ${revision} at effective`, `enforced ${revision}`];
      const survived = new Set<number>();
      let isClosed = true;
      // The earlier test leaves a random number of orders. The loop therefore continues until the agent survives all of its statements.
      for (let death = 0; death < DEATHS || (survived.size === 0 && death < DEATHS + MOST_ORDERS); death += 1) {
        // The statement shifts by one each round, so that closing and opening a gate alternate at each statement.
        const statement = death < DEATHS ? (death + Math.floor(death / STATEMENTS)) % STATEMENTS : death;
        await agents.dieAfter(statement + 1);
        const made = await operator.act(order, { action: isClosed ? 'pause' : 'resume' });
        for (const approver of operator.approvers.slice(0, isClosed ? 1 : 2)) {
          await operator.approve(order, made.revision, approver);
        }
        isClosed = !isClosed;
        expected.push(`delivered ${made.revision}`, `${isClosed ? 'enforced' : 'restored'} ${made.revision}`);
        await until(() => expect(agents.dead).toBe(true), 400, 5).catch(() => survived.add(statement));
        await agents.restart();
        await settled(isClosed);
      }
      await until(async () => {
        const [agent] = await agents.states();
        const { receipts } = await get(`/orders/${order}/receipts?device=${agent?.device}`, receiptList);
        const about = receipts.map(({ kind, revision: of, notice }) => `${kind} ${of}${notice ? ` at ${notice}` : ''}`);
        expect(about.sort()).toEqual(expected.sort());
      });
      // The order needed fewer statements than were tried, so the agent was killed before every statement.
      expect(survived.size).toBeGreaterThan(0);
      console.log(`The agent survived from statement ${Math.min(...survived)} on.`);
    } finally {
      await agents.kill();
    }
  });
});
