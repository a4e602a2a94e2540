/** The orders module over a real store, with people who have real keys, and devices that stand where a test says. */

import { type Bus, LocalBus, type Wake } from '../../server/bus/bus.ts';
import { createDisputedPolicies, type DisputedPolicies } from '../../server/jurisdiction/disputed-policies.ts';
import { createNamedAreas, type NamedAreas } from '../../server/jurisdiction/named-areas.ts';
import { createOrders, type Orders } from '../../server/orders/orders.ts';
import type { DevicePersonalia, FleetPort, JurisdictionPort, PlaceFacts } from '../../server/orders/ports.ts';
import type { Proposal } from '../../server/orders/proposals.ts';
import { NOTHING_WAITS, type StandingStore as StandingPort } from '../../server/orders/rehearsal.ts';
import type { Database } from '../../server/store/database.ts';
import { DisputedPolicyStore } from '../../server/store/disputed-policy-store.ts';
import { ExecutionStore } from '../../server/store/execution-store.ts';
import { ExitStore } from '../../server/store/exit-store.ts';
import { HoldStore } from '../../server/store/hold-store.ts';
import { NamedAreaStore } from '../../server/store/named-area-store.ts';
import { NamesStore } from '../../server/store/names-store.ts';
import { OrderStore } from '../../server/store/order-store.ts';
import { PaperStore } from '../../server/store/paper-store.ts';
import { ProgressStore } from '../../server/store/progress-store.ts';
import { ReceiptStore } from '../../server/store/receipt-store.ts';
import { StandingStore } from '../../server/store/standing-store.ts';
import { parsePlace } from '../../shared/areas/area-code.ts';
import { approvalOf, signRootPayload } from '../../shared/order/approver-key.ts';
import {
  type DeviceId,
  type GroupId,
  newAccountId,
  newDeviceId,
  newGroupId,
  newPersonId,
} from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { emptyLocation, observe } from '../../shared/verdict/locate.ts';
import { testCustody } from './custody.ts';
import { INSTALLATION, NOW, TERMS, type TestKey, testKey } from './signed-documents.ts';

export interface Person {
  readonly id: ReturnType<typeof newPersonId>;
  readonly key: TestKey;
}

export const PROPOSAL: Proposal = { ...TERMS, effective: '2015-12-01T00:00' };

export interface OrderWorld {
  readonly clock: DrivenClock;
  readonly bus: Bus;
  readonly wakes: Wake[];
  readonly alarms: string[];
  readonly online: TestKey;
  readonly group: GroupId;
  readonly devices: Map<DeviceId, PlaceFacts>;
  readonly people: { readonly proposer: Person; readonly ada: Person; readonly ben: Person; readonly cyd: Person };
  readonly areas: NamedAreas;
  readonly policies: DisputedPolicies;
  orders: Orders;
  /** A second instance over the same store: another node, or this one after a crash. */
  reopen(): Promise<Orders>;
  addDevice(area: string): DeviceId;
  addKey(person: Person['id']): Promise<TestKey>;
  /** `organisationKeys`: left out, those before stay. */
  root(people: readonly Person[], signers: readonly Person[], organisationKeys?: readonly TestKey[]): Promise<void>;
  sign(
    order: string,
    revision: number,
    person: Person,
  ): Promise<{ adopted: boolean; code: string | null; detail: string }>;
  stop(): Promise<void>;
}

/** The modules beside this one, for tests that are about them too. */
export type Neighbours = (shared: { readonly clock: DrivenClock; readonly bus: Bus }) => {
  readonly fleet: Omit<FleetPort, 'alarm'>;
  readonly jurisdiction: JurisdictionPort;
};

