/** Time corrections that approvers sign on the server, with key files and passkeys. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { approverSetView } from '../../shared/api/approvers.ts';
import { timeCorrectionList } from '../../shared/api/time-corrections.ts';
import { signApproverSetPayload, signTimeCorrectionPayload } from '../../shared/order/approver-key.ts';
import { readApproverSet } from '../../shared/order/approvers.ts';
import { PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { pae } from '../../shared/order/pae.ts';
import { verifyTimeCorrection } from '../../shared/order/time-correction.ts';
import { type ApiApprover, adoptApprovers, KEY_PASSPHRASE } from '../../tests/support/api-approvers.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { runInProcess } from '../../tests/support/in-process-cli.ts';
import { createPasskey, type Passkey } from '../../tests/support/passkey.ts';

const DAY = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'cordon-time-'));
let api: ApiServer;
let ada: ApiApprover;
let ben: ApiApprover;
let passkey: Passkey;

const request = (method: string, path: string, { headers }: ApiApprover, body?: object) =>
  api.request(method, `/api/v1${path}`, headers, body);
const listOf = async (who: ApiApprover) =>
  timeCorrectionList.parse((await request('GET', '/time-corrections', who)).json);

beforeAll(async () => {
  api = await startApi();
  const approvers = await adoptApprovers(api);
  const [first, second] = approvers;
  if (!first || !second) throw new Error('an approver is missing');
  [ada, ben] = [first, second];
  // The next approver set has a passkey of Ada instead of her file.
  passkey = createPasskey({ origin: api.localUrl });
  const { json } = await request('POST', '/passkeys/options', ada, { purpose: 'approval' });
  const registration = { token: json.token, name: 'Approvals', response: passkey.registration(json.options.challenge) };
  expect((await request('POST', '/approver-keys', ada, { passkey: registration })).status).toBe(201);
  const keyids = [passkey.keyid, ben.key.keyid];
  const proposed = await request('POST', '/approvers', ada, { keyids, threshold: 2 });
  const { version, payload } = approverSetView.parse(proposed.json);
  for (const [who, keyid, signature] of [
    [ada, ada.key.keyid, signApproverSetPayload(ada.key, payload)],
    [ben, ben.key.keyid, signApproverSetPayload(ben.key, payload)],
    [ada, passkey.keyid, passkey.sign(pae(PAYLOAD_TYPES.approvers, Buffer.from(payload)))],
  ] as const) {
    await request('POST', `/approvers/${version}/signatures`, who, { keyid, signature });
  }
  await api.commandLine(ben, join(folder, 'home'));
  writeFileSync(join(folder, 'ben.pem'), ben.pem, { mode: 0o600 });
});
afterAll(async () => {
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});

const cordon = (...args: string[]) =>
  runInProcess(['time-correction', ...args], {
    XDG_CONFIG_HOME: join(folder, 'home'),
    CORDON_SERVER: api.url,
    CORDON_KEY_PASSPHRASE: KEY_PASSPHRASE,
  });
const at = (days: number) => new Date(Date.now() + days * DAY).toISOString();
const propose = (reason: string) => cordon('propose', '--from', at(2), '--until', at(3), '--reason', reason);

it('a passkey and a key file sign the pending proposal, and devices accept the published correction', async () => {
  expect((await cordon('approve', '--key', join(folder, 'ben.pem'), '--yes')).err).toContain(
    'No time correction waits',
  );
  const backwards = await cordon('propose', '--from', at(3), '--until', at(2), '--reason', 'x');
  expect(backwards.err).toContain('document_malformed');
  expect((await propose('a first draft')).out).toContain('2 approvers must sign');
  const draft = (await listOf(ada)).pending;
  expect((await propose('The host clock was ahead.')).code).toBe(0);
  const { pending } = await listOf(ada);
  if (!pending || !draft) throw new Error('no proposal is pending');

  const bytes = pae(PAYLOAD_TYPES.timeCorrection, Buffer.from(pending.payload));
  const sign = (who: ApiApprover, keyid: string, signature: string, digest = pending.digest) =>
    request('POST', `/time-corrections/proposals/${digest}/signatures`, who, { keyid, signature });
  for (const [who, keyid, signature, digest, code] of [
    // The new proposal replaced the draft.
    [ada, passkey.keyid, passkey.sign(bytes), draft.digest, 'not_found'],
    // Ada's file is no longer in the approver set.
    [ada, ada.key.keyid, signTimeCorrectionPayload(ada.key, pending.payload), pending.digest, 'approver_unknown'],
    [ben, passkey.keyid, passkey.sign(bytes), pending.digest, 'forbidden'],
    [ada, passkey.keyid, passkey.sign(bytes, { challenge: 'x' }), pending.digest, 'approval_invalid'],
    // An assertion for another kind of document.
    [
      ada,
      passkey.keyid,
      passkey.sign(pae(PAYLOAD_TYPES.revision, Buffer.from(pending.payload))),
      pending.digest,
      'approval_invalid',
    ],
  ] as const) {
    expect((await sign(who, keyid, signature, digest)).json.code).toBe(code);
  }
  for (let twice = 0; twice < 2; twice += 1) {
    const { json } = await sign(ada, passkey.keyid, passkey.sign(bytes));
    expect([json.published, json.proposal.signed, json.proposal.needed]).toEqual([false, 1, 2]);
  }
  const other = await cordon('approve', '--key', join(folder, 'ben.pem'), '--digest', draft.digest);
  expect(other.err).toContain('document_malformed');
  const approved = await cordon('approve', '--key', join(folder, 'ben.pem'), '--digest', pending.digest);
  expect([approved.code, approved.out]).toEqual([0, expect.stringContaining('is published')]);

  const { corrections, pending: left } = await listOf(ada);
  expect(left).toBeNull();
  const [published] = corrections;
  const set = api.orders.approverSets.envelopes().at(-1);
  if (!published || !set) throw new Error('nothing was published');
  // The device's own check.
  expect(verifyTimeCorrection(published.envelope, readApproverSet(set))).toMatchObject({
    version: 1,
    reason: 'The host clock was ahead.',
  });
  const entry = await api.database.db
    .selectFrom('ledger_entries')
    .select('body')
    .where('kind', '=', 'time.corrected')
    .executeTakeFirstOrThrow();
  expect(JSON.parse(entry.body).public).toMatchObject({ version: 1, digest: pending.digest });
  expect((await sign(ada, passkey.keyid, passkey.sign(bytes))).json.code).toBe('not_found');
});

it('a published file deletes the pending proposal, which has an old version then', async () => {
  expect((await propose('A second time.')).code).toBe(0);
  const { pending } = await listOf(ada);
  if (!pending) throw new Error('no proposal is pending');
  const bytes = pae(PAYLOAD_TYPES.timeCorrection, Buffer.from(pending.payload));
  const envelope = {
    payloadType: PAYLOAD_TYPES.timeCorrection,
    payload: Buffer.from(pending.payload).toString('base64'),
    signatures: [
      { keyid: passkey.keyid, sig: passkey.sign(bytes) },
      { keyid: ben.key.keyid, sig: signTimeCorrectionPayload(ben.key, pending.payload) },
    ],
  };
  expect((await request('POST', '/time-corrections', ada, { envelope })).status).toBe(201);
  expect((await listOf(ada)).pending).toBeNull();
});
