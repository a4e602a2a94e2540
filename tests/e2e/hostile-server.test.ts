/**
 * An attacker who holds the server, its database and its online key can neither make nor end an order, nor bypass an approver. Real agents
 * receive lists that the online key has signed. The last tests show what SECURITY.md says such an attacker can do.
 */
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Agent } from '../../agent/agent.ts';
import { verdictView } from '../../shared/api/devices.ts';
import { verifyApproverSets } from '../../shared/order/approvers.ts';
import { canonicalText, parseDocument } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import {
  deviceRecordSchema,
  orderListSchema,
  PAYLOAD_TYPES,
  type Revision,
  revisionSchema,
} from '../../shared/order/documents.ts';
import { payloadOf } from '../../shared/order/dsse.ts';
import { newSalt } from '../../shared/order/exemption.ts';
import type { ServerFrame } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { ReportItem } from '../../shared/protocol/report-item.ts';
import { ATTACKS, another, BEGIN, HOUR, iso, type Loot, listWith, record } from '../support/attacks.ts';
import { type Captured, openCaptured } from '../support/captured-server.ts';
import { type HostileServer, startHostileServer } from '../support/hostile-server.ts';
import { until } from '../support/until.ts';

const DAY = 24 * HOUR;

const nameOf = (index: number) => `device ${index}`;
/** Gates as the approvers decided: order 2026-001 suspends messaging, and mail is open while one person's pause lasts. */
const gates = (agent: Agent) =>
  agent.status().gates.map(({ service, open, denials }) => `${service} ${open ? 'open' : denials.map((d) => d.order)}`);
const DECIDED = ['enrollment open', 'management open', 'messaging 2026-001', 'mail open'];
const LAPSED = ['enrollment open', 'management open', 'messaging 2026-001', 'mail 2026-002'];

let captured: Captured;
let loot: Loot;
let hostile: HostileServer;
const told = new Map<DeviceId, readonly ServerFrame[]>();

const alertsTo = (server: HostileServer, device: DeviceId) =>
  (server.reported.get(device) ?? []).flatMap((item: ReportItem) => (item.type === 'alert' ? [item] : []));

/** History before the attack: two orders for PK, one revised and with an exemption, the other paused by one person. */
async function live(): Promise<void> {
  const { operator, clock } = captured;
  const exempt = captured.agent('exempt').status().device;
  const terms = {
    title: 'Messaging in PK',
    areas: ['PK'],
    services: ['messaging'],
    nexus: ['home'],
    effective: iso(BEGIN + HOUR),
    unknown: 'allow',
    contested: 'allow',
    travelers: 'deny',
    authority: 'Regulator',
    addressee: 'operators',
    instrument: 'directive 1',
    statement: { en: 'Service ends.' },
  };
  await operator.adopt(await operator.propose({ ...terms, exempt: [{ device: exempt }] }));
  await operator.adopt(await operator.propose({ ...terms, title: 'Mail in PK', services: ['mail'] }));
  clock.jump(BEGIN + 2 * HOUR);
}

