/** The orders module over a real store. People have real keys, and the test sets the locations of the devices. */

import { type Bus, LocalBus, type Wake } from '../../server/bus/bus.ts';
import { createDeviceChanges, type DeviceChanges } from '../../server/bus/device-changes.ts';
import { createNamedAreas, type NamedAreas } from '../../server/jurisdiction/named-areas.ts';
import { createTerritoryPolicies, type TerritoryPolicies } from '../../server/jurisdiction/territory-policies.ts';
import type { Proposal } from '../../server/orders/drafting/proposals.ts';
import { type DeviceStateStore, NOTHING_WAITS } from '../../server/orders/impact/rehearsal.ts';
import { createOrders, type Orders } from '../../server/orders/orders.ts';
import type { DevicePersonalia, FleetPort, JurisdictionPort, LocationFacts } from '../../server/orders/ports.ts';
import type { Database } from '../../server/store/database.ts';
import { HoldStore } from '../../server/store/hold-store.ts';
import { NamedAreaStore } from '../../server/store/named-area-store.ts';
import { openOrderStores } from '../../server/store/order-stores.ts';
import { TerritoryPolicyStore } from '../../server/store/territory-policy-store.ts';
import { parseHomeArea } from '../../shared/areas/area-code.ts';
import { approvalOf, signApproverSetPayload } from '../../shared/order/approver-key.ts';
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
  readonly changes: DeviceChanges;
  readonly wakes: Wake[];
  readonly alerts: string[];
  readonly online: TestKey;
  readonly group: GroupId;
  readonly devices: Map<DeviceId, LocationFacts>;
  readonly people: { readonly proposer: Person; readonly ada: Person; readonly ben: Person; readonly cyd: Person };
  readonly areas: NamedAreas;
  readonly policies: TerritoryPolicies;
  orders: Orders;
  /** A second instance of the module over the same store, as on another node or after a crash. */
  reopen(): Promise<Orders>;
  addDevice(area: string): DeviceId;
  addKey(person: Person['id']): Promise<TestKey>;
  /** Adopts a new approver set. `organizationKeys` default to those of the previous set. */
  approverSet(
    people: readonly Person[],
    signers: readonly Person[],
    organizationKeys?: readonly TestKey[],
  ): Promise<void>;
  sign(
    order: string,
    revision: number,
    person: Person,
  ): Promise<{ adopted: boolean; code: string | null; detail: string }>;
  stop(): Promise<void>;
}

/** Further modules over the same store, for tests that need them. */
export type Neighbors = (shared: {
  readonly clock: DrivenClock;
  readonly bus: Bus;
  readonly changes: DeviceChanges;
}) => {
  readonly fleet: Omit<FleetPort, 'alert'>;
  readonly jurisdiction: JurisdictionPort;
};

function failOnWarning(fields: object, message: string): void {
  throw new Error(`${message}: ${JSON.stringify(fields)}`);
}

export async function openOrderWorld(
  database: Database,
  neighbors?: Neighbors,
  {
    verifiedApproversOnly = false,
    warn = failOnWarning,
  }: {
    readonly verifiedApproversOnly?: boolean;
    /** Receives the warnings of the order modules. By default, a warning fails the test. */
    readonly warn?: (fields: object, message: string) => void;
  } = {},
): Promise<OrderWorld> {
  const clock = new DrivenClock(NOW);
  const bus = new LocalBus();
  const online = testKey();
  const group = newGroupId();
  const devices = new Map<DeviceId, LocationFacts>();
  const wakes: Wake[] = [];
  const alerts: string[] = [];
  bus.subscribe((wake) => void wakes.push(wake));
  const opened: Orders[] = [];
  const changes = createDeviceChanges(bus);
  /** Changes of devices reach only the newest instance. An earlier instance represents a stopped server. */
  let newest = createDeviceChanges({ publish: () => undefined });

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

  const deviceStates: DeviceStateStore = {
    states: async (asked) => {
      const known = [...devices].filter(([device]) => asked.includes(device));
      return new Map(known.map(([device, facts]) => [device, { facts, user: '', connected: false, listVersion: 0 }]));
    },
    statesWithWaits: async (asked) => {
      const known = await deviceStates.states(asked);
      return new Map([...known].map(([device, one]) => [device, { ...one, waits: NOTHING_WAITS, delivered: false }]));
    },
    activeDevices: async () => devices.size,
  };

  const real = neighbors?.({ clock, bus, changes });
  changes.follow({
    deviceChanged: (device) => newest.deviceChanged(device),
    devicesMoved: (moved) => newest.devicesMoved(moved),
  });

  const areas = createNamedAreas({ store: new NamedAreaStore(database), clock });
  const policies = createTerritoryPolicies({ store: new TerritoryPolicyStore(database), clock });

  async function open(): Promise<Orders> {
    newest = createDeviceChanges({ publish: () => undefined });
    const orders = createOrders({
      stores: { ...openOrderStores(database), ...(!real && { deviceStates }) },
      holds: new HoldStore(database),
      changes: newest,
      responsible: { responsible: async () => [], mail: () => null },
      areas,
      policy: policies,
      sealer: testCustody(),
      people: {
        spellingsOf: async (persons) => {
          const accounts = await database.db.selectFrom('accounts').selectAll().execute();
          return accounts.filter((each) => persons.has(each.person_id)).flatMap(({ name, email }) => [name, email]);
        },
      },
      verifiedApproversOnly,
      largeShare: 10,
      clock,
      bus,
      online,
      installation: INSTALLATION,
      appeal: 'the desk',
      log: { warn },
      fleet: {
        personalia: async (device): Promise<DevicePersonalia | null> => {
          const facts = devices.get(device);
          const { home, seat } = facts ?? {};
          return facts
            ? {
                generation: 1,
                home: home ?? null,
                seat: seat ?? null,
                group: { name: 'all', mailPrograms: false },
                statement: null,
                underLegalHold: false,
              }
            : null;
        },
        devicesOf: async () => [...devices.keys()],
        ...real?.fleet,
        alert: async (_device, code) => void alerts.push(code),
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
    changes,
    wakes,
    alerts,
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
      const areas = [parseHomeArea(area)];
      const at = NOW;
      // Evidence of other sources that agrees, for tests that are not about the location.
      const location = observe(emptyLocation(), { source: 'statement', areas, at, until: at + 1e12 });
      devices.set(device, { home: parseHomeArea(area), seat: null, location });
      return device;
    },
    addKey: async (person) => {
      const key = testKey();
      await register(person, key);
      return key;
    },
    approverSet: async (members, signers, organization) => {
      const keyids = members.map(({ key }) => key.keyid);
      const organizationKeys = organization?.map(({ publicKey }) => publicKey);
      const { version, payload } = await world.orders.approverSets.propose({ threshold: 2, keyids, organizationKeys });
      for (const { id, key } of signers) {
        await world.orders.approverSets.sign(id, version, {
          keyid: key.keyid,
          signature: signApproverSetPayload(key, payload),
        });
      }
    },
    sign: async (order, revision, { id, key }) => {
      const { payload } = await world.orders.adoption.revision(order, revision);
      const approval = approvalOf(key, payload);
      return world.orders.adoption.approve(id, order, revision, approval);
    },
    stop: async () => {
      for (const orders of opened) await orders.stop();
    },
  };
  return world;
}
