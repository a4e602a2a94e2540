/**
 * The order of November 2015, carried out and withdrawn on a real server with two real agents, by people with only command lines. It is
 * announced, extended, active while the server is down, paused, resumed and withdrawn. Its dates are a few seconds from now.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { InboxEntry } from '../../agent/control/message-responses.ts';
import { invitedAccount, redeemed } from '../../shared/api/accounts.ts';
import { affectedView, receiptList } from '../../shared/api/affected-devices.ts';
import { approverKeyView, approverSetView } from '../../shared/api/approvers.ts';
import { createdCode } from '../../shared/api/codes.ts';
import { explanationView } from '../../shared/api/explanation.ts';
import { groupView } from '../../shared/api/groups.ts';
import { ipComparisonView, ipDatabaseView } from '../../shared/api/ip-databases.ts';
import { approvalResult } from '../../shared/api/order-approvals.ts';
import { orderView, revisionView } from '../../shared/api/orders.ts';
import { EXIT } from '../../shared/exit-codes.ts';
import { type AdminCli, adminCli } from '../support/admin-cli.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { TestLink } from '../support/gateway-world.ts';
import { KNOWN_ADDRESSES, writeMmdb } from '../support/mmdb-writer.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'cordon-order-'));
let server: ServerProcess;
let owner: AdminCli;
const people = new Map<string, AdminCli>();
/** A resident with home and network in Pakistan, and a user far away. */
let resident: AgentProcess;
let abroad: AgentProcess;

function by(name: string): AdminCli {
  const found = people.get(name);
  if (!found) throw new Error(`nobody is called ${name}`);
  return found;
}
const keyOf = (name: string) => join(folder, `${name}.pem`);

/** Redeems a link, signs in, and then uses the session in a separate folder. */
async function signIn(name: string, link: string, more: string[] = []): Promise<AdminCli> {
  const env = { CORDON_PASSWORD: 'correct horse battery staple', CORDON_KEY_PASSPHRASE: `the passphrase of ${name}` };
  const cordon = adminCli(server.admin, join(folder, name), env);
  const { account, totpSecret } = redeemed.parse(await cordon.json(['setup', link, ...more]));
  await cordon.json(['sign-in', account.email], { env: { CORDON_TOTP_SECRET: totpSecret } });
  return cordon;
}

async function newAgent(user: string, group: string, home: string, network: string): Promise<AgentProcess> {
  const sensors = join(folder, `${user}.json`);
  writeFileSync(sensors, JSON.stringify({ network }));
  const code = createdCode.parse(
    await owner.json(['codes', 'create', '--user', user, '--group', group, '--home', home]),
  );
  const agent = new AgentProcess({ CORDON_AGENT_SENSOR_FILE: sensors });
  await agent.enroll(code.link);
  agent.run();
  await agent.connected();
  return agent;
}

const approve = async (name: string, order: string, revision: number) =>
  approvalResult.parse(
    await by(name).json(['orders', 'approve', order, String(revision), '--key', keyOf(name), '--yes']),
  );
/** Ada proposes the change, and the named approvers adopt it. */
async function act(verb: string, order: string, approvers: string[], flags: string[] = []): Promise<number> {
  const { revision } = revisionView.parse(await by('ada').json(['orders', verb, order, ...flags]));
  for (const name of approvers) await approve(name, order, revision);
  return revision;
}
const nameOf = (agent: AgentProcess) => (agent === resident ? 'resident' : 'abroad');
const send = (from: AgentProcess, to: AgentProcess, text: string) => from.cli(['send', nameOf(to), text]);
/** Texts that a person has received, in order. */
const heard = async (agent: AgentProcess): Promise<string[]> => {
  const { out } = await agent.cli(['inbox', '--all', '--json']);
  const entries: InboxEntry[] = JSON.parse(out);
  return entries.flatMap(({ messages }) => messages.filter(({ mine, from }) => !mine && from).map(({ text }) => text));
};
const isOpen = async (agent: AgentProcess, service = 'messaging') =>
  (await agent.status()).gates.find((gate) => gate.service === service)?.open;
const receipts = async (agent: AgentProcess) => {
  const all = z.object({ receipts: receiptList.shape.receipts });
  const list = all.parse({ receipts: await owner.json(['orders', 'receipts', order, agent.device]) }).receipts;
  return list.map(({ kind, service, gate, revision }) => [kind, service, gate, revision].join(' '));
};

/** The message's status may be known before the command ends. */
const SENT = /^(sent|delivered)\n$/;
const ORGANIZATION = { CORDON_KEY_PASSPHRASE: 'the passphrase of the organization' };