export async function openOrderWorld(database: Database, neighbours?: Neighbours): Promise<OrderWorld> {
  const clock = new DrivenClock(NOW);
  const bus = new LocalBus();
  const real = neighbours?.({ clock, bus });
  const online = testKey();
  const store = new OrderStore(database);
  const group = newGroupId();
  const devices = new Map<DeviceId, PlaceFacts>();
  const wakes: Wake[] = [];
  const alarms: string[] = [];
  bus.subscribe((wake) => void wakes.push(wake));
  const opened: Orders[] = [];

  async function register(person: Person['id'], key: TestKey): Promise<void> {
    const account = newAccountId();
    const { db } = database;
    await db
      .insertInto('persons')
      .values({ id: person, subject: person, name: person, folded: person, status: 'active', created_at: NOW })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
    await db
      .insertInto('accounts')
      .values({
        id: account,
        person_id: person,
        email: `${account}@example.com`,
        email_key: `${account}@example.com`,
        name: account,
        password_hash: null,
        totp_sealed: null,
        totp_last_step: 0,
        status: 'active',
        created_at: NOW,
      })
      .execute();
    await db
      .insertInto('approver_keys')
      .values({
        keyid: key.keyid,
        person_id: person,
        account_id: account,
        public_key: key.publicKey,
        registered_at: NOW,
      })
      .execute();
  }

  async function somebody(): Promise<Person> {
    const person = { id: newPersonId(), key: testKey() };
    await register(person.id, person.key);
    return person;
  }

  const standing: Pick<StandingStore, keyof StandingPort> = {
    standing: async (asked) => {
      const known = [...devices].filter(([device]) => asked.includes(device));
      return new Map(known.map(([device, place]) => [device, { place, user: '', connected: false, listVersion: 0 }]));
    },
    standingAndDues: async (asked) => {
      const known = await standing.standing(asked);
      return new Map([...known].map(([device, one]) => [device, { ...one, waits: NOTHING_WAITS, informed: false }]));
    },
    activeDevices: async () => devices.size,
  };

  const areas = createNamedAreas({ store: new NamedAreaStore(database), clock });
  const policies = createDisputedPolicies({ store: new DisputedPolicyStore(database), clock });

  async function open(): Promise<Orders> {
    const orders = createOrders({
      store,
      executed: new ExecutionStore(database),
      exits: new ExitStore(database),
      holds: new HoldStore(database),
      receipts: new ReceiptStore(database),
      standing: real ? new StandingStore(database) : standing,
      told: new ProgressStore(database),
      papers: new PaperStore(database),
      areas,
      policy: policies,
      sealer: testCustody(),
      names: new NamesStore(database),
      people: {
        spellingsOf: async (persons) => {
          const accounts = await database.db.selectFrom('accounts').selectAll().execute();
          return accounts.filter((each) => persons.has(each.person_id)).flatMap(({ name, email }) => [name, email]);
        },
      },
      largeShare: 10,
      clock,
      bus,
      online,
      installation: INSTALLATION,
      appeal: 'the desk',
      log: {
        warn: (fields, message) => {
          throw new Error(`${message}: ${JSON.stringify(fields)}`);
        },
      },
      fleet: {
        personalia: async (device): Promise<DevicePersonalia | null> => {
          const place = devices.get(device);
          const { home, seat } = place ?? {};
          return place
            ? {
                generation: 1,
                home: home ?? null,
                seat: seat ?? null,
                group: { name: 'all' },
                statement: null,
                underHold: false,
              }
            : null;
        },
        devicesOf: async () => [...devices.keys()],
        ...real?.fleet,
        alarm: async (_device, code) => void alarms.push(code),
      },
      jurisdiction: real?.jurisdiction ?? {
        facts: async (asked) => new Map([...devices].filter(([device]) => asked.includes(device))),
        affectedBy: async () => [...devices.keys()],
        past: () => Promise.reject(new Error('not here')),
      },
    });
    opened.push(orders);
    await orders.start();
    return orders;
  }

  const people = { proposer: await somebody(), ada: await somebody(), ben: await somebody(), cyd: await somebody() };
  const world: OrderWorld = {
    areas,
    policies,
    clock,
    bus,
    wakes,
    alarms,
    online,
    group,
    devices,
    people,
    orders: await open(),
    reopen: async () => {
      world.orders = await open();
      return world.orders;
    },
    addDevice: (area) => {
      const device = newDeviceId();
      const areas = [parsePlace(area)];
      const at = NOW;
      // Other agreeing sources, so that a location is not what these tests are about.
      const location = observe(emptyLocation(), { source: 'statement', areas, at, until: at + 1e12 });
      devices.set(device, { home: parsePlace(area), seat: null, location });
      return device;
    },
    addKey: async (person) => {
      const key = testKey();
      await register(person, key);
      return key;
    },
    root: async (members, signers, organisation) => {
      const keyids = members.map(({ key }) => key.keyid);
      const organisationKeys = organisation?.map(({ publicKey }) => publicKey);
      const { version, payload } = await world.orders.proposeRoot({ threshold: 2, keyids, organisationKeys });
      for (const { id, key } of signers) {
        await world.orders.signRoot(id, version, { keyid: key.keyid, signature: signRootPayload(key, payload) });
      }
    },
    sign: async (order, revision, { id, key }) => {
      const { payload } = await world.orders.revision(order, revision);
      const approval = approvalOf(key, payload);
      return world.orders.approve(id, order, revision, approval);
    },
    stop: async () => {
      for (const orders of opened) await orders.stop();
    },
  };
  return world;
}
