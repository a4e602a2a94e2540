import { describe, expect, it } from 'vitest';
import type { EvidenceArea } from '../../shared/areas/area-code.ts';
import type { Location } from '../../shared/verdict/terms.ts';
import { WIFI } from '../../tests/support/network-connections.ts';
import { linux } from '../../tests/support/tools.ts';
import { agentChecks, met, notMet, runChecks, unknown } from './checks.ts';
import { parseIptables, parseNftables } from './firewall-rules.ts';
import { judgeSystem, keysOnly, linuxChecks, parseLayers, parseSshd, rootSignIn } from './linux-checks.ts';

const at = (...areas: string[]): Location => ({
  certainty: areas.length === 0 ? 'unknown' : 'certain',
  areas: areas as EvidenceArea[],
  source: null,
  disagree: [],
  network: null,
});
const checksAt = (location: Location) =>
  agentChecks({
    location: () => location,
    version: '0.2.0',
    logLevel: () => 'info',
    idleLimit: { get: () => 15 },
    offline: async () => met(''),
    passcode: async () => met(''),
  });
const run = async (setting: string, value: unknown, location = at('DE'), platform = 'linux') => {
  const [result] = await runChecks([{ setting, value: JSON.stringify(value) }], checksAt(location), platform);
  return result?.status;
};

describe('checks', () => {
  it('that do not end are unknown after their deadline, and the other checks follow', async () => {
    const checks = {
      'firewall.enabled': () => new Promise<never>(() => undefined),
      'time.synchronized': async () => met('The clock is synchronized.'),
    };
    const settings = ['firewall.enabled', 'time.synchronized'].map((setting) => ({ setting, value: 'true' }));
    expect(await runChecks(settings, checks, 'linux', 100)).toEqual([
      { setting: 'firewall.enabled', status: 'unknown', detail: 'The check did not end within 0.1 seconds.' },
      { setting: 'time.synchronized', status: 'met', detail: 'The clock is synchronized.' },
    ]);
  });

  it.each<[string, unknown, Location, string]>([
    ['location.areas', ['DE'], at('DE-BE'), 'met'],
    ['location.areas', ['DE-BE'], at('DE'), 'not-met'],
    ['location.areas', ['DE'], at('FR'), 'not-met'],
    ['location.areas', ['DE'], at('DE', 'FR'), 'unknown'],
    ['location.areas', ['DE'], at(), 'unknown'],
    ['agent.minimum-version', '0.1.9', at(), 'met'],
    ['agent.minimum-version', '0.10', at(), 'not-met'],
    ['agent.log-level', 'info', at(), 'met'],
    ['page.idle-minutes', 15, at(), 'met'],
    ['page.idle-minutes', 30, at(), 'met'],
    ['page.idle-minutes', 5, at(), 'not-met'],
    ['agent.log-level', 'debug', at(), 'not-met'],
  ])('judges %s %j', async (setting, value, location, expected) => {
    expect(await run(setting, value, location)).toBe(expected);
  });

  it('reports an unknown setting, value or platform as not supported, and a failed check as unknown', async () => {
    expect(await run('disk.teleportation', true)).toBe('not-supported');
    expect(await run('agent.log-level', 'verbose')).toBe('not-supported');
    expect(await run('disk.encryption', true, at(), 'win32')).toBe('not-supported');
    expect(await run('disk.encryption', true, at(), 'linux')).toBe('not-supported');
    const failing = { 'firewall.enabled': () => Promise.reject(new Error('no tables')) };
    const [result] = await runChecks([{ setting: 'firewall.enabled', value: 'true' }], failing, 'linux');
    expect(result).toMatchObject({ status: 'unknown', detail: 'The check failed: no tables' });
  });

  it.skipIf(!linux().present)('reads this machine without an exception', async () => {
    const values = {
      'disk.encryption': true,
      'firewall.enabled': true,
      'usb-storage.blocked': true,
      'time.synchronized': true,
      'screen.lock-minutes': 5,
      'ssh.keys-only': true,
      'ssh.root-sign-in': 'no',
      'os.minimum': { debian: '1', ubuntu: '1' },
      'updates.automatic': true,
      'network.profiles': { Office: 'wifi' },
      'network.connections': [WIFI],
      'software.required': ['dpkg'],
      'software.forbidden': ['no-such-package-anywhere'],
    };
    const settings = Object.entries(values).map(([setting, value]) => ({ setting, value: JSON.stringify(value) }));
    const results = await runChecks(settings, linuxChecks(), 'linux');
    expect(results.filter(({ detail }) => detail.startsWith('The check failed'))).toEqual([]);
    expect(results.find(({ setting }) => setting === 'software.required')?.status).toBe('met');
    expect(results.find(({ setting }) => setting === 'software.forbidden')?.status).toBe('met');
  });
});

