/** A real enrollment over a real store and a real authority. The test sets the responses of the neighboring modules. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Authority, openAuthority } from '../../certs/authority.ts';
import { LocalBus, type Wake } from '../../server/bus/bus.ts';
import { createDevices } from '../../server/devices/devices.ts';
import type { CreateCode } from '../../server/enrollment/activation-codes.ts';
import { createEnrollment } from '../../server/enrollment/enrollment.ts';
import type { Surroundings } from '../../server/enrollment/ports.ts';
import { CodeStore } from '../../server/store/code-store.ts';
import type { Database } from '../../server/store/database.ts';
import { DeviceRecordStore } from '../../server/store/device-record-store.ts';
import { deviceStores } from '../../server/store/device-stores.ts';
import { EnrollmentStore } from '../../server/store/enrollment-store.ts';
import { parseActivationLink } from '../../shared/protocol/activation-link.ts';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import type { ServiceVerdict } from '../../shared/verdict/terms.ts';
import { buildCsr } from './build-csr.ts';
import { PASSPHRASE, prepareKeyFolder } from './custody.ts';
import { testPersonKeys } from './person-keys.ts';
import { addPerson } from './persons.ts';

export const DOMAIN_NOW = 1_447_200_000_000;
/** Version of a new device's record, as after a restore. */
export const FIRST_VERSION = 7;
export const ALLOWED: ServiceVerdict = { allowed: true, denials: [], reasons: ['no_order'] };

/** Authority with keys of its own, for one test file. */
export function testAuthority(): { authority: Authority; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-authority-'));
  prepareKeyFolder(folder);
  const authority = openAuthority({
    folder,
    passphrase: PASSPHRASE,
    organization: 'Exempel AB',
    serverNames: ['localhost', '127.0.0.1'],
  });
  return { authority, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** First record of a device for tests that do not read it. */
const unsignedRecord: Surroundings['firstRecord'] = (device, personalia) => ({
  version: FIRST_VERSION,
  envelope: { payloadType: 'test', payload: JSON.stringify({ device, ...personalia }), signatures: [] },
});

export function testEnrollment(database: Database, authority: Authority, firstRecord = unsignedRecord) {
  const wakes: Wake[] = [];
  const changed: DeviceId[] = [];
  const asked: Parameters<Surroundings['gate']>[0][] = [];
  const appeals = new Map<string, string>();
  /** `meanwhile`: changes of the store between the reading of an activation code and the enrollment. */
  const says = { verdict: ALLOWED, appeals, meanwhile: async (): Promise<unknown> => undefined };
  const bus = new LocalBus();
  bus.subscribe((wake) => wakes.push(wake));
  const enrollment = createEnrollment({
    codes: new CodeStore(database),
    store: new EnrollmentStore(database, new DeviceRecordStore(database), testPersonKeys()),
    authority,
    clock: new DrivenClock(DOMAIN_NOW),
    bus,
    surroundings: {
      areasOfAddress: () => [],
      gate: async (newcomer) => {
        asked.push(newcomer);
        await says.meanwhile();
        return says.verdict;
      },
      firstRecord,
      appealOf: (order) => appeals.get(order) ?? null,
      deviceChanged: async (device) => void changed.push(device),
    },
    addresses: () => ({ publicUrl: 'https://localhost:8444', deviceUrl: 'wss://localhost:8443' }),
    appeal: 'the service desk',
  });

  /** Creates an activation code, in the form that a device sends. */
  async function code(group: GroupId, { user = 'Amina', ...more }: Partial<CreateCode> & { user?: string } = {}) {
    const person = await database.transaction((tx) => addPerson(tx, user, group));
    const made = await enrollment.createCode({ person, group, home: null, seat: null, by: 'acc_test', ...more });
    return { ...parseActivationLink(made.link).code, link: made.link };
  }
  return { enrollment, says, asked, wakes, changed, code };
}

export const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
export const csrFor = (commonName: string, privateKey = newKey()): Buffer => buildCsr({ privateKey, commonName });

/** Numbers of rows that a refusal must not change. */
export async function countRows(database: Database) {
  const count = async (table: 'devices' | 'certificates' | 'ledger_entries') =>
    (await database.db.selectFrom(table).selectAll().execute()).length;
  return {
    devices: await count('devices'),
    certificates: await count('certificates'),
    entries: await count('ledger_entries'),
  };
}
/** Kinds of all ledger entries, oldest first. */
export const entryKinds = async (database: Database) =>
  (await database.db.selectFrom('ledger_entries').select('kind').orderBy('id').execute()).map(({ kind }) => kind);

/** The devices module without followers, with a clock at `DOMAIN_NOW`. */
export function devicesOver(database: Database) {
  return createDevices({
    ...deviceStores(database, testPersonKeys()),
    bus: { publish: () => undefined, subscribe: () => () => undefined },
    clock: new DrivenClock(DOMAIN_NOW),
    followers: { deviceChanged: async () => undefined },
  });
}
