/** The disclosure desk over real HTTP, on the real store. The authority decrypts the production with the program `age`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { disclosureDetail, disclosurePage, productionPreview, refusalPage } from '../../shared/api/disclosures.ts';
import { DISCLOSURE_PAYLOAD_TYPES } from '../../shared/disclosure/documents.ts';
import type { RefusalReason } from '../../shared/disclosure/refusal-reasons.ts';
import { signDocument } from '../../shared/disclosure/signed-document.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { newPersonId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { type DeskWorld, deskWorld, iso } from '../../tests/support/disclosure-world.ts';
import { runProgram } from '../../tests/support/run-program.ts';
import { tool } from '../../tests/support/tools.ts';
import { TransparencyStore } from '../store/transparency-store.ts';

const age = tool('age', 'apt-get install age');
const DAY = 86_400_000;
const CANARY = '198.51.100.201';
const OTHER_CANARY = '203.0.113.202';

let api: ApiServer;
let desk: DeskWorld;
const folder = mkdtempSync(join(tmpdir(), 'cordon-desk-'));
const identity = join(folder, 'identity.txt');
let recipient = '';

beforeAll(async () => {
  await runProgram('age-keygen', ['-o', identity]);
  recipient = (await runProgram('age-keygen', ['-y', identity])).out.trim();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function openDesk(): Promise<void> {
  api = await startApi();
  desk = await deskWorld(api, recipient);
  for (const [device, address] of [
    [desk.device, CANARY],
    [desk.other, OTHER_CANARY],
  ] as const) {
    const { epoch } = await api.devices.connected({ device, generation: 1, address, agent: '0.1.0' });
    await api.devices.disconnected({ device, epoch });
  }
}

/** A new desk for each test. */
function deskEach(): void {
  beforeEach(async () => {
    await openDesk();
    return () => api.close();
  });
}

const entriesOf = async (kind: string) =>
  (
    await api.database.db
      .selectFrom('ledger_entries')
      .select('body')
      .where('kind', '=', kind as never)
      .execute()
  ).map(({ body }) => JSON.parse(body));
/** Counts of the present month, which the report shows only after its end. A demand without a request is a refusal, and not in `received`. */
async function countsNow() {
  const store = new TransparencyStore(api.database);
  const [counts] = await store.counts([{ from: Date.now() - DAY, until: Date.now() + DAY }]);
  if (!counts) throw new Error('the store returned no counts');
  return { ...counts, pending: await store.pendingAt(Date.now() + DAY) };
}
const refusals = async () => refusalPage.parse((await desk.get(desk.clerk, '/disclosures/refusals')).json).refusals;

/** A window that includes the connections of this test and lies in the past at the next request. */
const now = () => ({ from: iso(Date.now() - 10 * DAY), to: iso(Date.now()) });