const chain = (family: string, policy: string, hook = 'input') => ({
  chain: { family, table: 'filter', name: 'input', handle: 1, type: 'filter', hook, prio: 0, policy },
});
const rule = (...expr: object[]) => ({ rule: { family: 'inet', table: 'filter', chain: 'input', handle: 2, expr } });
const ruleset = (...parts: object[]) => JSON.stringify({ nftables: [{ metainfo: { version: '1.0.6' } }, ...parts] });

describe('firewall rules', () => {
  it.each<[string, string, boolean]>([
    ['no chain', ruleset(), false],
    ['a chain for both families that drops', ruleset(chain('inet', 'drop')), true],
    ['a chain that accepts', ruleset(chain('inet', 'accept')), false],
    ['a chain of another hook that drops', ruleset(chain('inet', 'drop', 'forward')), false],
    ['only IPv4', ruleset(chain('ip', 'drop')), false],
    ['IPv4 and IPv6', ruleset(chain('ip', 'drop'), chain('ip6', 'drop')), true],
    ['a last rule that rejects', ruleset(chain('inet', 'accept'), rule({ counter: {} }, { reject: null })), true],
    ['a last rule that rejects some', ruleset(chain('inet', 'accept'), rule({ match: {} }, { drop: null })), false],
  ])('of nftables with %s', (_, output, blocks) => expect(parseNftables(output).blocks).toBe(blocks));

  it.each<[string, boolean]>([
    ['-P INPUT DROP', true],
    ['-P INPUT ACCEPT\n-A INPUT -i lo -j ACCEPT\n-A INPUT -j REJECT --reject-with icmp-host-prohibited', true],
    ['-P INPUT ACCEPT\n-A INPUT -p tcp -j DROP', false],
    ['-P INPUT ACCEPT', false],
  ])('of iptables %j', (output, blocks) => expect(parseIptables(`${output}\n`)).toBe(blocks));
});

describe('output of programs', () => {
  it('of lsblk: finds the encrypted layer below LVM', () => {
    const lvm = {
      name: 'vg-root',
      type: 'lvm',
      children: [{ name: 'sda3_crypt', type: 'crypt', children: [{ name: 'sda3', type: 'part' }] }],
    };
    expect(parseLayers(JSON.stringify({ blockdevices: [lvm] }))).toBe(true);
    expect(parseLayers(JSON.stringify({ blockdevices: [{ name: 'sda1', type: 'part' }] }))).toBe(false);
  });

  it('of sshd: judges passwords and root', () => {
    const settings = parseSshd(
      'port 22\npasswordauthentication no\nkbdinteractiveauthentication no\npermitrootlogin without-password\n',
    );
    expect(keysOnly(settings)).toEqual(met('Passwords are off.'));
    expect(keysOnly(parseSshd('passwordauthentication no'))).toMatchObject({ status: 'not-met' });
    expect(rootSignIn(settings, 'keys-only').status).toBe('met');
    expect(rootSignIn(settings, 'no')).toEqual(notMet('PermitRootLogin is without-password.'));
  });

  it('of os-release: compares versions of the same system', () => {
    const debian = 'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\nVERSION_ID="12"\n';
    expect(judgeSystem(debian, { debian: '12' })).toEqual(met('debian 12.'));
    expect(judgeSystem(debian, { debian: '13' }).status).toBe('not-met');
    expect(judgeSystem(debian, { ubuntu: '22.04' }).status).toBe('not-met');
    expect(judgeSystem('ID=debian\n', { debian: '12' })).toEqual(unknown('os-release states no version of debian.'));
  });
});