beforeAll(async () => {
  captured = await openCaptured(BEGIN);
  const { operator, clock } = captured;
  const names = [...ATTACKS.keys()].map(nameOf);
  for (const name of [...names, 'exempt', 'freeze', 'salts', 'moved', 'silenced', 'hurried', 'ahead', 'tampered']) {
    await captured.enroll(name, 'PK');
  }
  await live();
  const older = await captured.list();
  await operator.adopt(await operator.act('2026-001', { action: 'revise', title: 'Messaging in PK, again' }));
  const { revision } = await operator.act('2026-002', { action: 'pause' });
  const [ada, ben, cleo] = operator.approvers.map(({ key }) => key);
  const [adaHerself] = operator.approvers;
  if (!ada || !ben || !cleo || !adaHerself) throw new Error('the approvers have no keys');
  await operator.approve('2026-002', revision, adaHerself);

  const newest = await captured.list();
  const payload = payloadOf(newest, PAYLOAD_TYPES.list);
  const list = parseDocument(orderListSchema, payload);
  const approverSets = await captured.approverSets();
  const { approvers, digest } = verifyApproverSets(null, approverSets);
  for (const name of [...names, 'freeze', 'salts', 'moved', 'silenced', 'hurried', 'ahead', 'tampered']) {
    const agent = captured.agent(name);
    await until(() => {
      expect(agent.status()).toMatchObject({ connection: 'connected', list: list.version, unsent: 0 });
      expect(gates(agent)).toEqual(DECIDED);
    });
  }
  await until(() => expect(captured.agent('exempt').gate('messaging').open).toBe(true));
  const [closed, base, hold] = list.orders;
  const [closedBefore] = parseDocument(orderListSchema, payloadOf(older, PAYLOAD_TYPES.list)).orders;
  if (!closed || !base || !hold || !closedBefore) throw new Error('the list is not what it should be');

  await captured.stop();
  const stolen = await captured.edit(async ({ db }) => ({
    salt: await db.selectFrom('order_exemptions').select('salt').executeTakeFirstOrThrow(),
    records: await db.selectFrom('device_records').select(['device_id', 'envelope']).execute(),
  }));
  const records = new Map(
    stolen.records.map(({ device_id, envelope }) => [
      device_id,
      parseDocument(deviceRecordSchema, payloadOf(JSON.parse(envelope), PAYLOAD_TYPES.record)),
    ]),
  );
  loot = {
    keys: captured.keys(),
    list,
    hash: sha256(payload),
    older,
    approverSet: { approvers, digest },
    closed,
    closedBefore,
    base,
    hold,
    exemptSalt: stolen.salt.salt,
    people: { ada, ben, cleo },
    personOf: ({ keyid }) => approvers.approvers.find((each) => each.keyid === keyid)?.person ?? '',
    record: (device) => {
      const found = records.get(device);
      if (!found) throw new Error(`no record of ${device}`);
      return found;
    },
  };
  for (const [index, [, forge]] of ATTACKS.entries()) {
    const { device } = captured.agent(nameOf(index)).status();
    told.set(device, forge(loot, device));
  }
  const idOf = (name: string) => captured.agent(name).status().device;
  const salts = [newSalt(), loot.exemptSalt].map((salt) => ({ order: '2026-001', salt }));
  told.set(idOf('salts'), [record(loot, idOf('salts'), { exemptions: salts })]);
  told.set(idOf('moved'), [record(loot, idOf('moved'), { home: 'DE' })]);
  told.set(idOf('hurried'), [{ kind: 'time', time: Date.parse(list.expiresAt) }]);
  told.set(idOf('silenced'), another(loot, []));
  const far = { version: Number.MAX_SAFE_INTEGER, expiresAt: iso(BEGIN + 10_000 * DAY) };
  told.set(idOf('ahead'), [
    listWith(loot, list.orders, far),
    record(loot, idOf('ahead'), { version: Number.MAX_SAFE_INTEGER }),
  ]);
  hostile = await startHostileServer({
    authority: loot.keys,
    installation: list.installation,
    port: captured.ports.device,
    now: () => clock.now(),
    tell: (device) => told.get(device) ?? [],
    confirms: (device) => ['silenced', 'ahead'].some((name) => idOf(name) === device),
  });
}, 120_000);
afterAll(() => captured.remove());

/** Connects at once, and waits until the device has received all frames of the hostile server. */
async function meet(name: string): Promise<Agent> {
  const agent = captured.agent(name);
  await until(async () => {
    await agent.tick();
    expect(agent.status().connection).toBe('connected');
  });
  return agent;
}