let organizationKey: string;
let order: string;
let certificate: string | Buffer | undefined;
/** Instants at which the resident's verdict was known to be allowed or denied. */
const moments = { denied: 0, held: 0 };
/** Duration of two approvals on this machine now, in milliseconds. */
let pace: number;

beforeAll(async () => {
  server = await startServerProcess();
  owner = await signIn('owner', server.firstOwner, ['--email', 'owner@example.org', '--name', 'Owner']);
  for (const name of ['ada', 'ben', 'cleo']) {
    const made = await owner.json(['accounts', 'add', `${name}@example.org`, name, '--role', 'legal']);
    people.set(name, await signIn(name, invitedAccount.parse(made).link ?? ''));
  }
}, 120_000);
afterAll(async () => {
  await resident?.remove();
  await abroad?.remove();
  await server?.remove();
  rmSync(folder, { recursive: true, force: true });
});

it('three people register their keys and become the approver set, and two devices enroll', async () => {
  const keyids: string[] = [];
  for (const [name, cordon] of people) {
    await cordon.json(['key', 'create', keyOf(name)]);
    keyids.push(approverKeyView.parse(await cordon.json(['key', 'register', '--key', keyOf(name)])).keyid);
  }
  organizationKey = join(folder, 'organization.pem');
  const made = await owner(['org-key', 'create', organizationKey], { env: ORGANIZATION });
  expect(made).toMatchObject({ code: 0 });
  const organization = ['--organization-key', `${organizationKey}.pub`];
  const approverSet = approverSetView.parse(await owner.json(['approvers', 'propose', ...keyids, ...organization]));
  for (const name of ['ada', 'ben']) {
    await by(name).json(['approvers', 'sign', String(approverSet.version), '--key', keyOf(name), '--yes']);
  }
  const group = groupView.parse(await owner.json(['groups', 'add', 'Karachi'])).id;
  resident = await newAgent('resident', group, 'PK', '410');
  abroad = await newAgent('abroad', group, 'SE', '240');
  certificate = resident.tls(server.device).cert;
  await until(async () => {
    const { location } = z
      .object({ location: z.object({ areas: z.array(z.string()) }) })
      .parse(await owner.json(['devices', 'show', resident.device]));
    expect(location.areas).toEqual(['PK']);
  });
}, 120_000);

it('the organization verifies both devices, with a key that the server does not have', async () => {
  await until(async () => {
    await owner(['org-key', 'countersign', '--key', organizationKey, '--yes'], { env: ORGANIZATION });
    for (const agent of [resident, abroad]) {
      expect((await agent.status()).messaging).toMatchObject({ state: 'ready', name: nameOf(agent) });
    }
  }, 60_000);
}, 90_000);

it('two people approve the order, and until its effective time all messages are delivered', async () => {
  const proposed = revisionView.parse(
    await by('ada').json([
      'orders',
      'propose',
      '--title',
      'Pakistan, November 2015',
      '--areas',
      'PK',
      '--services',
      'messaging',
      'mail',
      '--nexus',
      'present',
      'network',
      '--effective',
      new Date(Date.now() + 3_600_000).toISOString(),
      '--unknown',
      'allow',
      '--contested',
      'allow',
      '--travelers',
      'allow',
      '--authority',
      'Pakistan Telecommunication Authority',
      '--addressee',
      'the mobile network operators',
      '--instrument',
      'a directive of July 2015',
      '--statement',
      'en=This service ends in Pakistan.',
      '--appeal',
      'the Islamabad High Court',
    ]),
  );
  order = proposed.order;
  const own = await by('ada')(['orders', 'approve', order, '1', '--key', keyOf('ada'), '--yes']);
  expect(own).toMatchObject({ code: 6, err: expect.stringContaining('[same_person]') });
  const began = Date.now();
  expect(await approve('ben', order, 1)).toMatchObject({ adopted: false, code: 'second_approver_required' });
  expect((await resident.cli(['orders'])).out).toBe('No announced or active orders.\n');
  expect(await approve('cleo', order, 1)).toMatchObject({ adopted: true });
  pace = Date.now() - began;

  await until(async () =>
    expect((await resident.cli(['orders'])).out).toContain(`${order}.1  Pakistan, November 2015`),
  );
  expect(await send(resident, abroad, 'one')).toEqual({ code: 0, out: expect.stringMatching(SENT), err: '' });
  await until(async () => expect(await heard(abroad)).toEqual(['one']));
  expect(await send(abroad, resident, 'two')).toEqual({ code: 0, out: expect.stringMatching(SENT), err: '' });
  await until(async () => expect(await heard(resident)).toEqual(['two']));
  await until(async () => expect(await receipts(resident)).toContain('delivered   1'));
}, 120_000);

