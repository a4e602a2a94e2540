/** No interleaving of connections with revocations, enrollments and renewals admits a certificate after its end was committed. */
import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { identityOf } from '../../server/devices/identity.ts';
import { CertificateCache } from '../../server/store/certificate-cache.ts';
import { CertificateStore } from '../../server/store/certificate-store.ts';
import type { Database } from '../../server/store/database.ts';
import { DeviceRecordStore } from '../../server/store/device-record-store.ts';
import { EnrollmentStore } from '../../server/store/enrollment-store.ts';
import { isCordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { describeOnEveryStore } from '../contract/every-store.ts';
import { fleet } from '../support/device-world.ts';
import { addCertificate, addDevice, addGroup } from '../support/fleet-rows.ts';
import { testPersonKeys } from '../support/person-keys.ts';

const DEVICES = 2;
const LATER = 9_000_000_000_000;

const device = fc.nat(DEVICES - 1);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('connect' as const), device, certificate: fc.nat(3) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('revoke' as const, 'renew' as const, 'enroll' as const), device }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), turns: fc.nat(12) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Certificate {
  readonly fingerprint: string;
  readonly generation: number;
  readonly issuedAt: number;
  ended: boolean;
}

interface Played {
  readonly id: DeviceId;
  generation: number;
  issued: number;
  /** Certificates that the store has recorded. */
  readonly certificates: Certificate[];
}

async function openWorld(database: Database) {
  const { devices } = fleet(database);
  const enrollments = new EnrollmentStore(database, new DeviceRecordStore(database), testPersonKeys());
  const group = await addGroup(database, randomBytes(8).toString('hex'));
  const played: Played[] = [];
  for (let index = 0; index < DEVICES; index += 1) {
    const id = await addDevice(database, { group });
    const fingerprint = await addCertificate(database, { device: id, notAfter: LATER });
    played.push({
      id,
      generation: 1,
      issued: 1,
      certificates: [{ fingerprint, generation: 1, issuedAt: 1, ended: false }],
    });
  }
  const draft = (one: Played) => {
    one.issued += 1;
    const fingerprint = randomBytes(32).toString('hex');
    const serial = randomBytes(8).toString('hex');
    const certificate = {
      serial,
      profile: 'device',
      fingerprint,
      der: Buffer.alloc(0),
      notBefore: 0,
      notAfter: LATER,
      issuedAt: one.issued,
    };
    const entry = { at: 1, subject: one.id };
    return {
      certificate,
      issued: {
        kind: 'certificate.issued',
        ...entry,
        public: { serial, profile: 'device', fingerprint, notAfter: LATER },
      } as never,
      revoked: (ended: string) =>
        ({ kind: 'certificate.revoked', ...entry, public: { serial: ended, reason: 4 } }) as never,
    };
  };
  const record = (
    one: Played,
    generation: number,
    { fingerprint, issuedAt }: { fingerprint: string; issuedAt: number },
  ) => one.certificates.push({ fingerprint, generation, issuedAt, ended: false });

  const act = {
    async revoke(one: Played) {
      const before = [...one.certificates];
      // Another revocation can end the device first. If the device is then enrolled again, this revocation is a conflict.
      const isRevoked = await devices.revoke(one.id).then(
        () => true,
        (error: unknown) => {
          if (isCordonError(error, 'conflict')) return false;
          throw error;
        },
      );
      if (!isRevoked) return;
      for (const certificate of before) certificate.ended = true;
    },
    async renew(one: Played) {
      const { generation } = one;
      const { certificate, issued } = draft(one);
      const outcome = await enrollments.renew({ device: one.id, generation, certificate, issued });
      if (outcome === 'recorded') record(one, generation, certificate);
    },
    async enroll(one: Played) {
      const generation = one.generation + 1;
      const { certificate, issued, revoked } = draft(one);
      const secretHash = certificate.fingerprint;
      const { person_id, group_id } = await database.db
        .selectFrom('devices')
        .select(['person_id', 'group_id'])
        .where('id', '=', one.id)
        .executeTakeFirstOrThrow();
      const open = { secret_hash: secretHash, used_at: null, expires_at: LATER };
      await database.db
        .insertInto('activation_codes')
        .values({
          id: one.id,
          person_id,
          group_id,
          home: null,
          seat: null,
          created_by: 'test',
          created_at: 1,
          canceled_at: null,
          ...open,
        })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(open))
        .execute();
      const code = { id: one.id, secretHash, at: 2, enrolledAt: 2 };
      const redemption = { ...code, generation, certificate, record: null, issued, revoked };
      if ((await enrollments.redeem(redemption)) !== 'recorded') return;
      for (const known of one.certificates) if (known.generation < generation) known.ended = true;
      one.generation = Math.max(one.generation, generation);
      record(one, generation, certificate);
    },
    async connect(one: Played, index: number) {
      const certificate = one.certificates[index % one.certificates.length];
      if (!certificate) return;
      const { ended, generation, issuedAt } = certificate;
      const admitted = await devices.identify(certificate.fingerprint, 1000).then(
        () => true,
        () => false,
      );
      if (ended) expect(admitted).toBe(false);
      // The first use of a renewed certificate ends the older ones.
      if (!admitted) return;
      for (const known of one.certificates) {
        if (known.generation === generation && known.issuedAt < issuedAt) known.ended = true;
      }
    },
  };
  return { played, act, devices };
}

async function play(database: Database, steps: readonly Step[]): Promise<void> {
  const { played, act, devices } = await openWorld(database);
  const work: Promise<void>[] = [];
  for (const step of steps) {
    if (step.do === 'wait') {
      for (let left = step.turns; left > 0; left -= 1) await turn();
      continue;
    }
    const one = played[step.device];
    if (one) work.push(step.do === 'connect' ? act.connect(one, step.certificate) : act[step.do](one));
  }
  await Promise.all(work);
  // In the end, the cache and the store admit the same certificates.
  const uncached = new CertificateStore({ ...database, certificates: new CertificateCache() });
  for (const { certificates } of played) {
    for (const { fingerprint } of certificates) {
      const row = await uncached.certificate(fingerprint);
      const stored = await Promise.try(() => identityOf(row, 1000)).then(
        () => true,
        () => false,
      );
      if (row?.renews) continue;
      const cached = await devices.identify(fingerprint, 1000).then(
        () => true,
        () => false,
      );
      expect(cached).toBe(stored);
    }
  }
}

describeOnEveryStore('cache of certificates', (open) => {
  it('never admits a certificate after its end was committed', async () => {
    const database = await open();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), (steps) => play(database, steps)),
      { numRuns: 40 },
    );
  });
});