describe('an over-wide demand', () => {
  const at = Date.now();
  beforeAll(openDesk);
  afterAll(() => api.close());

  it.each([
    ['a list', { person: ['per_aaaaaaaaaaaaaaaa', 'per_bbbbbbbbbbbbbbbb'] }, 'subject_list'],
    ['a list as text', { person: 'per_aaaaaaaaaaaaaaaa, per_bbbbbbbbbbbbbbbb' }, 'subject_list'],
    ['a wildcard', { person: '*' }, 'subject_wildcard'],
    ['a pattern', { person: 'per_aaaa*' }, 'subject_wildcard'],
    ['a group', { person: 'group:Sales' }, 'subject_group'],
    ['a group as an object', { person: { group: 'grp_aaaaaaaaaaaaaaaa' } }, 'subject_group'],
    ['a range', { person: 'per_aaaaaaaaaaaaaaaa..per_bbbbbbbbbbbbbbbb' }, 'subject_range'],
    ['everyone', { person: 'everyone' }, 'subject_everyone'],
    ['an empty subject', { person: '' }, 'subject_empty'],
    ['no subject', { person: null }, 'subject_empty'],
    ['an e-mail address', { person: 'samantha@example.org' }, 'account_unknown'],
    ['an unknown account', { person: newPersonId() }, 'account_unknown'],
    ['content', { records: ['connection-log', 'messages'] }, 'content'],
    ['keys', { records: ['decryption keys'] }, 'keys'],
    ['wholesale access', { records: ['everything'] }, 'wholesale'],
    ['future records', { window: { from: iso(at), to: iso(at + 30 * DAY) } }, 'future'],
    ['a window without a start', { window: { from: null, to: iso(at) } }, 'window_open'],
    ['a window without an end', { window: { from: iso(at - DAY), to: null } }, 'window_open'],
    ['no window', { window: null }, 'window_open'],
    ['a window of 91 days', { window: { from: iso(at - 92 * DAY), to: iso(at - DAY) } }, 'window_too_long'],
    ['no instrument', { instrument: null }, 'instrument_missing'],
  ])('cases 41, 43 and 47: %s is refused by name, recorded and counted', async (_, change, reason) => {
    const { status, json } = await desk.post(desk.clerk, '/disclosures', { ...(await desk.request()), ...change });
    expect([status, json.code]).toEqual([422, `disclosure_${reason}`]);
    const all = await refusals();
    const id = json.context.refusal;
    expect(all.find((refusal) => refusal.id === id)).toMatchObject({
      reason,
      source: 'request',
      authority: 'District Court of Example',
      reference: reason === 'instrument_missing' ? null : expect.stringMatching(/^AZ \d+\/26$/),
    });
    expect((await entriesOf('disclosure.refused')).at(-1)).toMatchObject({ public: { reason, refusal: id } });
    expect(await api.database.db.selectFrom('disclosures').select('id').execute()).toEqual([]);
    const { answered, refused } = await countsNow();
    expect([answered, refused.get(reason as RefusalReason)]).toEqual([
      0,
      all.filter((refusal) => refusal.reason === reason).length,
    ]);
  });
});

describe('an unfit demand', () => {
  deskEach();

  it('case 43: an expired, missing or used instrument is refused', async () => {
    const request = await desk.request();
    const instrument = request.instrument as object;
    const expired = { ...request, instrument: { ...instrument, expiresAt: iso(Date.now() - 1) } };
    expect((await desk.post(desk.clerk, '/disclosures', expired)).json.code).toBe('disclosure_instrument_expired');
    const document = { title: 'Not uploaded', mediaType: 'application/pdf', bytes: 3, sha256: sha256('no') };
    const missing = { ...request, instrument: { ...instrument, document } };
    expect((await desk.post(desk.clerk, '/disclosures', missing)).json.code).toBe('disclosure_instrument_missing');
    expect((await desk.post(desk.clerk, '/disclosures', request)).status).toBe(201);
    const again = { ...request, person: await desk.personOf(desk.other) };
    expect((await desk.post(desk.clerk, '/disclosures', again)).json.code).toBe('disclosure_instrument_used');
    const sameDocument = { ...again, instrument: { ...instrument, reference: 'another reference' } };
    expect((await desk.post(desk.clerk, '/disclosures', sameDocument)).json.code).toBe('disclosure_instrument_used');
    const { row } = await api.disclosures.requests.find(
      disclosurePage.parse((await desk.get(desk.clerk, '/disclosures')).json).disclosures[0]?.id ?? ('' as never),
    );
    expect(row.person).toBe(desk.person);
  });

  it('cases 41 and 47: a recorded demand for keys gets the stored answer with the digest of the key inventory', async () => {
    const demand = { reason: 'keys', authority: 'Ministry', reference: 'M-1', receivedOn: '2026-11-29' };
    const { status, json } = await desk.post(desk.clerk, '/disclosures/refusals', demand);
    expect(status).toBe(201);
    expect(json.answer).toMatch(/^We cannot comply\. .* SHA-256 of the inventory at this time: [0-9a-f]{64}\./);
    expect(await refusals()).toMatchObject([{ reason: 'keys', source: 'recorded', authority: 'Ministry' }]);
  });

  it('keeps authority and reference of a refused body up to 200 characters, and nothing else of it', async () => {
    const marker = 'marker-of-the-body';
    const body = {
      person: ['per_aaaaaaaaaaaaaaaa', marker],
      authority: 'Ministry of the Interior',
      instrument: { reference: 'R'.repeat(5_000), issuer: marker },
      records: ['connection-log', marker],
      [marker]: marker,
    };
    expect((await desk.post(desk.clerk, '/disclosures', body)).json.code).toBe('disclosure_content');
    const unknown = { ...(await desk.request()), authority: 'aut_aaaaaaaaaaaaaaaa' };
    expect((await desk.post(desk.clerk, '/disclosures', unknown)).json.code).toBe('disclosure_authority_unverified');
    expect(await refusals()).toMatchObject([
      { authority: 'aut_aaaaaaaaaaaaaaaa', reference: expect.stringMatching(/^AZ/) },
      { authority: 'Ministry of the Interior', reference: `${'R'.repeat(199)}…` },
    ]);
    for (const table of ['disclosure_refusals', 'ledger_entries', 'ledger_openings'] as const) {
      const rows = await sql`select * from ${sql.table(table)}`.execute(api.database.db);
      expect(JSON.stringify(rows), table).not.toContain(marker);
    }
  });

  it('reports a plain mistake as such, and records no refusal', async () => {
    const request = { ...(await desk.request()), unknown: 1 };
    expect((await desk.post(desk.clerk, '/disclosures', request)).json.code).toBe('invalid_input');
    expect(await refusals()).toEqual([]);
  });
});