it('it takes effect at its time on a device that cannot reach its server, and the server learns of it later', async () => {
  const effective = Date.now() + 5 * pace + 5_000;
  const revision = await act('extend', order, ['ben', 'cleo'], ['--effective', new Date(effective).toISOString()]);
  await until(async () => expect((await resident.cli(['orders'])).out).toContain(`${order}.${revision}`));
  expect(await isOpen(resident)).toBe(true);
  await server.kill();
  await resident.link('waiting');
  expect(Date.now()).toBeLessThan(effective);

  await until(async () => expect(await isOpen(resident)).toBe(false), 60_000, 500);
  expect(Date.now()).toBeGreaterThanOrEqual(effective);
  expect(resident.linkState).not.toBe('connected');
  await server.start();
  // After a longer outage of the server, a device may wait longer before its next attempt.
  await resident.connected(300_000);
  await abroad.connected(300_000);
  await until(async () => {
    expect(await receipts(resident)).toEqual(
      expect.arrayContaining([`enforced messaging closed ${revision}`, `enforced mail closed ${revision}`]),
    );
  });
  expect((await receipts(abroad)).filter((receipt) => receipt.startsWith('enforced'))).toEqual([]);
  expect(affectedView.parse({ devices: await owner.json(['orders', 'affected', order]) }).devices).toEqual([
    { device: resident.device, denied: ['messaging', 'mail'], reasons: ['present', 'network'] },
  ]);
  // The output shows the user's name, and the device id for the next command.
  for (const asked of [
    ['affected', order],
    ['receipts', order, resident.device],
  ]) {
    expect((await owner(['orders', ...asked])).out).toMatch(new RegExp(`${resident.device} +resident `));
  }
}, 700_000);

it('both gates enforce it, and each names the order, its reasons and the appeal contact', async () => {
  moments.denied = Date.now();
  const words = `Delivery is suspended by order ${order}`;
  const refused = await send(resident, abroad, 'three');
  expect(refused).toMatchObject({ code: EXIT.refusedByOrder, err: expect.stringContaining(words) });
  expect(refused.err).toMatch(/Appeal to: the Islamabad High Court/i);
  const toward = await send(abroad, resident, 'four');
  expect(toward).toMatchObject({ code: 0, out: expect.stringMatching(`^held by order ${order}; resident: held`) });

  const status = await resident.cli(['status']);
  expect(status.out).toMatch(/connection +connected/);
  expect(status.out).toMatch(
    new RegExp(
      `messaging +suspended.*\n +by order ${order}\\.\\d, Pakistan, November 2015; .*\n +This device is in .* The mobile network of this device`,
    ),
  );
  expect(status.out).toContain('[en] This service ends in Pakistan.');
  expect(status.out).toContain('appeal to: the Islamabad High Court');
  await until(async () => expect((await receipts(resident)).some((one) => one.startsWith('displayed'))).toBe(true));

  // A device without its own gate is stopped by the server's gate.
  await resident.kill();
  const raw = await new TestLink(resident.tls(server.device)).hello();
  const post = { id: crypto.randomUUID(), to: [abroad.device], body: Buffer.from('five').toString('base64') };
  raw.send({ kind: 'post', ...post, keep: true, commit: null, expires: null });
  expect(await raw.next('posted')).toMatchObject({
    outcome: 'refused',
    denial: {
      code: 'service_denied',
      by: 'server',
      order,
      reasons: ['present', 'network'],
      appeal: expect.stringContaining('High Court'),
    },
  });
  raw.socket.close();
  expect(await heard(abroad)).toEqual(['one']);
  resident.run();
  await resident.connected();
  expect(await isOpen(resident)).toBe(false);
}, 120_000);

it('one person pauses it, and two resume it while the device is switched off', async () => {
  await act('pause', order, ['ben']);
  await until(async () => expect(await isOpen(resident)).toBe(true));
  moments.held = Date.now();
  // Messages that were held while the order was active have arrived.
  await until(async () => expect(await heard(resident)).toEqual(['two', 'four']));
  expect(await send(resident, abroad, 'six')).toMatchObject({ code: 0, out: expect.stringMatching(SENT) });
  await until(async () => expect(await heard(abroad)).toEqual(['one', 'six']));
  await resident.stop();

  const { revision } = revisionView.parse(await by('ada').json(['orders', 'resume', order]));
  await approve('ben', order, revision);
  expect(orderView.parse(await owner.json(['orders', 'show', order])).status).toBe('paused');
  await approve('cleo', order, revision);
  const held = await send(abroad, resident, 'seven');
  expect(held).toMatchObject({ code: 0, out: expect.stringContaining(`held by order ${order}`) });

  resident.run();
  await resident.connected();
  await until(async () => expect(await isOpen(resident)).toBe(false));
  await until(async () => expect(await receipts(resident)).toContain(`enforced messaging closed ${revision}`));
}, 120_000);

