/**
 * A policy whose settings a real device applies itself: the agent without the rights of root, and its system helper, on a machine of their
 * own. The firewall is switched off, and the device repairs it. The policy ends, and the device returns to its state before.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { complianceHistory, deviceComplianceView } from '../../shared/api/compliance.ts';
import { policyView } from '../../shared/api/policies.ts';
import type { Settings } from '../../shared/policy/catalog.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { type CutNetwork, cutNetworks, openCutNetwork } from '../support/cut-network.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { WIREGUARD } from '../support/network-connections.ts';
import { type NetworkManager, networkManagers, openNetworkManager } from '../support/network-manager.ts';
import { BOTH_LOOKS, takeSeat } from '../support/seat.ts';
import { openSettingsMachine, type SettingsMachine, settingsMachines } from '../support/settings-machine.ts';
import { SystemHelper } from '../support/system-helper.ts';
import { tool } from '../support/tools.ts';
import { until } from '../support/until.ts';

const tools = [
  tool('nft', 'apt install nftables'),
  tool('update-ca-certificates', 'apt install ca-certificates'),
  tool('openssl', 'apt install openssl'),
  tool('setpriv', 'apt install util-linux'),
];
const present =
  chromium.present &&
  cutNetworks.present &&
  settingsMachines.present &&
  networkManagers.present &&
  tools.every((each) => each.present);
/** The agent of a real device may not read the rules of the firewall either. */
const WITHOUT_RIGHTS = ['setpriv', '--bounding-set=-net_admin'];

