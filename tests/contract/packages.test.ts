/** People of packages on both databases: uploader, signer and publisher must be independent, and a migration finds the people of older rows. */
import { generateKeyPairSync } from 'node:crypto';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { createBandwidth } from '../../server/bandwidth.ts';
import { type PeopleFacts, peopleOf } from '../../server/independence/independence.ts';
import { createPackages } from '../../server/packages/packages.ts';
import { UploadStore } from '../../server/store/file-parts.ts';
import { packagePeople } from '../../server/store/migrations/0009-package-people.ts';
import { PackageStore } from '../../server/store/package-store.ts';
import { createUploads } from '../../server/uploads.ts';
import { PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { readPublicKey, signerOf } from '../../shared/order/dsse.ts';
import { pae } from '../../shared/order/pae.ts';
import { newAccountId, newPersonId } from '../../shared/protocol/ids.ts';
import { describeOnEveryStore } from './every-store.ts';

const actor = () => ({ account: newAccountId(), person: newPersonId() });
type Actor = ReturnType<typeof actor>;

describeOnEveryStore('packages', (open) => {
  async function world() {
    const database = await open();
    const store = new PackageStore(database);
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const key = readPublicKey(publicKey.export({ type: 'spki', format: 'der' }).toString('base64'));
    const signer = actor();
    const set = { persons: new Map([[key.keyid, signer.person]]), keys: [key] };
    const links: PeopleFacts['links'][number][] = [];
    const packages = createPackages({
      store,
      uploads: createUploads(new UploadStore(database)),
      approverSet: () => set,
      people: async () => peopleOf({ sameAs: new Map(), links }),
      requireManagement: async () => undefined,
      bandwidth: createBandwidth(0),
      now: () => 1,
    });
    const upload = (by: Actor) =>
      packages.upload(
        { name: 'example', version: '1', architecture: 'all', note: '' },
        (async function* () {
          yield Buffer.from('!<arch>\nexample');
        })(),
        by,
      );
    const sign = async (by: Actor, sha256: string) => {
      const statement = packages.statement(await packages.get(sha256));
      const bytes = pae(PAYLOAD_TYPES.package, Buffer.from(statement));
      const signature = signerOf(privateKey).sign(bytes).toString('base64');
      return packages.sign(sha256, { keyid: key.keyid, signature }, by);
    };
    const link = (by: Actor, made: Actor) =>
      links.push({
        person: made.person,
        name: 'Made',
        account: made.account,
        kind: 'created',
        by: { person: by.person, name: 'Maker', account: by.account },
      });
    const send = (sha256: string) =>
      packages.get(sha256).then(({ envelope }) => {
        if (!envelope) throw new Error('the package is not signed');
        const change = '00000000-0000-4000-8000-000000000000';
        return packages.requireSigned({ kind: 'install-package', change, envelope });
      });
    const obstacles = async (sha256: string, by: Actor) =>
      (await packages.judged([await packages.get(sha256)], by.person))[0];
    return { database, store, packages, signer, upload, sign, link, send, obstacles };
  }

  it('refuse a signature by another account of the uploader, and by a person who could have been the uploader', async () => {
    const { packages, signer, upload, sign, link, obstacles } = await world();
    const [work, second, third] = [{ ...signer, account: newAccountId() }, actor(), actor()];
    link(signer, second);
    link(second, third);
    for (const uploader of [work, second, third]) {
      const { sha256 } = await upload(uploader);
      await expect(sign(signer, sha256)).rejects.toMatchObject({ code: 'same_person' });
      expect((await obstacles(sha256, signer))?.signers).toEqual([]);
      await packages.delete(sha256);
    }
    const { sha256 } = await upload(actor());
    expect((await obstacles(sha256, signer))?.signers).toEqual([signer.person]);
    expect((await sign(signer, sha256)).signer).toBe(signer.person);
  });

  it('refuse installation and publication after uploader and signer became related', async () => {
    const { signer, upload, sign, link, send, obstacles } = await world();
    const [uploader, publisher] = [actor(), actor()];
    const { sha256 } = await upload(uploader);
    await sign(signer, sha256);
    await send(sha256);
    const publish = async (by: Actor) => (await obstacles(sha256, by))?.obstacles.publish;
    expect([await publish(publisher), await publish(uploader)]).toEqual([null, null]);
    expect(await publish(signer)).toMatch(/^You signed this package.* Another person must publish it\.$/);
    link(publisher, signer);
    expect(await publish(publisher)).toMatch(/count as one person with the signer/);
    link(signer, uploader);
    await expect(send(sha256)).rejects.toMatchObject({ code: 'same_person' });
    expect(await publish(uploader)).toMatch(/uploader and the signer of this package count as one person/);
  });

  it('keep the file, and refuse a signature for an earlier uploader, after a second upload', async () => {
    const { packages, store, signer, upload } = await world();
    const before = await upload(actor());
    await packages.delete(before.sha256);
    await upload(signer);
    const envelope = { payloadType: PAYLOAD_TYPES.package, payload: '', signatures: [] };
    await expect(store.sign(before, envelope, signer)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('get the people of their accounts in a migration, and an unknown account stays unknown', async () => {
    const { database, packages, signer, upload, sign } = await world();
    const { db, dialect } = database;
    const known = actor();
    const { sha256 } = await upload(known);
    const person = {
      name: 'n',
      folded: 'n',
      status: 'active',
      email: null,
      email_key: null,
      directory_id: null,
    } as const;
    await db
      .insertInto('persons')
      .values({ ...person, id: known.person, subject: 'email:k@example.org', created_at: 1, same_as: null })
      .execute();
    const account = { password_hash: null, totp_sealed: null, totp_last_step: 0, status: 'active' } as const;
    const email = { email: 'k@example.org', email_key: 'k@example.org', name: 'K' };
    await db
      .insertInto('accounts')
      .values({ ...account, ...email, id: known.account, person_id: known.person, created_at: 1 })
      .execute();
    const migrateAgain = async () => {
      for (const column of ['uploader', 'signer']) {
        await sql`alter table packages drop column ${sql.ref(column)}`.execute(db);
      }
      await packagePeople(dialect).up(db);
    };
    await migrateAgain();
    expect(await packages.get(sha256)).toMatchObject({ uploader: known.person, signer: null });
    await db.updateTable('packages').set({ uploaded_by: newAccountId() }).execute();
    await migrateAgain();
    expect((await packages.get(sha256)).uploader).toBeNull();
    await expect(sign(signer, sha256)).rejects.toMatchObject({
      code: 'same_person',
      message: expect.stringContaining('have the file uploaded again'),
    });
  });
});
