/** The membership module over a real store, real orders and a real ledger, with devices that hold their own certificates. */
import type { Authority } from '../../certs/authority.ts';
import { spkiOf } from '../../certs/certificate.ts';
import { createDevices } from '../../server/devices/devices.ts';
import { createMembership, type Membership } from '../../server/membership/membership.ts';
import { createPeople } from '../../server/people/people.ts';
import type { Database } from '../../server/store/database.ts';
import { deviceStores } from '../../server/store/device-stores.ts';
import { GroupStore } from '../../server/store/group-store.ts';
import { membershipStores } from '../../server/store/membership-stores.ts';
import { PeopleStore } from '../../server/store/people-store.ts';
import { type Signer, signerOf } from '../../shared/order/dsse.ts';
import { countersignCertificate } from '../../shared/order/messaging-certificate.ts';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import { newKey } from './enrollment.ts';
import { addDevice, addGroup } from './fleet-rows.ts';
import { testLedger } from './ledger.ts';
import { messagingKey } from './messaging-keys.ts';
import { openOrderWorld } from './order-world.ts';
import { testPersonKeys } from './person-keys.ts';
import { INSTALLATION, type TestKey, testKey } from './signed-documents.ts';

export type MembershipWorld = Awaited<ReturnType<typeof openMembershipWorld>>;

export interface KeyedDevice {
  readonly id: DeviceId;
  readonly identity: { readonly device: DeviceId; readonly generation: number; readonly der: string };
  /** Signs bytes with the key of the device's certificate. */
  readonly signer: Signer;
}

export async function openMembershipWorld(database: Database, authority: Authority) {
  const world = await openOrderWorld(database);
  const { bus, clock } = world;
  const { ada, ben, cyd } = world.people;
  const organization = testKey();
  await world.approverSet([ada, ben, cyd], [ada, ben], [organization]);
  const devices = createDevices({
    ...deviceStores(database, testPersonKeys()),
    bus,
    clock,
    followers: { deviceChanged: async () => undefined },
  });
  const people = createPeople({ store: new PeopleStore(database), groups: new GroupStore(database), bus, clock });
  const ledger = testLedger(database, clock, bus);
  await ledger.sequence();
  const open = (): Membership =>
    createMembership({
      installation: INSTALLATION,
      stores: membershipStores(database),
      approverSets: { current: () => world.orders.approverSets.current() },
      ledger,
      online: world.online,
      devices,
      people,
      bus,
      clock,
      log: {
        error: (fields, message) => {
          throw new Error(`${message}: ${JSON.stringify(fields)}`);
        },
      },
    });
  const membership = open();
  const group = await addGroup(database, 'embassies');

  /** Adds a device that has a certificate and no messaging key yet. */
  async function enroll(user = 'Amina', given: { group?: GroupId } = {}): Promise<KeyedDevice> {
    const id = await addDevice(database, { group: given.group ?? group, user });
    return { id, ...identityOf(id) };
  }

  function identityOf(id: DeviceId, generation = 1) {
    const privateKey = newKey();
    const { der } = authority.issue({ profile: 'device', spki: spkiOf(privateKey), commonName: id });
    const identity = { device: id, generation, der: der.toString('base64') };
    return { identity, signer: signerOf(privateKey) };
  }

  /** Uploads a new messaging key. */
  async function handIn(device: KeyedDevice) {
    const { envelope, signatureKey } = messagingKey(device.id, device.signer, {
      generation: device.identity.generation,
    });
    const answer = await membership.submitKey(device.identity, envelope);
    return { envelope, signatureKey, answer };
  }

  async function waiting(more: Partial<Parameters<Membership['list']>[0]> = {}) {
    const query = { waiting: true, lacking: null, group: null, scope: null, cursor: null, limit: 100 };
    return membership.list({ ...query, ...more });
  }

  /** Countersigns all pending messaging keys. */
  async function countersign(key: TestKey = organization, more: Parameters<typeof waiting>[0] = {}) {
    const { keys } = await waiting(more);
    const given = keys.map(({ digest, payload }) => ({
      digest,
      keyid: key.keyid,
      signature: countersignCertificate(key, payload),
    }));
    return membership.countersign(given, null);
  }

  return {
    ...world,
    database,
    world,
    organization,
    devices,
    ledger,
    membership,
    group,
    enroll,
    identityOf,
    handIn,
    waiting,
    countersign,
    /** Adopts an approver set with the same approvers and these organization keys. */
    changeKeys: (keys: readonly TestKey[]) => world.approverSet([ada, ben, cyd], [ada, ben], keys),
    stop: async () => {
      membership.stop();
      await world.stop();
    },
  };
}
