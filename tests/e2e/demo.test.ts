/**
 * The demo as a visitor starts it: its links, its clock and its message through the API. Nothing remains after its end, however it ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createTransport } from 'nodemailer';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { AgentStatus } from '../../agent/agent.ts';
import { sendControlRequest } from '../../agent/control/control.ts';
import type { MailFolder, MailItem } from '../../agent/mail/mail.ts';
import { begunCliSignIn, cliSignInResult } from '../../shared/api/cli-sign-in.ts';
import { complianceCounts } from '../../shared/api/compliance.ts';
import { demoJumped, demoMessage, demoSession, demoView } from '../../shared/api/demo.ts';
import { deviceViewList } from '../../shared/api/device-views.ts';
import { alertList, devicePage, deviceView, verdictView } from '../../shared/api/devices.ts';
import { groupList } from '../../shared/api/groups.ts';
import { jobList } from '../../shared/api/jobs.ts';
import { liveQueryList } from '../../shared/api/live-queries.ts';
import { mailView } from '../../shared/api/mail.ts';
import { deliveryList } from '../../shared/api/notifications.ts';
import { approvalResult } from '../../shared/api/order-approvals.ts';
import { revisionView } from '../../shared/api/orders.ts';
import { policyList } from '../../shared/api/policies.ts';
import { scriptList } from '../../shared/api/scripts.ts';
import { CSRF_HEADER, sessionView } from '../../shared/api/session.ts';
import { advisoryPage, softwarePage } from '../../shared/api/software.ts';
import { done } from '../../shared/api/wire.ts';
import { approvalOf } from '../../shared/order/approver-key.ts';
import { signerOf } from '../../shared/order/dsse.ts';
import { Caller } from '../support/people.ts';
import { runProgram } from '../support/run-program.ts';
import { until } from '../support/until.ts';

const ENTRY = join(import.meta.dirname, '../demo/start.js');
const AGENT = join(import.meta.dirname, '../../agent/cordon-agent.js');

class Demo {
  /** Folder for temporary files. Its path also marks the environment of each process of the demo. */
  readonly folder = mkdtempSync(join(tmpdir(), 'demo-test-'));
  readonly process: ChildProcess;
  output = '';

  /** Starts the demo. `under`: another program that starts it and stays its parent. */
  constructor(args: readonly string[], under: readonly string[] = []) {
    const argv = [...under, ENTRY, '--port', '0', ...args];
    this.process = spawn(process.execPath, argv, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: this.folder },
    });
    const read = (chunk: Buffer) => (this.output += chunk.toString());
    this.process.stdout?.on('data', read);
    this.process.stderr?.on('data', read);
  }

  /** Waits until the output contains this text. */
  said(what: RegExp, within = 120_000): Promise<RegExpExecArray> {
    return until(() => {
      const found = what.exec(this.output);
      if (!found) throw new Error(`the demo has not said ${what}:\n${this.output}`);
      return found;
    }, within);
  }

  get admin(): string {
    return /runs at (http\S+)/.exec(this.output)?.[1] ?? '';
  }

  /** Host and ticket of a sign-in link. */
  link(given: string): { host: string; ticket: string } {
    const [, host = '', ticket = ''] =
      new RegExp(`http://(${given}\\.localhost:\\d+)/#demo=(\\S+)`).exec(this.output) ?? [];
    return { host, ticket };
  }

  get processes(): number[] {
    const mark = `TMPDIR=${this.folder}\0`;
    return readdirSync('/proc').flatMap((pid) => {
      try {
        return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark) ? [Number(pid)] : [];
      } catch (error) {
        // The process has ended meanwhile, or belongs to another user.
        if (error instanceof Error && 'code' in error) return [];
        throw error;
      }
    });
  }

  /** Expects no process, no file and no listening port. */
  async leftNothing(): Promise<void> {
    await until(() => expect([this.processes, readdirSync(this.folder)]).toEqual([[], []]), 15_000);
    if (this.admin === '') return;
    // A killed process loses its environment, by which this test finds it, before the kernel closes its ports.
    await until(async () => {
      const probe = connect(Number(new URL(this.admin).port), '127.0.0.1');
      probe.once('connect', () => probe.destroy(new Error('the port still answers')));
      const [error] = await once(probe, 'error');
      expect(error).toMatchObject({ code: 'ECONNREFUSED' });
    });
  }

  async remove(): Promise<void> {
    for (const pid of this.processes) process.kill(pid, 'SIGKILL');
    await until(() => expect(this.processes).toEqual([]));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const demos: Demo[] = [];
const start = (args: readonly string[], under: readonly string[] = []): Demo => {
  const demo = new Demo(args, under);
  demos.push(demo);
  return demo;
};
afterEach(async () => {
  for (const demo of demos.splice(0)) await demo.remove();
});

/** Opens a link as the console does, under the host name of the link. */
async function open(demo: Demo, given: string) {
  const { host, ticket } = demo.link(given);
  const body = JSON.stringify({ ticket });
  const headers = { host, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const sent = request(`${demo.admin}/api/v1/demo/session`, { method: 'POST', headers }).end(body);
  const [response] = await once(sent, 'response');
  const view = demoSession.parse(JSON.parse(Buffer.concat(await response.toArray()).toString()));
  const cookie = String(response.headers['set-cookie']).split(';')[0] ?? '';
  const api = new Caller(demo.admin, { cookie, [CSRF_HEADER]: view.csrf ?? '' });
  return { view, api };
}
type Visitor = Awaited<ReturnType<typeof open>>;

async function approve({ view, api }: Visitor, order: string, revision: number) {
  const der = Buffer.from(view.approverKey ?? '', 'base64');
  const key = signerOf(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  const path = `/orders/${order}/revisions/${revision}`;
  const { payload } = await api.call('GET', path, revisionView);
  const approval = approvalOf(key, payload);
  return api.call('POST', `${path}/approvals`, approvalResult, approval);
}

/** Fewest devices of which some are offline. An offline device disconnects after the server has acknowledged all its reports. */
const WITH_OFFLINE = 32;

/** Expects software, groups, policies, drift, a job, labels, marks, a shared view, and an activity log that names the admins. */
async function expectManagement({ api }: Visitor, auditor: Visitor): Promise<void> {
  await until(async () => {
    const counts = await api.call('GET', '/compliance/counts', complianceCounts);
    expect(counts['not-compliant']).toBeGreaterThan(0);
    expect(counts['in-grace']).toBeGreaterThan(0);
    const { advisories } = await api.call('GET', '/advisories', advisoryPage);
    expect(advisories.map(({ id, devices }) => [id, devices > 0])).toEqual([['DEMO-1', true]]);
    const { titles } = await api.call('GET', '/software?text=openssl', softwarePage);
    expect(titles.map(({ source }) => source)).toEqual(expect.arrayContaining(['dpkg', 'rpm']));
    const { devices } = await api.call('GET', '/devices?limit=200', devicePage);
    expect(devices.flatMap(({ labels }) => labels)).toContain('loan');
    expect(devices.map(({ lifeCycle }) => lifeCycle)).toEqual(expect.arrayContaining(['missing', 'retired']));
  }, 30_000);
  const { groups } = await api.call('GET', '/groups', groupList);
  expect(groups.flatMap(({ expression }) => expression ?? []).length).toBe(2);
  const { policies } = await api.call('GET', '/policies', policyList);
  expect(policies.map(({ current, next, groups: to }) => [current, next?.percent ?? null, to.length > 0])).toEqual([
    [1, null, true],
    [1, 30, true],
  ]);
  const { jobs } = await api.call('GET', '/jobs', jobList);
  const job = jobs.find(({ name }) => name === 'Inventory before the audit');
  expect([job?.waves.length, (job?.released ?? 0) >= 2]).toEqual([3, true]);
  const { views } = await api.call('GET', '/device-views', deviceViewList);
  expect(views.map(({ shared, owner }) => [shared, owner.name])).toEqual([[true, 'Sana Malik']]);
  const log = JSON.stringify((await auditor.api.raw('GET', '/activity?limit=200')).json);
  for (const name of ['Sana Malik', 'Olivia Berg']) expect(log).toContain(name);
}

/** Expects delivered notifications, an alert, a reviewed script with its output, and answers to a live query. */
async function expectWatching({ api }: Visitor, { api: owner }: Visitor): Promise<void> {
  await until(async () => {
    const { deliveries } = await owner.call('GET', '/notifications/deliveries', deliveryList);
    expect(deliveries.filter(({ state, test }) => state === 'delivered' && !test).length).toBeGreaterThan(0);
    const { jobs } = await api.call('GET', '/jobs', jobList);
    const run = jobs.find(({ name }) => name === 'Free space on the system disk');
    expect([run?.state, (run?.counts.done ?? 0) > 0]).toEqual(['finished', true]);
    const { queries } = await api.call('GET', '/queries', liveQueryList);
    expect(queries[0]?.counts['answered']).toBeGreaterThan(0);
  }, 90_000);
  const { scripts } = await api.call('GET', '/scripts', scriptList);
  expect(scripts.map(({ state }) => state)).toEqual(['reviewed']);
  const { alerts } = await owner.call('GET', '/alerts', alertList);
  expect(alerts.map(({ code }) => code)).toContain('credential_reset_link');
}

describe('the demo', () => {
  it('completes its order by links, clock and message, and leaves no process, file or port after Ctrl-C', async () => {
    const demo = start(['--devices', String(WITH_OFFLINE)]);
    await demo.said(/^Ready after/m);
    const [, home = ''] = await demo.said(/--home (\S+) status/);
    const names = ['sana', 'ada', 'ben', 'olivia', 'ines'];
    const [sana, ada, ben, olivia, ines] = await Promise.all(names.map((who) => open(demo, who)));
    if (!sana || !ada || !ben || !olivia || !ines) throw new Error('a link is missing');
    expect([sana, ada, ben].map(({ view }) => [view.account.name, view.approverKey === null])).toEqual([
      ['Sana Malik', true],
      ['Ada Okafor', false],
      ['Ben Weber', false],
    ]);

    // A link still works after a sign-out.
    expect((await open(demo, 'ada')).view.csrf).toBe(ada.view.csrf);
    await ben.api.call('DELETE', '/session', z.unknown());
    const again = await open(demo, 'ben');
    expect((await again.api.call('GET', '/session', sessionView)).account.name).toBe('Ben Weber');

    // The command line shows a code, which Olivia confirms at the host of her link.
    const [, server = ''] = await demo.said(/cordon --server (\S+) sign-in/);
    const begun = await fetch(`${server}/api/v1/session/cli`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ host: 'demo' }),
    });
    const { userCode: code, secret } = begunCliSignIn.parse(await begun.json());
    expect(demo.output).toContain('with olivia.localhost as the host');
    await olivia.api.call('POST', '/session/cli/approval', done, { code });
    const confirmed = await fetch(`${server}/api/v1/session/cli/result`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ secret }),
    });
    expect(cliSignInResult.parse(await confirmed.json()).session?.account.name).toMatch(/^Olivia/);

    await expectManagement(olivia, ines);
    await expectWatching(sana, olivia);

    // Devices in fourteen countries, and this machine by its own agent, whose location an admin states.
    const { simulated, self } = await until(async () => {
      const { devices } = await olivia.api.call('GET', '/devices?limit=200', devicePage);
      const simulated = devices.filter(({ platform }) => platform === 'simulated');
      const self = devices.find(({ group }) => group.name === 'This machine');
      // A device reports its inventory soon after it has connected.
      expect([simulated.length, self?.platform]).toEqual([WITH_OFFLINE, process.platform]);
      return { simulated, self };
    });
    expect(new Set(simulated.map((device) => device.home)).size).toBe(14);
    const statement = { areas: ['PK'], reason: 'It stands here.', until: Date.now() + 60 * 86_400_000 };
    await olivia.api.call('PATCH', `/devices/${self?.id}`, deviceView, { statement });

    const message = () => sana.api.call('POST', '/demo/message', demoMessage, {});
    const show = () => sana.api.call('GET', '/demo', demoView);
    expect((await message()).outcome).toBe('delivered');
    expect((await show()).marks).toEqual([]);

    const order = `${new Date().getUTCFullYear()}-001`;
    expect(demo.output).toContain(`${order} for Pakistan is pending approval by two people`);
    expect((await approve(ada, order, 1)).adopted).toBe(false);
    expect((await approve(again, order, 1)).adopted).toBe(true);
    expect((await message()).outcome).toBe('delivered');

    const agent = async () => {
      const { out } = await runProgram(process.execPath, [AGENT, '--home', home, 'status', '--json']);
      const status = z.object({
        now: z.number(),
        gates: z.array(z.object({ service: z.string(), open: z.boolean() })),
      });
      return status.parse(JSON.parse(out));
    };
    // A jump so short that the server does not announce its time.
    const soon = (await show()).now + 10 * 60_000;
    await ada.api.call('POST', '/demo/clock', demoJumped, { to: soon });
    await until(async () => expect((await agent()).now).toBeGreaterThanOrEqual(soon - 2_000));

    const [mark] = (await show()).marks;
    expect(mark?.label).toBe(`Pakistan ${order} takes effect`);
    const at = mark?.at ?? 0;
    const { now } = await ada.api.call('POST', '/demo/clock', demoJumped, { to: at });
    expect(now).toBeGreaterThanOrEqual(at);
    expect(now).toBeLessThan(at + 30_000);
    expect(await message()).toMatchObject({ outcome: 'refused', order });
    await expect(ada.api.call('POST', '/demo/clock', demoJumped, { to: at - 1 })).rejects.toThrow('moves only forward');

    // This machine's agent has followed the clock, and agrees with the server.
    await until(async () => {
      const { now: its, gates } = await agent();
      expect([its >= at, gates.find(({ service }) => service === 'messaging')?.open]).toEqual([true, false]);
    });
    const verdict = await olivia.api.call('GET', `/devices/${self?.id}/verdict`, verdictView);
    expect(verdict.services.messaging?.denials.map((denial) => denial.order)).toEqual([order]);

    const { revision } = await sana.api.call('POST', `/orders/${order}/revisions`, revisionView, {
      action: 'withdraw',
    });
    for (const approver of [ada, again]) await approve(approver, order, revision);
    await until(async () => expect(await message()).toMatchObject({ outcome: 'delivered', order: null }));

    // A second demo, on a port in use.
    const { port } = new URL(demo.admin);
    const second = await runProgram(process.execPath, [ENTRY, '--port', port]);
    expect(second).toMatchObject({ code: 1, out: '' });
    expect(second.err).toMatch(new RegExp(`^Port ${port} is in use, .+ --port 9443\\.\\n$`));

    const processes = demo.processes.length;
    expect(processes).toBeGreaterThanOrEqual(5);
    const ended = once(demo.process, 'exit');
    demo.process.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    expect(demo.output).toMatch(/The demo has ended\. All its data is removed\.\n$/);
    await demo.leftNothing();
  }, 180_000);

  it('has mail, which its order holds until the withdrawal', async () => {
    const demo = start(['--devices', '2']);
    await demo.said(/^Ready after/m);
    const [, home = ''] = await demo.said(/--home (\S+) status/);
    const [, address = ''] = await demo.said(/of (\S+@demo\.example) has its first mails/);
    const [sana, ada, ben, olivia] = await Promise.all(['sana', 'ada', 'ben', 'olivia'].map((who) => open(demo, who)));
    if (!sana || !ada || !ben || !olivia) throw new Error('a link is missing');
    const ask = async (program: string, request: Parameters<typeof sendControlRequest>[1]) =>
      (await sendControlRequest(join(program, 'agent.sock'), request))?.ok;
    const mails = async (folder: MailFolder) =>
      (await ask(home, { op: 'mail-list', folder, limit: 100 })) as readonly MailItem[];
    const status = async (program: string) => (await ask(program, { op: 'status', shown: false })) as AgentStatus;
    const subjects = async () => (await mails('inbox')).map(({ subject }) => subject);
    const page = () => olivia.api.call('GET', '/mail', mailView);

    await until(async () => expect((await subjects()).length).toBeGreaterThanOrEqual(4));
    await until(async () => expect((await page()).connectors).toMatchObject([{ connected: true, ready: true }]));
    const sent = { cc: '', subject: 'Dates of the shipment', text: 'The dates suit us.', files: [] };
    await ask(home, { op: 'mail-send', to: 'Helena Sandberg <helena.sandberg@supplier.example>', ...sent });
    await until(async () => {
      const [mail] = await mails('sent');
      expect([mail?.delivery?.state, await subjects()]).toEqual([
        'delivered',
        expect.arrayContaining([`Re: ${sent.subject}`]),
      ]);
    }, 30_000);

    const { devices } = await olivia.api.call('GET', '/devices?limit=200', devicePage);
    const self = devices.find(({ group }) => group.name === 'This machine');
    const statement = { areas: ['PK'], reason: 'It stands here.', until: Date.now() + 60 * 86_400_000 };
    await olivia.api.call('PATCH', `/devices/${self?.id}`, deviceView, { statement });
    const order = `${new Date().getUTCFullYear()}-001`;
    for (const approver of [ada, ben]) await approve(approver, order, 1);
    const [mark] = (await sana.api.call('GET', '/demo', demoView)).marks;
    await sana.api.call('POST', '/demo/clock', demoJumped, { to: mark?.at ?? 0 });
    await until(async () => expect((await status(home)).mail).toMatchObject({ state: 'denied', orders: [order] }));

    const held = 'A mail during the order';
    await until(async () => {
      const port = (await status(join(dirname(home), 'mail-connector'))).connector?.smtpPort ?? 0;
      const transport = createTransport({ host: '127.0.0.1', port, ignoreTLS: true });
      await transport.sendMail({ from: 'someone@elsewhere.example', to: address, subject: held, text: held });
    }, 30_000);
    await until(async () => expect((await page()).held.mails).toBeGreaterThanOrEqual(1), 30_000);
    expect(await subjects()).not.toContain(held);

    const withdrawal = { action: 'withdraw' };
    const { revision } = await sana.api.call('POST', `/orders/${order}/revisions`, revisionView, withdrawal);
    for (const approver of [ada, ben]) await approve(approver, order, revision);
    await until(async () => {
      expect((await subjects()).filter((subject) => subject === held)).toEqual([held]);
      expect((await page()).held.mails).toBe(0);
    }, 60_000);
  }, 180_000);

  it('leaves nothing after kill -9, not even the agent of this machine', async () => {
    const demo = start(['--devices', '2']);
    await demo.said(/this machine +is device dev_/);
    expect(demo.processes.length).toBeGreaterThanOrEqual(5);
    demo.process.kill('SIGKILL');
    await demo.leftNothing();
  }, 180_000);

  it('ends with the program that started it, also behind a shell and during its start', async () => {
    const parent = `
      const { spawn } = require("node:child_process");
      const env = { ...process.env, npm_lifecycle_event: "demo" };
      const [entry, ...args] = process.argv.slice(1);
      spawn("sh", ["-c", '"$@"; exit', "sh", process.execPath, entry, ...args], { env, stdio: "inherit" });`;
    const demo = start(['--devices', '14', '--no-self'], ['-e', parent]);
    await demo.said(/devices +enroll/);
    demo.process.kill('SIGKILL');
    await demo.leftNothing();
  }, 180_000);

  it('reports wrong options in one line', async () => {
    for (const [args, line] of [
      [['--devices', '1'], /whole number from 2 to/],
      [['--port', '70000'], /whole number from 0 to/],
      [['--devises', '3'], /unknown option/],
    ] as const) {
      const { code, out, err } = await runProgram(process.execPath, [ENTRY, ...args]);
      expect([code, out]).toEqual([1, '']);
      expect(err).toMatch(line);
      expect(err.trim().split('\n').length).toBeLessThanOrEqual(2);
    }
  });
});