it('two people withdraw it while the device is switched off, and services return without a new enrollment', async () => {
  await resident.stop();
  const revision = await act('withdraw', order, ['ben', 'cleo']);
  resident.run();
  await resident.connected();
  await until(async () => expect(await isOpen(resident)).toBe(true));
  expect(await send(resident, abroad, 'eight')).toEqual({ code: 0, out: expect.stringMatching(SENT), err: '' });
  expect(await send(abroad, resident, 'nine')).toEqual({ code: 0, out: expect.stringMatching(SENT), err: '' });
  await until(async () => expect(await heard(abroad)).toEqual(['one', 'six', 'eight']));
  await until(async () => expect(await heard(resident)).toEqual(['two', 'four', 'seven', 'nine']));
  expect(await resident.status()).toMatchObject({ generation: 1 });
  expect(resident.tls(server.device).cert).toBe(certificate);
  await until(async () => {
    expect(await receipts(resident)).toEqual(
      expect.arrayContaining([`restored messaging open ${revision}`, `restored mail open ${revision}`]),
    );
  });
  const closed = await by('ada')(['orders', 'pause', order]);
  expect(closed).toMatchObject({ code: 6, err: expect.stringContaining('[order_closed]') });
}, 120_000);

it('a restarted server explains the device’s verdict afterward, for any instant', async () => {
  await server.stop();
  await server.start();
  const ask = (at: number) => owner(['explain', resident.device, '--at', new Date(at).toISOString()]);
  const denied = await ask(moments.denied);
  expect(denied).toMatchObject({ code: 0, err: '' });
  expect(denied.out).toMatch(/Location\n {2}PK \(probable\): Only one source reports this location/);
  expect(denied.out).toMatch(
    new RegExp(
      `messaging +denied +by order ${order}\\.\\d: The device is in the area\\. The device uses a mobile network of the area\\.`,
    ),
  );
  expect(denied.out).toMatch(/Pakistan, November 2015: active, suspends services\n/);
  expect(denied.out).toMatch(/The device signed at \S+: enforced messaging/);
  expect((await ask(moments.held)).out).toMatch(
    /messaging +allowed[\s\S]+Pakistan, November 2015: paused, suspends nothing/,
  );
  const told = explanationView.parse(await owner.json(['explain', resident.device]));
  expect(told).toMatchObject({
    services: { messaging: { allowed: true } },
    orders: [{ state: 'withdrawn', denies: false }],
  });
  const years = await owner(['explain', resident.device, '--at', '2015-11-30T00:00:00+05:00']);
  expect(years).toMatchObject({ code: 5, err: expect.stringContaining('[beyond_retention]') });
  const unclear = await owner(['explain', resident.device, '--at', '2015-11-30T00:00:00']);
  expect(unclear).toMatchObject({ code: 2, err: expect.stringContaining('is not a complete time') });
}, 60_000);

it('an IP database is imported, compared, activated and rolled back from the command line', async () => {
  const file = join(folder, 'another.mmdb');
  writeFileSync(
    file,
    writeMmdb(Object.fromEntries(KNOWN_ADDRESSES.map(([at, country]) => [at, { country }])), Date.now()),
  );
  const { hash } = ipDatabaseView.parse(await owner.json(['ip-database', 'import', file]));
  const compared = await owner(['ip-database', 'compare', hash]);
  expect(compared).toMatchObject({ code: 0, out: expect.stringMatching(/^another\.mmdb .* against bundled/) });
  expect(ipComparisonView.parse(await owner.json(['ip-database', 'compare', hash])).moved).toBe(0);
  await owner.json(['ip-database', 'activate', hash]);
  const back = await owner(['ip-database', 'rollback']);
  expect(back).toMatchObject({ code: 0, out: expect.stringMatching(/^bundled, .* is active again\.\n$/) });
  expect((await owner(['ip-database', 'list'])).out).toMatch(/another\.mmdb +\S+ +\S+ +Owner +\d+ +-\n/);
  writeFileSync(file, 'no database');
  const refused = await owner(['ip-database', 'import', file]);
  expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('[ip_database_invalid]') });
}, 60_000);