describe('an attacker with the server, its database and its online key', () => {
  it.each([...ATTACKS.entries()].map(([index, [name, , code, names]]) => ({ name, index, code, names })))(
    '$name: the gates stay as the approvers decided, and the alert names the attack',
    async ({ index, code, names }) => {
      const agent = await meet(nameOf(index));
      const { device } = agent.status();
      await until(() => {
        const found = alertsTo(hostile, device).filter((alert) => alert.code === code);
        expect(found.map(({ detail }) => detail)).toEqual([expect.stringMatching(names)]);
      });
      expect(gates(agent)).toEqual(DECIDED);
    },
  );

  it('exempts no device: neither an invented salt nor another device’s salt opens a commitment that approvers signed', async () => {
    const agent = await meet('salts');
    const { device } = agent.status();
    await until(() => expect(agent.status().record).toBe(loot.record(device).version + 1));
    expect(gates(agent)).toEqual(DECIDED);
  });

  it('case 28: starts no order early by a false time; the device keeps its time and raises an alert', async () => {
    const hurried = await meet('hurried');
    await until(() => {
      const codes = alertsTo(hostile, hurried.status().device).map(({ code }) => code);
      expect(codes).toContain('time_implausible');
    });
    expect(gates(hurried)).toEqual(DECIDED);
    expect(hurried.status()).toMatchObject({ authenticatedTime: false, now: captured.clock.now() });
  });

  it('can still send a false home area, and suppress the reports of devices', async () => {
    const moved = await meet('moved');
    await until(() =>
      expect(gates(moved)).toEqual(['enrollment open', 'management open', 'messaging open', 'mail open']),
    );
    const silenced = await meet('silenced');
    await until(() => {
      expect(alertsTo(hostile, silenced.status().device).map(({ code }) => code)).toEqual(['order_unverified']);
      expect(silenced.status().unsent).toBe(0);
    });
    expect(gates(silenced)).toEqual(DECIDED);
    const ahead = await meet('ahead');
    await until(() => expect(ahead.status()).toMatchObject({ list: Number.MAX_SAFE_INTEGER, unsent: 0 }));
  });

  it('prolongs no pause: after 72 hours every device suspends mail again, as the approvers decided', async () => {
    const { clock } = captured;
    clock.jump(BEGIN + 2 * HOUR + 72 * HOUR - 1);
    for (const index of ATTACKS.keys()) expect(gates(captured.agent(nameOf(index)))).toEqual(DECIDED);
    clock.jump(BEGIN + 2 * HOUR + 72 * HOUR);
    for (const index of ATTACKS.keys()) expect(gates(captured.agent(nameOf(index)))).toEqual(LAPSED);
  });

  it('case 35: by silence causes an alert when the list expires, and the order’s rule for expired lists applies', async () => {
    const agent = await meet('freeze');
    const { device } = agent.status();
    captured.clock.jump(Date.parse(loot.list.expiresAt));
    await until(() => expect(alertsTo(hostile, device).map(({ code }) => code)).toEqual(['list_expired']));
    expect(gates(agent)).toEqual(LAPSED);
  });

  it('is exposed: once the server is honest again, its admin reads every alert', async () => {
    await hostile.close();
    await captured.start();
    for (const [index, [, , code, names]] of ATTACKS.entries()) {
      const { device } = (await meet(nameOf(index))).status();
      await until(async () => {
        const found = (await captured.alerts(device)).filter((alert) => alert.code === code);
        expect(found.map(({ detail }) => detail)).toEqual([expect.stringMatching(names)]);
      });
    }
    for (const name of ['freeze', 'hurried']) {
      const { device } = (await meet(name)).status();
      await until(async () => {
        expect((await captured.alerts(device)).map(({ code }) => code)).toContain('list_expired');
      });
    }
  }, 60_000);

  it('leaves a trace even after suppressing the alert: the honest list no longer follows the device’s list', async () => {
    const { operator } = captured;
    const { device } = (await meet('silenced')).status();
    expect(await captured.alerts(device)).toEqual([]);
    // A document that was renewed meanwhile has the same version as the hostile server's, so the honest server does not send it again.
    await operator.adopt(await operator.act('2026-001', { action: 'revise', title: 'Messaging in PK, honestly' }));
    await until(async () => {
      expect((await captured.alerts(device)).map(({ code }) => code)).toEqual(['list_forked']);
    });
    // A device that received huge version numbers rejects the honest server's list and record, and raises an alert.
    const ahead = (await meet('ahead')).status().device;
    await until(async () => {
      const alerts = (await captured.alerts(ahead)).map(({ code, detail }) => `${code}: ${detail}`);
      expect(alerts).toContainEqual(expect.stringMatching(/^list_older: The device refused the list: /));
      expect(alerts).toContainEqual(expect.stringMatching(/^list_older: The device refused the device record: /));
    });
    expect(gates(captured.agent('ahead'))).toEqual(LAPSED);
  });
});