describe('a request', () => {
  deskEach();

  it.skipIf(!age.present)('is narrowed, approved by two people, produced once, and opened with age', async () => {
    const first = await desk.draft({
      window: now(),
      records: ['connection-log', 'enrollment-record', 'order-receipts'],
    });
    const wider = { note: 'wider', window: { from: iso(Date.now() - 60 * DAY), to: first.window.to } };
    const path = `/disclosures/${first.id}`;
    expect((await desk.post(desk.clerk, `${path}/narrow`, wider)).json.code).toBe('disclosure_not_narrower');
    const narrowed = await desk.post(desk.clerk, `${path}/narrow`, {
      note: 'Connections only.',
      records: ['connection-log'],
    });
    expect(disclosureDetail.parse(narrowed.json)).toMatchObject({ version: 2, records: ['connection-log'] });
    expect(disclosureDetail.parse(narrowed.json).versions).toHaveLength(2);

    const preview = productionPreview.parse((await desk.post(desk.ada, `${path}/preview`, {})).json);
    expect(preview).toMatchObject({ total: 1, lines: [{ record: 'connection-log', fields: { address: CANARY } }] });
    expect(await entriesOf('disclosure.previewed')).toHaveLength(1);

    expect((await desk.post(desk.ada, `${path}/produce`, {})).json.code).toBe('disclosure_not_approved');
    expect((await desk.approve(desk.ada, first.id)).json).toMatchObject({ state: 'drafted', approved: 1 });
    expect((await desk.post(desk.ada, `${path}/produce`, {})).json.code).toBe('disclosure_not_approved');
    expect((await desk.approve(desk.ben, first.id)).json).toMatchObject({ state: 'approved', approved: 2 });
    const produced = disclosureDetail.parse((await desk.post(desk.ben, `${path}/produce`, {})).json);
    expect(produced).toMatchObject({ state: 'produced', production: { lines: 1 }, notice: { state: 'waiting' } });

    const sealed = await bytesOf(`${path}/production`);
    expect(await bytesOf(`${path}/production`)).toEqual(sealed);
    expect(sha256(sealed)).toBe(produced.production?.sha256);
    expect(sealed.includes(CANARY)).toBe(false);
    writeFileSync(join(folder, 'production.age'), sealed);
    const opened = await runProgram('age', ['-d', '-i', identity, join(folder, 'production.age')]);
    expect(opened.code).toBe(0);
    const [head, line, ...rest] = opened.out
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text));
    expect(head).toMatchObject({ format: 'cordon-production-1', lines: 1, request: produced.versions[1]?.payload });
    expect(head.signatures).toHaveLength(2);
    expect(line).toMatchObject({ record: 'connection-log', fields: { address: CANARY, device: desk.device } });
    expect(rest).toEqual([]);

    expect((await desk.post(desk.ben, `${path}/produce`, {})).json.code).toBe('disclosure_already_produced');
    expect((await desk.post(desk.clerk, `${path}/narrow`, { note: 'late' })).json.code).toBe('disclosure_closed');
    expect((await desk.post(desk.ada, `${path}/preview`, {})).json.code).toBe('disclosure_already_produced');
    const [entry] = await entriesOf('disclosure.produced');
    expect(entry.public).toEqual({ disclosure: first.id, sha256: sha256(sealed), commitment: sha256(opened.out) });
    const counted = { received: 1, answered: 1, accounts: 1, refused: new Map(), pending: 0 };
    expect(await countsNow()).toEqual(counted);
  });

  it('gives one production to many simultaneous requests for it', async () => {
    const { id } = await desk.draft({ window: now() });
    await desk.approve(desk.ada, id);
    await desk.approve(desk.ben, id);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => desk.post(desk.ada, `/disclosures/${id}/produce`, {})),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409]);
    expect(await entriesOf('disclosure.produced')).toHaveLength(1);
  });

  it('case 42: the requester cannot approve, one person counts once, and an edit voids approvals', async () => {
    const { id } = await desk.draft();
    expect((await desk.approve(desk.clerk, id)).json.code).toBe('same_person');
    await desk.approve(desk.ada, id);
    expect((await desk.approve(desk.ada, id)).json.code).toBe('same_person');
    await desk.approve(desk.ben, id);
    const shorter = { note: 'Shorter.', records: ['connection-log'] };
    const { json } = await desk.post(desk.clerk, `/disclosures/${id}/narrow`, shorter);
    expect(json).toMatchObject({ state: 'drafted', approved: 0, version: 2 });
    expect((await desk.post(desk.ada, `/disclosures/${id}/produce`, {})).json.code).toBe('disclosure_not_approved');
    const old = disclosureDetail.parse((await desk.get(desk.ada, `/disclosures/${id}`)).json).versions[0];
    const signature = signDocument(desk.ada.key, DISCLOSURE_PAYLOAD_TYPES.disclosure, old?.payload ?? '');
    const stale = { digest: old?.digest, keyid: desk.ada.key.keyid, signature };
    expect((await desk.post(desk.ada, `/disclosures/${id}/approvals`, stale)).json.code).toBe('revision_superseded');
    const newest = { ...stale, digest: json.digest };
    expect((await desk.post(desk.ada, `/disclosures/${id}/approvals`, newest)).json.code).toBe('approval_invalid');
    const borrowed = { ...newest, keyid: desk.ben.key.keyid };
    expect((await desk.post(desk.ada, `/disclosures/${id}/approvals`, borrowed)).json.code).toBe('forbidden');
  });

  it('case 42: two people of whom one created the account of the other count as one', async () => {
    const { id } = await desk.draft();
    await desk.approve(desk.ada, id);
    const accounts = await api.admins.accounts();
    const [ada, ben] = ['ada', 'ben'].map((name) => accounts.find(({ email }) => email === `${name}@example.org`)?.id);
    await api.database.db
      .insertInto('account_links')
      .values({ account_id: ben ?? '', seen_by: ada ?? '', kind: 'created', at: 1 })
      .execute();
    expect((await desk.approve(desk.ben, id)).json).toMatchObject({ state: 'drafted', approved: 1 });
  });

  it('case 42: an approval stops counting when the approver loses the role', async () => {
    const { id } = await desk.draft();
    await desk.approve(desk.ada, id);
    await desk.approve(desk.ben, id);
    const ada = (await api.admins.accounts()).find(({ email }) => email === 'ada@example.org');
    await api.admins.revokeGrant(ada?.id ?? ('' as never), { role: 'legal', group: null, area: null });
    const { json } = await desk.post(desk.ben, `/disclosures/${id}/produce`, {});
    expect(json).toMatchObject({ code: 'disclosure_not_approved', context: { approved: 1, needed: 2 } });
  });

  it('shows its records to no drafter, no token and no session without a recent step-up', async () => {
    const { id } = await desk.draft({ window: now() });
    const preview = (who: { headers: Record<string, string> }) => desk.post(who, `/disclosures/${id}/preview`, {});
    expect((await preview(desk.clerk)).json.code).toBe('same_person');
    await desk.post(desk.ben, `/disclosures/${id}/narrow`, { note: 'Connections.', records: ['connection-log'] });
    expect((await preview(desk.ben)).json.code).toBe('same_person');
    const ada = (await api.admins.accounts()).find(({ email }) => email === 'ada@example.org');
    const token = await api.token({ id: ada?.id ?? ('' as never) });
    const byToken = await preview({ headers: { authorization: `Bearer ${token}` } });
    expect(byToken.json).toMatchObject({ code: 'step_up_required', context: { token: true } });
    expect(await entriesOf('disclosure.previewed')).toEqual([]);
    expect((await preview(desk.ada)).json).toMatchObject({ total: 1 });
    await api.database.db
      .updateTable('sessions')
      .set({ authenticated_at: Date.now() - DAY })
      .execute();
    expect((await preview(desk.ada)).json.code).toBe('step_up_required');
  });

  it('records when a passkey signed an approval or a statement', async () => {
    const account = (await api.admins.accounts()).find(({ email }) => email === 'ada@example.org');
    const row = { account_id: account?.id ?? '', purpose: 'approval', name: 'Key', rp_id: 'localhost' } as const;
    await api.database.db
      .insertInto('passkeys')
      .values({
        ...row,
        id: 'psk_test',
        credential_id: 'c',
        public_key: 'p',
        counter: 0,
        keyid: desk.ada.key.keyid,
        created_at: 1,
        last_used_at: null,
      })
      .execute();
    const lastUse = async () =>
      (await api.database.db.selectFrom('passkeys').select('last_used_at').executeTakeFirstOrThrow()).last_used_at;
    const { id } = await desk.draft();
    await desk.approve(desk.ada, id);
    expect(await lastUse()).not.toBeNull();
    await api.database.db.updateTable('passkeys').set({ last_used_at: null }).execute();
    const { json } = await desk.post(desk.ada, '/transparency/statements', {});
    const signature = signDocument(desk.ada.key, DISCLOSURE_PAYLOAD_TYPES.statement, json.payload);
    const body = { keyid: desk.ada.key.keyid, signature };
    expect((await desk.post(desk.ada, `/transparency/statements/${json.digest}/signatures`, body)).status).toBe(200);
    expect(await lastUse()).not.toBeNull();
  });

  it('case 42: an approval by a role of the identity provider counts only after a recent sign-in there', async () => {
    const { id } = await desk.draft();
    await desk.approve(desk.ada, id);
    await desk.approve(desk.ben, id);
    const account_id = (await api.admins.accounts()).find(({ email }) => email === 'ada@example.org')?.id ?? '';
    const { db } = api.database;
    await db.updateTable('role_grants').set({ source: 'provider' }).where('account_id', '=', account_id).execute();
    const identity = {
      account_id,
      issuer: 'https://login.example.org',
      subject: 'ada',
      linked_at: 1,
      proven: 1,
    } as const;
    await db
      .insertInto('provider_identities')
      .values({ ...identity, signed_in_at: Date.now() - 12 * 3_600_000 })
      .execute();
    const produce = () => desk.post(desk.ben, `/disclosures/${id}/produce`, {});
    expect((await produce()).json).toMatchObject({ code: 'disclosure_not_approved', context: { approved: 1 } });
    await db.updateTable('provider_identities').set({ signed_in_at: Date.now() }).execute();
    expect((await produce()).json).toMatchObject({ state: 'produced' });
  });

  it('is refused by people with a reason, and then closed', async () => {
    const { id } = await desk.draft();
    const refused = { reason: 'objection_upheld', note: 'The person objected, and the court agreed.' };
    expect((await desk.post(desk.ada, `/disclosures/${id}/refuse`, refused)).json).toMatchObject({
      state: 'refused',
      refusal: { reason: 'objection_upheld', source: 'decided' },
    });
    expect((await desk.approve(desk.ben, id)).json.code).toBe('disclosure_closed');
    expect((await desk.post(desk.ada, `/disclosures/${id}/preview`, {})).json.code).toBe('disclosure_closed');
    const counted = new Map([['objection_upheld', 1]]);
    expect(await countsNow()).toEqual({ received: 1, answered: 0, accounts: 0, refused: counted, pending: 0 });
  });

  it('is visible to an auditor without the account, and to no other role', async () => {
    const { id } = await desk.draft();
    const auditor = await api.token(await api.account('a@example.org', [{ role: 'auditor', group: null, area: null }]));
    const headers = { authorization: `Bearer ${auditor}` };
    const shown = await desk.get({ headers }, `/disclosures/${id}`);
    expect(shown.json).toMatchObject({ person: null, versions: [{ payload: null }] });
    const list = await desk.get({ headers }, '/disclosures');
    for (const text of [shown.text, list.text]) {
      expect(text).not.toContain(desk.person);
      expect(text).not.toContain('Samantha');
    }
    expect((await desk.post({ headers }, `/disclosures/${id}/preview`, {})).json.code).toBe('forbidden');
    for (const path of ['production', 'document']) {
      expect((await desk.get({ headers }, `/disclosures/${id}/${path}`)).json.code).toBe('forbidden');
    }
  });
});