describe.skipIf(!present)('settings that a device applies', { timeout: 180_000 }, () => {
  let network: CutNetwork;
  const folder = mkdtempSync(join(tmpdir(), 'cordon-applied-'));
  let machine: SettingsMachine;
  let manager: NetworkManager;
  let helper: SystemHelper;
  let world: World;
  let agent: AgentProcess;
  let browser: Browser;

  beforeAll(async () => {
    browser = await openBrowser();
    network = openCutNetwork();
    machine = await openSettingsMachine(network.inside);
    manager = await openNetworkManager(machine, folder);
    helper = new SystemHelper(machine.inside);
    for (const name of ['cordon-demo', 'cordon-old']) helper.machine.publish(name, '1.0');
    helper.machine.run('apt-get', 'update');
    helper.machine.run('apt-get', '--yes', 'install', 'cordon-old');
    helper.allow({ allow: ['cordon-*'] }, [], {
      settings: ['firewall.enabled', 'certificates.trusted', 'network.connections', 'software.required'],
    });
    await helper.start();
    world = await openWorld({ CORDON_BIND: network.near, CORDON_NAMES: network.near });
    const env = { ...helper.machine.env, CORDON_AGENT_SYSTEM_SOCKET: helper.socket };
    agent = new AgentProcess(env, undefined, undefined, [...machine.inside, ...WITHOUT_RIGHTS]);
    await agent.enroll(await world.link());
    agent.run();
    await agent.connected();
  }, 180_000);
  afterAll(async () => {
    await agent?.remove();
    await world?.remove();
    await helper?.remove();
    await manager?.remove();
    await machine?.remove();
    rmSync(folder, { recursive: true, force: true });
    network?.remove();
    await closeBrowser(browser);
  });

  const compliance = () =>
    world.operator.as(world.operator.owner, 'GET', `/devices/${agent.device}/compliance`, deviceComplianceView);
  const history = async () =>
    (
      await world.operator.as(
        world.operator.owner,
        'GET',
        `/devices/${agent.device}/compliance-history`,
        complianceHistory,
      )
    ).events;
  const results = async () =>
    Object.fromEntries(
      (await compliance()).settings.map(({ setting, status, applied }) => [setting, [status, applied]]),
    );
  const recheck = () => world.send(agent.device, { kind: 'refresh-inventory' });
  const rules = () => machine.shell('nft list ruleset');

  async function apply(name: string, settings: Settings): Promise<string> {
    const { as, owner } = world.operator;
    const document = {
      settings,
      compliance: { graceHours: 24, actions: [{ action: 'notify' as const, afterHours: 0 }] },
    };
    const { id } = await as(owner, 'POST', '/policies', policyView, { name, document });
    await owner.browser.call('POST', `/policies/${id}/rollout`, policyView, { version: 1, percent: 100 });
    await owner.browser.call('POST', `/policies/${id}/groups`, policyView, { groups: [world.group] });
    return id;
  }

  /** The admin sees which settings the device applied, which it may not, and the repair. */
  async function console(): Promise<void> {
    const seat = await takeSeat(browser, world.server.admin, { as: world.operator.owner });
    await seat.goto(`/devices/${agent.device}`);
    const section = seat.page.getByRole('main');
    const row = (title: string) => section.getByRole('listitem').filter({ hasText: title });
    await row('Firewall: required').getByText('Applied by the device.').waitFor();
    await row('Network connections: Tunnel').getByText('Applied by the device.').waitFor();
    await row('Network connections: Tunnel')
      .getByText(/Public key of Tunnel: [A-Za-z0-9+/]{43}=/)
      .waitFor();
    await row('Forbidden software').getByText('Not changed by the device.').waitFor();
    await row('Minimum version of the agent').getByText('Only checked.').waitFor();
    await section.getByText('Repaired by the agent: Firewall').scrollIntoViewIfNeeded();
    expect(await seat.faults('applied settings', BOTH_LOOKS)).toEqual([]);
    await seat.goto('/policies/new');
    await seat.page.getByText('A device with the system helper also applies some of them').waitFor();
    expect(await seat.faults('settings with their application', BOTH_LOOKS)).toEqual([]);
    expect(seat.complaints).toEqual([]);
    await seat.context.close();
  }

  /** The admin sees what the device keeps after the end of the policy. */
  async function keptInConsole(text: string): Promise<void> {
    const seat = await takeSeat(browser, world.server.admin, { as: world.operator.owner });
    await seat.goto(`/devices/${agent.device}`);
    await seat.page.getByRole('main').getByText(text).scrollIntoViewIfNeeded();
    expect(await seat.faults('kept change', BOTH_LOOKS)).toEqual([]);
    await seat.context.close();
  }

  function authority(): string {
    const path = helper.machine.path('authority.pem');
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', '/dev/null'];
    execFileSync('openssl', ['req', '-x509', '-subj', '/CN=Authority of a test', ...key, '-out', path], {
      stdio: 'pipe',
    });
    return readFileSync(path, 'utf8');
  }

  it('becomes compliant by itself, repairs its firewall, and returns to the state before except for software', async () => {
    const bundle = () => machine.shell('cat /etc/ssl/certs/ca-certificates.crt');
    const connections = () => machine.shell('nmcli --get-values NAME connection show');
    const before = bundle();
    const pem = authority();
    const policy = await apply('Laptops', {
      'firewall.enabled': true,
      'certificates.trusted': [pem],
      'network.connections': [WIREGUARD],
      'software.required': ['cordon-demo'],
      'software.forbidden': ['cordon-old'],
      'agent.minimum-version': '0.1',
    });
    await until(async () => {
      expect(await results()).toEqual({
        'firewall.enabled': ['met', true],
        'certificates.trusted': ['met', true],
        'network.connections': ['met', true],
        'software.required': ['met', true],
        'software.forbidden': ['not-met', false],
        'agent.minimum-version': ['met', false],
      });
    }, 60_000);
    expect(bundle()).toContain(pem.trim());
    expect(connections()).toBe('Tunnel\n');
    expect(helper.machine.version('cordon-demo')).toBe('1.0');
    const { settings } = await compliance();
    expect(settings.find(({ setting }) => setting === 'software.forbidden')?.detail).toMatch(
      /^Installed: cordon-old\. The owner of the device does not permit this change\. The owner can add "software\.forbidden"/,
    );
    const { out } = await agent.cli(['policy']);
    expect(out).toContain('met: Firewall (required), applied by the device');
    expect(out).toMatch(/NOT MET: Forbidden software \(cordon-old\)\n {4}.*does not permit this change/);

    machine.shell('nft delete table inet cordon');
    expect(rules()).toBe('');
    await recheck();
    await until(() => expect(rules()).toMatch(/policy drop/), 30_000);
    const repaired = await until(async () => {
      const found = (await history()).filter(({ event }) => event === 'setting-repaired');
      expect(found).toHaveLength(1);
      return found;
    }, 30_000);
    expect(JSON.parse(repaired[0]?.detail ?? '')).toMatchObject({ setting: 'firewall.enabled' });
    await until(async () => expect(await results()).toMatchObject({ 'firewall.enabled': ['met', true] }), 30_000);
    await console();

    await world.operator.owner.browser.call('POST', `/policies/${policy}/groups`, policyView, { groups: [] });
    await until(() => {
      expect(rules()).toBe('');
      expect(bundle()).toBe(before);
      expect(connections()).toBe('');
    }, 60_000);
    const kept = await until(async () => {
      const found = (await history()).filter(({ event }) => event === 'change-kept');
      expect(found).toHaveLength(1);
      return found;
    }, 30_000);
    expect(JSON.parse(kept[0]?.detail ?? '')).toMatchObject({
      setting: 'software.required',
      detail: 'The device had installed cordon-demo, and does not remove this software.',
    });
    expect(helper.machine.version('cordon-demo')).toBe('1.0');
    await keptInConsole('Change kept: Required software. The device had installed cordon-demo');
  });

  it('returns to the state before when its enrollment ends', async () => {
    await apply('Firewall', { 'firewall.enabled': true });
    await until(() => expect(rules()).toMatch(/policy drop/), 60_000);
    await world.send(agent.device, { kind: 'unenroll' });
    await until(() => expect(rules()).toBe(''), 60_000);
  });
});
