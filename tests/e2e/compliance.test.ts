/**
 * Compliance of a real agent process with a real server whose clock the test drives: a forbidden package is installed, the grace period
 * ends, the workspace is locked, and everything ends when the package is removed. A firewall is switched on and off in a network namespace.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../server/main.ts';
import { approversView } from '../../shared/api/approvers.ts';
import { commandView } from '../../shared/api/commands.ts';
import { deviceComplianceView } from '../../shared/api/compliance.ts';
import { policyList, policyVersionView, policyView } from '../../shared/api/policies.ts';
import { done } from '../../shared/api/wire.ts';
import { readPublicKey } from '../../shared/order/dsse.ts';
import type { Settings } from '../../shared/policy/catalog.ts';
import { readComplianceStatement } from '../../shared/policy/compliance-statement.ts';
import type { ComplianceRules } from '../../shared/policy/policy-document.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { NGINX } from '../support/behind-proxy.ts';
import { openComplianceProxy } from '../support/compliance-proxy.ts';
import { PASSPHRASE, prepareKeyFolder } from '../support/custody.ts';
import { type CutNetwork, cutNetworks, openCutNetwork } from '../support/cut-network.ts';
import { freePort } from '../support/free-port.ts';
import { loopbackConfig } from '../support/loopback-config.ts';
import { type Operator, setUp } from '../support/operator.ts';
import { openPackageRoot, type PackageRoot, packageRoots } from '../support/package-root.ts';
import { tool } from '../support/tools.ts';
import { until } from '../support/until.ts';

const HOUR = 3_600_000;
const FORBIDDEN = 'cordon-test-forbidden';
const nft = tool('nft', 'apt install nftables');
const present = cutNetworks.present && packageRoots.present && nft.present;

describe.skipIf(!present)('compliance of a real device', { timeout: 120_000 }, () => {
  const start = Date.now();
  const clock = new DrivenClock(start);
  const folder = mkdtempSync(join(tmpdir(), 'cordon-compliance-'));
  let server: RunningServer;
  let operator: Operator;
  let network: CutNetwork;
  let packages: PackageRoot;
  let agent: AgentProcess;
  let group: string;

  beforeAll(async () => {
    network = openCutNetwork();
    packages = openPackageRoot();
    const ports = { device: await freePort(), public: await freePort(), admin: await freePort() };
    const config = loopbackConfig(folder, ports, {
      passphrase: PASSPHRASE,
      bind: network.near,
      names: [network.near],
      log: 'silent',
    });
    prepareKeyFolder(join(config.home, 'keys'));
    server = await startServer(config, { clock, log: pino({ level: 'silent' }) });
    operator = await setUp(`http://127.0.0.1:${ports.admin}`, server.firstOwnerLink ?? '');
    group = await operator.group('Laptops');
    agent = new AgentProcess({ ...packages.env, HOME: folder }, undefined, undefined, network.inside);
    await agent.enroll((await operator.code({ user: 'Amina', group, home: 'SE' })).link);
    agent.run();
    await agent.connected();
  }, 120_000);
  afterAll(async () => {
    await agent?.remove();
    await server?.stop();
    packages?.remove();
    network?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  async function apply(name: string, settings: Settings, compliance: ComplianceRules): Promise<string> {
    const { as, owner } = operator;
    const { id } = await as(owner, 'POST', '/policies', policyView, { name, document: { settings, compliance } });
    await operator.owner.browser.call('POST', `/policies/${id}/rollout`, policyView, { version: 1, percent: 100 });
    await operator.owner.browser.call('POST', `/policies/${id}/groups`, policyView, { groups: [group] });
    return id;
  }
  const compliance = () =>
    operator.as(operator.owner, 'GET', `/devices/${agent.device}/compliance`, deviceComplianceView);
  /** Waits until the server shows this result of a setting. */
  const result = (setting: string, status: string) =>
    until(async () => {
      const view = await compliance();
      const found = view.settings.find((each) => each.setting === setting);
      expect({ status: found?.status, detail: found?.detail }).toMatchObject({ status });
      return view;
    }, 30_000);
  const recheck = () =>
    operator.as(operator.owner, 'POST', `/devices/${agent.device}/commands`, commandView, {
      command: { kind: 'refresh-inventory' },
    });
  const workspace = (state: string) => until(async () => expect((await agent.status()).workspace).toBe(state), 30_000);
  const rules = (...args: string[]) => {
    const [program = '', ...prefix] = network.inside;
    execFileSync(program, [...prefix, 'nft', ...args]);
  };

  it('follows a forbidden package from its installation to its removal', async () => {
    const actions = [
      { action: 'notify' as const, afterHours: 0 },
      { action: 'restrict-services' as const, afterHours: 36 },
      { action: 'lock-workspace' as const, afterHours: 48 },
    ];
    await apply(
      'Software',
      { 'software.forbidden': [FORBIDDEN], 'agent.log-level': 'debug' },
      { graceHours: 24, actions },
    );
    expect((await result('software.forbidden', 'met')).state).toBe('compliant');
    // The agent applies its log level itself.
    await result('agent.log-level', 'met');

    packages.install(FORBIDDEN);
    await recheck();
    const failed = await result('software.forbidden', 'not-met');
    expect(failed.state).toBe('in-grace');
    expect(failed.settings.find(({ setting }) => setting === 'software.forbidden')).toMatchObject({
      detail: `Installed: ${FORBIDDEN}. The device cannot change this itself, because the system helper is not installed.`,
      name: 'Software',
      because: 'only',
    });
    expect(failed.countdown).toEqual([
      { action: 'restrict-services', at: clock.now() + 36 * HOUR, settings: ['software.forbidden'] },
      { action: 'lock-workspace', at: clock.now() + 48 * HOUR, settings: ['software.forbidden'] },
    ]);
    // The user sees the message and the countdown.
    await until(async () => expect((await agent.cli(['messages'])).out).toContain('Forbidden software'), 30_000);
    await until(async () => {
      const { out } = await agent.cli(['policy']);
      expect(out).toContain(`NOT MET: Forbidden software (${FORBIDDEN})`);
      expect(out).toMatch(/Messages and mail stop at 20.*\n.*The workspace is locked at 20/);
    }, 30_000);
    expect((await agent.cli(['status'])).out).toMatch(/policy +2 settings, 1 not met/);

    clock.jump(start + 25 * HOUR);
    await until(async () => expect((await compliance()).state).toBe('not-compliant'));
    expect((await agent.status()).workspace).toBe('open');
    clock.jump(start + 37 * HOUR);
    const messaging = (words: RegExp) =>
      until(async () => expect((await agent.cli(['status'])).out).toMatch(words), 30_000);
    await messaging(/messaging +suspended: this device does not meet a policy/);
    expect((await agent.cli(['policy'])).out).toMatch(/Messages and mail wait since 20/);
    expect((await agent.status()).workspace).toBe('open');
    expect((await compliance()).taken.map(({ action }) => action)).toEqual(['notify', 'restrict-services']);
    clock.jump(start + 49 * HOUR);
    await workspace('locked');

    packages.uninstall(FORBIDDEN);
    await recheck();
    expect((await result('software.forbidden', 'met')).state).toBe('compliant');
    await workspace('open');
    await messaging(/messaging +open/);
    expect((await agent.cli(['policy'])).out).not.toContain('Messages and mail wait');
  });

  it('gets the settings of a group within seconds of a new membership', async () => {
    const { as, owner } = operator;
    const project = await operator.group('Project');
    const { id } = await as(owner, 'POST', '/policies', policyView, {
      name: 'Clock',
      document: {
        settings: { 'agent.minimum-version': '0.1', 'workspace.offline-hours': 24, 'page.idle-minutes': 15 },
        compliance: { graceHours: 0, actions: [] },
      },
    });
    await owner.browser.call('POST', `/policies/${id}/rollout`, policyView, { version: 1, percent: 100 });
    await owner.browser.call('POST', `/policies/${id}/groups`, policyView, { groups: [project] });
    const members = (body: object) => as(owner, 'PATCH', `/groups/${project}/members`, done, body);
    await members({ add: [agent.device], remove: [] });
    await result('agent.minimum-version', 'met');
    // The agent has the share of the server with which it locks in time.
    await result('workspace.offline-hours', 'met');
    await result('page.idle-minutes', 'met');
    expect((await agent.cli(['policy'])).out).toContain('met: Minimum version of the agent (0.1)');
    await members({ add: [], remove: [agent.device] });
    await until(async () => expect((await agent.cli(['policy'])).out).not.toContain('Minimum version'), 30_000);
  });

  it('writes a configuration file of its own user, repairs it, and restores it when the policy ends', async () => {
    const path = join(folder, 'app.conf');
    writeFileSync(path, 'mine\n');
    const file = (name: string) => ({ path: name, text: 'managed\n', owner: null, mode: '0644', reload: null });
    const document = {
      settings: { 'files.content': [file('~/app.conf')] },
      compliance: { graceHours: 0, actions: [] },
    };
    const id = await apply('Files', document.settings, document.compliance);
    expect((await result('files.content', 'met')).state).not.toBe('not-compliant');
    expect(readFileSync(path, 'utf8')).toBe('managed\n');
    writeFileSync(path, 'drift\n');
    await recheck();
    await until(() => expect(readFileSync(path, 'utf8')).toBe('managed\n'), 30_000);
    const { as, owner } = operator;
    const settings = { 'files.content': [file('~/app.conf'), file('/etc/cordon-test-file')] };
    await as(owner, 'POST', `/policies/${id}/versions`, policyVersionView, {
      after: 1,
      note: '',
      document: { ...document, settings },
    });
    await owner.browser.call('POST', `/policies/${id}/rollout`, policyView, { version: 2, percent: 100 });
    const { settings: results } = await result('files.content', 'not-met');
    expect(results.find(({ setting }) => setting === 'files.content')?.detail).toBe(
      '/etc/cordon-test-file is missing. The device cannot change this itself, because the system helper is not installed.',
    );
    await owner.browser.call('POST', `/policies/${id}/groups`, policyView, { groups: [] });
    await until(() => expect(readFileSync(path, 'utf8')).toBe('mine\n'), 30_000);
  });

  it('sees a firewall switched on and off', async () => {
    await apply('Firewall', { 'firewall.enabled': true }, { graceHours: 0, actions: [] });
    expect((await result('firewall.enabled', 'not-met')).state).toBe('not-compliant');
    rules('add', 'table', 'inet', 'cordon-test');
    const input = ['type', 'filter', 'hook', 'input', 'priority', '0', ';', 'policy', 'drop', ';'];
    rules('add', 'chain', 'inet', 'cordon-test', 'input', '{', ...input, '}');
    rules('add', 'rule', 'inet', 'cordon-test', 'input', 'ip', 'saddr', network.near, 'accept');
    await recheck();
    const on = await result('firewall.enabled', 'met');
    expect(on.state).toBe('compliant');
    rules('delete', 'table', 'inet', 'cordon-test');
    await recheck();
    await result('firewall.enabled', 'not-met');
  });

  it.skipIf(!NGINX.present)(
    'is admitted by the nginx of a company while it complies, with a signed statement',
    async () => {
      const { owner, as } = operator;
      const { key, cert, ca } = agent.tls(`https://${network.near}:1`);
      const client = { key: String(key), cert: String(cert) };
      const proxy = await openComplianceProxy(operator.admin, owner.token, String(ca));
      try {
        expect(await proxy.ask(client)).toEqual({ status: 403, received: null });
        // Without a client certificate, nginx does not ask Cordon.
        expect(await proxy.ask()).toEqual({ status: 400, received: null });
        const policies = await as(owner, 'GET', '/policies', policyList);
        for (const { id } of policies.policies)
          await owner.browser.call('POST', `/policies/${id}/groups`, policyView, { groups: [] });
        const id = await apply('Agents', { 'agent.minimum-version': '0.1' }, { graceHours: 0, actions: [] });
        await result('agent.minimum-version', 'met');
        const admitted = await until(async () => {
          const asked = await proxy.ask(client);
          expect(asked.status).toBe(200);
          return asked.received;
        }, 30_000);
        expect(admitted?.['cordon-device']).toBe(agent.device);
        const { current } = await as(owner, 'GET', '/approvers', approversView);
        const set = JSON.parse(current?.payload ?? '');
        const statement = readComplianceStatement(
          JSON.parse(Buffer.from(String(admitted?.['cordon-compliance']), 'base64').toString()),
          {
            key: readPublicKey(set.onlineKeys[0].publicKey),
            installation: set.installation,
            device: agent.device,
            now: clock.now(),
          },
        );
        expect(statement).toMatchObject({ state: 'compliant', admit: true });
        const document = { settings: { 'agent.minimum-version': '99' }, compliance: { graceHours: 0, actions: [] } };
        await as(owner, 'POST', `/policies/${id}/versions`, policyVersionView, { after: 1, note: '', document });
        await owner.browser.call('POST', `/policies/${id}/rollout`, policyView, { version: 2, percent: 100 });
        await result('agent.minimum-version', 'not-met');
        await until(async () => expect((await proxy.ask(client)).status).toBe(403), 30_000);
      } finally {
        await proxy.remove();
      }
    },
  );
});