describe('the key of an authority', () => {
  deskEach();

  it('case 44: needs a second, independent person with the right fingerprint', async () => {
    const added = await desk.addAuthority();
    const confirm = (who: typeof desk.ada, fingerprint: string) =>
      desk.post(who, `/authorities/${added.id}/confirm`, { fingerprint, verifiedBy: 'In person.' });
    expect((await confirm(desk.clerk, added.fingerprint)).json.code).toBe('same_person');
    expect((await confirm(desk.ada, sha256('swapped'))).json.code).toBe('fingerprint_mismatch');
    const unverified = await desk.post(desk.clerk, '/disclosures', { ...(await desk.request()), authority: added.id });
    expect(unverified.json.code).toBe('disclosure_authority_unverified');
    expect((await confirm(desk.ada, added.fingerprint)).json.state).toBe('verified');
    expect((await confirm(desk.ben, added.fingerprint)).json.code).toBe('conflict');
  });

  it('case 44: nothing is sealed to a key that was revoked, or swapped in the store after the approvals', async () => {
    const { id } = await desk.draft({ window: now() });
    await desk.approve(desk.ada, id);
    await desk.approve(desk.ben, id);
    const produce = () => desk.post(desk.ada, `/disclosures/${id}/produce`, {});
    const { recipient: pinned } = desk.authority;
    const swapped = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';
    const set = (values: object) => api.database.db.updateTable('authorities').set(values).execute();
    await set({ recipient: swapped, fingerprint: sha256(swapped) });
    expect((await produce()).json.code).toBe('disclosure_authority_unverified');
    await set({ recipient: pinned, fingerprint: sha256(pinned) });
    const payload = (await api.database.db.selectFrom('disclosure_versions').selectAll().executeTakeFirstOrThrow())
      .payload;
    await api.database.db
      .updateTable('disclosure_versions')
      .set({ payload: payload.replace(pinned, swapped) })
      .execute();
    await set({ recipient: swapped, fingerprint: sha256(swapped) });
    expect((await produce()).json.code).toBe('approval_invalid');
    await api.database.db.updateTable('disclosure_versions').set({ payload }).execute();
    await set({ recipient: pinned, fingerprint: sha256(pinned) });
    await desk.post(desk.ben, `/authorities/${desk.authority.id}/revoke`, { reason: 'The key was lost.' });
    expect((await produce()).json.code).toBe('disclosure_authority_unverified');
    expect(await entriesOf('disclosure.produced')).toEqual([]);
  });
});

async function bytesOf(path: string): Promise<Buffer> {
  const response = await fetch(`${api.url}/api/v1${path}`, { headers: desk.ada.headers });
  return Buffer.from(await response.arrayBuffer());
}