describe('the real server on an edited store', () => {
  let backup: string;

  /** Edits by SQL: an order marked as adopted, a withdrawal with another revision's signatures, and an invented order. */
  async function editStore(): Promise<void> {
    await captured.edit(async ({ db }) => {
      await sql`pragma foreign_keys = off`.execute(db);
      const last = await db
        .selectFrom('order_revisions')
        .selectAll()
        .where('order_number', '=', '2026-001')
        .orderBy('revision', 'desc')
        .executeTakeFirstOrThrow();
      const revision: Revision = parseDocument(revisionSchema, Buffer.from(last.payload));
      const add = async (changes: Partial<Revision>) => {
        const payload = canonicalText({ ...revision, ...changes });
        const { order, revision: number } = { ...revision, ...changes };
        const row = {
          ...last,
          order_number: order,
          revision: number,
          payload,
          digest: sha256(payload),
        };
        await db
          .insertInto('order_revisions')
          .values({ ...row, state: 'adopted' })
          .execute();
        return number;
      };
      const order = await db
        .selectFrom('orders')
        .selectAll()
        .where('number', '=', '2026-001')
        .executeTakeFirstOrThrow();
      await db
        .insertInto('orders')
        .values({ ...order, number: '2026-667', adopted_revision: 1, latest_revision: 1 })
        .execute();
      await add({ order: '2026-667', revision: 1, previous: null, action: 'propose' });

      const approvals = await db
        .selectFrom('order_approvals')
        .selectAll()
        .where('order_number', '=', '2026-001')
        .where('revision', '=', last.revision)
        .execute();
      const withdrawn = {
        revision: last.revision + 1,
        previous: last.digest,
        action: 'withdraw',
        status: 'withdrawn',
      } as const;
      const number = await add(withdrawn);
      await db
        .insertInto('order_approvals')
        .values(approvals.map((row) => ({ ...row, revision: number })))
        .execute();
      await db
        .updateTable('orders')
        .set({ adopted_revision: number, latest_revision: number })
        .where('number', '=', '2026-001')
        .execute();

      await db.deleteFrom('order_approvals').where('order_number', '=', '2026-002').execute();
      await db.deleteFrom('order_revisions').where('order_number', '=', '2026-002').execute();
      await db.deleteFrom('orders').where('number', '=', '2026-002').execute();
    });
  }

  it('signs a list of the edited orders, which no device accepts', async () => {
    const agent = await meet('tampered');
    await until(() => expect(agent.status().unsent).toBe(0));
    const before = agent.status().list;
    await captured.stop();
    backup = captured.copyStore();
    await editStore();
    // A new list is due. The server's own code creates it, and the online key signs it.
    captured.clock.jump(captured.clock.now() + DAY);
    await captured.start();
    await meet('tampered');
    await until(() => expect(agent.status().list).toBeGreaterThan(before));
    const { device } = agent.status();
    await until(async () => {
      const alerts = (await captured.alerts(device)).map(({ code, detail }) => `${code}: ${detail}`);
      expect(alerts).toContainEqual(expect.stringMatching(/^order_unverified: .*2026-667.*2 missing/));
      expect(alerts).toContainEqual(
        expect.stringMatching(/^order_unverified: Revision 4 of order 2026-001.*2 missing/),
      );
      expect(alerts).toContainEqual(expect.stringMatching(/^order_missing: .*2026-002/));
    });
    expect(gates(agent)).toEqual(LAPSED);
    // The attacker controls the gate on the server, but not the gate on the device.
    const { owner, as } = captured.operator;
    const verdict = await as(owner, 'GET', `/devices/${device}/verdict`, verdictView);
    expect(verdict.services.mail.allowed).toBe(true);
    expect(agent.messaging.state()).toEqual({ state: 'denied', orders: ['2026-001'] });
  });

  it('follows two approvers’ decision again once its store is restored, at most two lists later', async () => {
    await captured.stop();
    captured.putBack(backup);
    await captured.start();
    const { operator } = captured;
    for (const order of ['2026-001', '2026-002', '2026-001']) {
      const revision = await operator.act(order, { action: 'revise', title: `${order}, once more` });
      await operator.adopt(revision);
    }
    await operator.adopt(await operator.act('2026-001', { action: 'withdraw' }));
    await operator.adopt(await operator.act('2026-002', { action: 'withdraw' }));
    for (const name of [...[...ATTACKS.keys()].map(nameOf), 'freeze', 'salts', 'silenced', 'tampered']) {
      const agent = await meet(name);
      await until(() =>
        expect(gates(agent)).toEqual(['enrollment open', 'management open', 'messaging open', 'mail open']),
      );
    }
  }, 60_000);
});
