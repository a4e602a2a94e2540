/**
 * The order of November 2015, carried out and undone on a real server and two real agents, by people at their command lines alone:
 * noticed, moved, in force while the server is down, held, released, withdrawn. Its dates are a few seconds from now.
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
/** In Pakistan by its network, and at home there; and somebody far away. */
let resident: AgentProcess;
let abroad: AgentProcess;

function by(name: string): AdminCli {
  const found = people.get(name);
  if (!found) throw new Error(`nobody is called ${name}`);
  return found;
}
const keyOf = (name: string) => join(folder, `${name}.pem`);

/** Redeems a link, signs in, and from then on uses the session in a folder of their own. */
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
/** Proposed by ada, adopted by those who are named. */
async function act(verb: string, order: string, approvers: string[], flags: string[] = []): Promise<number> {
  const { revision } = revisionView.parse(await by('ada').json(['orders', verb, order, ...flags]));
  for (const name of approvers) await approve(name, order, revision);
  return revision;
}
const nameOf = (agent: AgentProcess) => (agent === resident ? 'resident' : 'abroad');
const send = (from: AgentProcess, to: AgentProcess, text: string) => from.cli(['send', nameOf(to), text]);
/** What a person has been told by others, in order. */
const heard = async (agent: AgentProcess): Promise<string[]> => {
  const { out } = await agent.cli(['inbox', '--all', '--json']);
  const entries: InboxEntry[] = JSON.parse(out);
  return entries.flatMap(({ messages }) => messages.filter(({ mine, from }) => !mine && from).map(({ text }) => text));
};
const isOpen = async (agent: AgentProcess, service = 'messaging') =>
  (await agent.status()).gates.find((gate) => gate.service === service)?.open;
const receipts = async (agent: AgentProcess) => {
  const all = z.object({ receipts: receiptList.shape.receipts });
  const list = all.parse({ receipts: await owner.json(['orders', 'receipts', order]) }).receipts;
  return list
    .filter(({ device }) => device === agent.device)
    .map(({ kind, service, gate, revision }) => [kind, service, gate, revision].join(' '));
};

/** Its fate may be heard of before the command ends. */
const SENT = /^(sent|delivered)\n$/;
const ORGANIZATION = { CORDON_KEY_PASSPHRASE: 'the passphrase of the organization' };

let organizationKey: string;
let order: string;
let certificate: string | Buffer | undefined;
/** Instants at which the resident's verdict was one or the other. */
const moments = { denied: 0, held: 0 };
/** How long two approvals take on this machine now, in milliseconds. */
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

it('three people register keys of their own and become the approver set, and two devices enroll', async () => {
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

it('the organization confirms both devices, with a key that the server does not have', async () => {
  await until(async () => {
    await owner(['org-key', 'countersign', '--key', organizationKey, '--yes'], { env: ORGANIZATION });
    for (const agent of [resident, abroad]) {
      expect((await agent.status()).messaging).toMatchObject({ state: 'ready', name: nameOf(agent) });
    }
  }, 60_000);
}, 90_000);

it('is noticed with the word of two, and until its day everything is delivered', async () => {
  const proposed = revisionView.parse(
    await by('ada').json([
      ...[
        'orders',
        'propose',
        '--title',
        'Pakistan, November 2015',
        '--areas',
        'PK',
        '--services',
        'messaging',
        'mail',
      ],
      ...['--nexus', 'present', 'network', '--effective', new Date(Date.now() + 3_600_000).toISOString()],
      ...['--unknown', 'allow', '--contested', 'allow', '--travelers', 'allow'],
      ...['--authority', 'Pakistan Telecommunication Authority', '--addressee', 'the mobile network operators'],
      ...['--instrument', 'a directive of July 2015', '--statement', 'en=This service ends in Pakistan.'],
      ...['--appeal', 'the Islamabad High Court'],
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

it('takes effect on its day on a device that cannot reach its server, which hears of it afterward', async () => {
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
  // The longer a server was away, the longer a device may wait with its next try.
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
  // A person reads the user's name, and needs the id for the next command.
  for (const command of ['affected', 'receipts']) {
    expect((await owner(['orders', command, order])).out).toMatch(new RegExp(`${resident.device} +resident `));
  }
}, 700_000);

it('is obeyed at both gates, each of which names it, its reasons and whom to appeal to', async () => {
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
    new RegExp(`messaging +suspended.*\n +by order ${order}\\.\\d, Pakistan, November 2015, because present, network`),
  );
  expect(status.out).toContain('[en] This service ends in Pakistan.');
  expect(status.out).toContain('appeal to: the Islamabad High Court');
  await until(async () => expect((await receipts(resident)).some((one) => one.startsWith('displayed'))).toBe(true));

  // A device whose own gate was taken out meets the server's.
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

it('is held by one person, and released by two while the device is switched off', async () => {
  await act('pause', order, ['ben']);
  await until(async () => expect(await isOpen(resident)).toBe(true));
  moments.held = Date.now();
  // What was held for the time that it was in force has come.
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

it('is withdrawn by two while the device is switched off, which is restored without enrolling again', async () => {
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

it('is explained afterward, for any instant, by a server that was started again since', async () => {
  await server.stop();
  await server.start();
  const ask = (at: number) => owner(['explain', resident.device, '--at', new Date(at).toISOString()]);
  const denied = await ask(moments.denied);
  expect(denied).toMatchObject({ code: 0, err: '' });
  expect(denied.out).toMatch(/Location\n {2}PK \(probable\): Only one source reports this location/);
  expect(denied.out).toMatch(
    new RegExp(
      `messaging +denied +by order ${order}\\.\\d: The device is in the area\\. The device’s mobile network is in the area\\.`,
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

it('an IP database is imported, compared, taken and rolled back from the command line', async () => {
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
