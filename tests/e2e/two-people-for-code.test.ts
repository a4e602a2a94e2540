/** Code for devices needs two independent people: attempts of one owner to write and release a package or a script alone, over the API. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { accountList, invitedAccount } from '../../shared/api/accounts.ts';
import { approverKeyView, approverSetView } from '../../shared/api/approvers.ts';
import { packageView } from '../../shared/api/packages.ts';
import { scriptVersionList, scriptVersionView, scriptView } from '../../shared/api/scripts.ts';
import { updateChannelList } from '../../shared/api/update-channels.ts';
import { done } from '../../shared/api/wire.ts';
import { signApproverSetPayload } from '../../shared/order/approver-key.ts';
import { PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { createKeyFile } from '../../shared/order/key-file.ts';
import { pae } from '../../shared/order/pae.ts';
import { AGENT_PACKAGE } from '../../shared/software/update-channel.ts';
import { type Operator, setUp } from '../support/operator.ts';
import { type Approver, joinByLink, type Person } from '../support/people.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

let server: ServerProcess;
let operator: Operator;
/** The owner, who is an approver too and tries to act alone. */
let owner: Approver;

beforeAll(async () => {
  server = await startServerProcess({});
  operator = await setUp(server.admin, server.firstOwner);
  const { key, pem } = createKeyFile('the passphrase of owner');
  await operator.owner.browser.call('POST', '/approver-keys', approverKeyView, { publicKey: key.publicKey });
  owner = { ...operator.owner, key, pem };
  const approvers = [owner, ...operator.approvers];
  const keyids = approvers.map((each) => each.key.keyid);
  const set = await owner.api.call('POST', '/approvers', approverSetView, { keyids, threshold: 2 });
  for (const each of operator.approvers.slice(0, 2)) {
    const signature = signApproverSetPayload(each.key, set.payload);
    const body = { keyid: each.key.keyid, signature };
    await each.api.call('POST', `/approvers/${set.version}/signatures`, approverSetView, body);
  }
}, 120_000);
afterAll(async () => server?.remove());

/** Creates an account by the given person, who sees the invitation link and can sign in with the account. */
async function accountBy(creator: Person, email: string, role = 'owner'): Promise<Person> {
  const account = { email, name: email, grants: [{ role }] };
  const { invitation } = await creator.browser.call('POST', '/accounts', invitedAccount, account);
  if (invitation === null) throw new Error('the server mails invitations');
  return joinByLink(server.admin, invitation, email);
}
async function accountIdOf({ id }: Person): Promise<string> {
  const { accounts } = await owner.api.call('GET', '/accounts', accountList);
  const found = accounts.find(({ person }) => person === id);
  if (!found) throw new Error('the account is missing');
  return found.id;
}
function ada(): Approver {
  const [first] = operator.approvers;
  if (!first) throw new Error('there is no approver');
  return first;
}
const upload = (by: Person, version: string) => {
  const path = `/packages?name=${AGENT_PACKAGE}&version=${version}&architecture=all`;
  return by.api.call('POST', path, packageView, Buffer.from(`!<arch>\n${version}`));
};
const sign = (by: Approver, { sha256, statement }: { sha256: string; statement: string }) => {
  const signature = by.key.sign(pae(PAYLOAD_TYPES.package, Buffer.from(statement))).toString('base64');
  return by.api.call('POST', `/packages/${sha256}/signature`, packageView, { keyid: by.key.keyid, signature });
};
const publish = (by: Person, sha256: string) =>
  by.browser.call('POST', '/update-channels/stable/publications', updateChannelList, { sha256 });
const refused = (code: string, message: string) => ({ code, message: expect.stringContaining(message) });

it('refuses the signature of an owner who uploaded the package with another account of the same address', async () => {
  const work = await accountBy(owner, 'owner+work@example.org');
  const stored = await upload(work, '9.0.0');
  await expect(sign(owner, stored)).rejects.toMatchObject(refused('same_person', 'You uploaded this package'));
  await expect(publish(owner, stored.sha256)).rejects.toMatchObject({ code: 'conflict' });
});

it('refuses the signature of an owner who created the account of the uploader, also through a third account', async () => {
  const second = await accountBy(owner, 'second@example.org');
  const third = await accountBy(second, 'third@example.org');
  for (const [by, version] of [
    [second, '9.1.0'],
    [third, '9.2.0'],
  ] as const) {
    const stored = await upload(by, version);
    await expect(sign(owner, stored)).rejects.toMatchObject(refused('same_person', 'created the account'));
    // Another upload of the same file does not change the uploader.
    expect((await upload(owner, version)).uploadedBy).toBe(stored.uploadedBy);
    await by.api.call('DELETE', `/packages/${stored.sha256}`, done);
  }
});

it('refuses to publish a package if the signer publishes it, or later saw a sign-in link of the uploader', async () => {
  const fleet = await accountBy(operator.owner, 'fleet@example.org', 'fleet');
  const signed = await sign(ada(), await upload(fleet, '9.3.0'));
  // The owner created the account of the signer, and counts as one person with the signer.
  await expect(publish(owner, signed.sha256)).rejects.toMatchObject(refused('same_person', 'created the account'));
  expect((await publish(fleet, signed.sha256)).channels.find(({ channel }) => channel === 'stable')).toMatchObject({
    publications: [{ version: '9.3.0' }],
  });

  const account = await accountBy(operator.owner, 'later@example.org', 'fleet');
  const later = await sign(ada(), await upload(account, '9.4.0'));
  const grants = `/accounts/${await accountIdOf(ada())}/grants`;
  await owner.browser.call('POST', grants, z.unknown(), { role: 'owner' });
  await ada().browser.call('POST', `/accounts/${await accountIdOf(account)}/invitation`, z.unknown());
  await expect(publish(fleet, later.sha256)).rejects.toMatchObject(
    refused('same_person', 'was shown a sign-in link for the account'),
  );
});

it('refuses the review of an owner who wrote the script with an account that the owner created', async () => {
  const writer = await accountBy(owner, 'writer@example.org');
  const content = { name: 'Disks', purpose: 'Finds full disks', interpreter: 'sh', text: 'df\n' };
  const limits = { seconds: 60, memory: 256, output: 1, days: 1 };
  const { id } = await writer.api.call('POST', '/scripts', scriptView, { ...content, ...limits });
  const { versions } = await writer.api.call('GET', `/scripts/${id}/versions`, scriptVersionList);
  const review = (by: Approver) => {
    const { payload = '', digest = '' } = versions[0] ?? {};
    const signature = by.key.sign(pae(PAYLOAD_TYPES.script, Buffer.from(payload))).toString('base64');
    const body = { digest, keyid: by.key.keyid, signature };
    return by.api.call('POST', `/scripts/${id}/versions/1/reviews`, scriptVersionView, body);
  };
  await expect(review(owner)).rejects.toMatchObject(refused('same_person', 'created the account'));
  expect((await review(ada())).state).toBe('reviewed');
});
