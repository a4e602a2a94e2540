/** A real enrolment over a real store and a real authority, with what its neighbours say in the test's hand. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Authority, openAuthority } from '../../certs/authority.ts';
import { LocalBus, type Wake } from '../../server/bus/bus.ts';
import { type CreateCode, createEnrolment } from '../../server/enrolment/enrolment.ts';
import type { Surroundings } from '../../server/enrolment/ports.ts';
import type { Database } from '../../server/store/database.ts';
import { EnrolmentStore } from '../../server/store/enrolment-store.ts';
import { parseActivationLink } from '../../shared/protocol/activation-link.ts';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import type { ServiceVerdict } from '../../shared/verdict/terms.ts';
import { buildCsr } from './build-csr.ts';
import { addPerson } from './persons.ts';

export const DOMAIN_NOW = 1_447_200_000_000;
export const ALLOWED: ServiceVerdict = { allowed: true, denials: [], reasons: ['no_order'] };

/** Founded once a test file: a start costs a fifth of a second. */
export function testAuthority(): { authority: Authority; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-authority-'));
  const authority = openAuthority({
    folder,
    passphrase: 'a passphrase for tests',
    organisation: 'Exempel AB',
    serverNames: ['localhost', '127.0.0.1'],
  });
  return { authority, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export function testEnrolment(database: Database, authority: Authority) {
  const wakes: Wake[] = [];
  const changed: DeviceId[] = [];
  const asked: Parameters<Surroundings['gate']>[0][] = [];
  const appeals = new Map<string, string>();
  const says = { adopted: true, verdict: ALLOWED, appeals };
  const bus = new LocalBus();
  bus.subscribe((wake) => wakes.push(wake));
  const enrolment = createEnrolment({
    store: new EnrolmentStore(database),
    authority,
    clock: new DrivenClock(DOMAIN_NOW),
    bus,
    surroundings: {
      approversAdopted: async () => says.adopted,
      areasOfAddress: () => [],
      gate: (newcomer) => {
        asked.push(newcomer);
        return says.verdict;
      },
      appealOf: (order) => appeals.get(order) ?? null,
      deviceChanged: async (device) => void changed.push(device),
    },
    addresses: () => ({ publicUrl: 'https://localhost:8444', deviceUrl: 'wss://localhost:8443' }),
    appeal: 'the service desk',
  });

  /** A fresh code, as what a device would send. */
  async function code(group: GroupId, { user = 'Amina', ...more }: Partial<CreateCode> & { user?: string } = {}) {
    const person = await database.transaction((tx) => addPerson(tx, user, group));
    const made = await enrolment.createCode({ person, group, home: null, seat: null, by: 'acc_test', ...more });
    return { ...parseActivationLink(made.link).code, link: made.link };
  }
  return { enrolment, says, asked, wakes, changed, code };
}

export const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
export const csrFor = (commonName: string, privateKey = newKey()): Buffer => buildCsr({ privateKey, commonName });
