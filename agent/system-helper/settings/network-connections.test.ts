/** Connections that the system helper applies as a process, with a real NetworkManager on a machine of its own. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { NetworkConnection } from '../../../shared/policy/network-connections.ts';
import type { AppliedSetting } from '../../../shared/policy/system-settings.ts';
import { ENTERPRISE, VPN, WIFI, WIRED, WIREGUARD } from '../../../tests/support/network-connections.ts';
import { type NetworkManager, networkManagers, openNetworkManager } from '../../../tests/support/network-manager.ts';
import {
  openSettingsMachine,
  type SettingsMachine,
  settingsMachines,
} from '../../../tests/support/settings-machine.ts';
import { SystemHelper } from '../../../tests/support/system-helper.ts';
import { tool } from '../../../tests/support/tools.ts';
import { until } from '../../../tests/support/until.ts';
import { KEYFILES, keyfilePath, uuidOf } from '../../policy/network-keyfile.ts';

const SETTING = 'network.connections';

const openssl = tool('openssl', 'apt-get install openssl');

describe.skipIf(!openssl.present || !networkManagers.present || !settingsMachines.present)(
  'network connections',
  { timeout: 120_000 },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'cordon-networks-'));
    let machine: SettingsMachine;
    let manager: NetworkManager;
    let helper: SystemHelper;

    beforeAll(async () => {
      machine = await openSettingsMachine();
      manager = await openNetworkManager(machine, folder);
      helper = new SystemHelper(machine.inside);
      helper.allow({ allow: [] }, [], { settings: [SETTING] });
      await helper.start();
    }, 60_000);
    afterAll(async () => {
      await helper?.remove();
      await manager?.remove();
      await machine?.remove();
      rmSync(folder, { recursive: true });
    });
    afterEach(async () => {
      await apply(null);
      expect(files()).toEqual([]);
    });

    async function apply(connections: readonly NetworkConnection[] | null): Promise<AppliedSetting | undefined> {
      const settings = connections === null ? {} : { [SETTING]: [...connections] };
      const response = await helper.ask({ op: 'apply-settings', settings });
      if (response.outcome !== 'settings') throw new Error(JSON.stringify(response));
      return response.settings[0];
    }
    const applied = async (...connections: NetworkConnection[]) => {
      const result = await apply(connections);
      return [result?.outcome, result?.check.status, `${result?.detail} ${result?.check.detail}`.trim()];
    };
    const files = () => machine.shell(`ls -A ${KEYFILES}`).split('\n').filter(Boolean);
    const names = () =>
      machine.shell('LC_ALL=C.UTF-8 nmcli --get-values NAME connection show').split('\n').filter(Boolean).sort();
    const path = (connection: NetworkConnection) => keyfilePath(uuidOf(connection));
    const AS_WANTED = 'All connections are as in the policy.';

    it('are loaded in each type, stay as they are, and end with the policy', async () => {
      const all = [WIFI, ENTERPRISE, WIRED, VPN];
      expect(await applied(...all)).toEqual(['applied', 'met', AS_WANTED]);
      expect(names()).toEqual(['Campus', 'Desk', 'Head quarters', 'Office']);
      expect(machine.shell(`stat --format '%a %U' ${path(WIFI)}`)).toBe('600 root\n');
      // The agent sees the connections without the rights of root, but not their values.
      const nobody = 'setpriv --reuid=65534 --regid=65534 --clear-groups';
      expect(machine.shell(`${nobody} nmcli -g FILENAME connection show`).split('\n')).toContain(path(WIFI));
      expect(machine.shell(`${nobody} cat ${path(WIFI)} 2>&1 || true`)).toMatch('Permission denied');
      const times = () => machine.shell(`stat --format %Y.%i ${KEYFILES}/*`);
      const before = times();
      expect(await applied(...all)).toEqual(['applied', 'met', AS_WANTED]);
      expect(times()).toBe(before);

      // The policy drops three connections and changes the fourth one.
      expect(await applied({ ...WIFI, hidden: true })).toEqual(['applied', 'met', AS_WANTED]);
      expect(names()).toEqual(['Office']);
      expect(machine.shell(`nmcli -g 802-11-wireless.hidden connection show ${uuidOf(WIFI)}`)).toBe('yes\n');
      await apply(null);
      expect(names()).toEqual([]);
    });

    it.each([
      ['a change', `nmcli connection modify ${uuidOf(WIFI)} wifi.ssid Other`],
      ['a change without saving', `nmcli connection modify --temporary ${uuidOf(WIFI)} wifi.ssid Other`],
      ['a deletion', `nmcli connection delete ${uuidOf(WIFI)}`],
      ['a file that others can read', `chmod 644 ${path(WIFI)}`],
    ])('are repaired after %s', async (_, change) => {
      await apply([WIFI]);
      machine.shell(change);
      expect(await applied(WIFI)).toEqual(['repaired', 'met', AS_WANTED]);
      expect(names()).toEqual(['Office']);
      expect(machine.shell(`nmcli -g 802-11-wireless.ssid connection show ${uuidOf(WIFI)}`)).toBe('Office\n');
      expect(machine.shell(`stat --format %a ${path(WIFI)}`)).toBe('600\n');
    });

    it('have the certificate of their authority, also after a change by a user', async () => {
      const pem = authority('CA:TRUE');
      const desk = { ...WIRED, eap: { ...WIRED.eap, authority: pem } };
      expect(await applied(desk)).toEqual(['applied', 'met', AS_WANTED]);
      // NetworkManager moves the certificate to a file of its own.
      machine.shell(`nmcli connection modify ${uuidOf(desk)} connection.autoconnect yes`);
      expect(files()).toHaveLength(2);
      expect(await applied(desk)).toEqual(['repaired', 'met', AS_WANTED]);
      expect(files()).toHaveLength(1);
      await apply(null);

      const other = { ...WIRED, eap: { ...WIRED.eap, authority: authority('CA:FALSE') } };
      expect(await applied(other, WIFI)).toEqual([
        'failed',
        'not-met',
        'The certificate of CN=Authority of a test is not the certificate of an authority. Desk is missing.',
      ]);
      expect(names()).toEqual(['Office']);
    });

    it('with the key of the device are activated without a question to the user', async () => {
      const [certificate, key] = [join(folder, 'device.pem'), join(folder, 'device.key')];
      const request = ['req', '-x509', '-subj', '/CN=laptop', '-newkey', 'rsa:2048', '-noenc'];
      execFileSync('openssl', [...request, '-keyout', key, '-out', certificate], { stdio: 'pipe' });
      await apply([{ ...WIRED, eap: { ...WIRED.eap, certificate, key } }]);
      machine.shell('ip link add near type veth peer name far; ip link set far up');
      // The bus starts no wpa_supplicant. NetworkManager needs it after the question for a password.
      const up = `nmcli --wait 20 connection up ${uuidOf(WIRED)} ifname near 2>&1 || true`;
      const attempt = () => {
        const output = machine.shell(up);
        // NetworkManager does not know the device at once.
        if (!/Secrets|supplicant/.test(output)) throw new Error(output);
        return output;
      };
      expect(await until(attempt, 20_000)).toMatch(/802\.1X supplicant failed/);
      machine.shell('ip link delete near');
    });

    it('of the owner with the same name stay as they are', async () => {
      machine.shell('nmcli connection add type wifi con-name Office ssid Mine');
      const [outcome, status, detail] = await applied(WIFI, WIRED);
      expect([outcome, status]).toEqual(['failed', 'not-met']);
      expect(detail).toMatch(/^The owner of the device has a connection with the name Office, which stays as it is\./);
      expect(detail).toMatch(/Office is another connection of this device\.$/);
      await apply(null);
      expect(machine.shell('nmcli -g 802-11-wireless.ssid connection show Office')).toBe('Mine\n');
      expect(names()).toEqual(['Office']);
      machine.shell('nmcli connection delete Office');
    });

    it('of WireGuard keep the key of the device, and report only the public key', async () => {
      const [outcome, status, detail = ''] = await applied(WIREGUARD);
      expect([outcome, status]).toEqual(['applied', 'met']);
      expect(detail).toMatch(/Public key of Tunnel: [A-Za-z0-9+/]{43}=$/);
      const key = () => /^private-key=(.*)$/m.exec(machine.shell(`cat ${path(WIREGUARD)}`))?.[1] ?? '';
      const before = key();
      expect(before).toMatch(/^[A-Za-z0-9+/]{43}=$/);
      expect(detail).not.toContain(before);
      expect(helper.log).not.toContain(before);

      machine.shell(`rm ${path(WIREGUARD)}`);
      expect(await applied(WIREGUARD)).toEqual(['repaired', 'met', detail]);
      expect(await applied({ ...WIREGUARD, addresses: ['10.1.0.3/32', 'fd00::3/128'] })).toEqual([
        'applied',
        'met',
        detail,
      ]);
      expect(key()).toBe(before);
      machine.shell(
        `sed -i 's|^private-key=.*|private-key=yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=|' ${path(WIREGUARD)}`,
      );
      expect(await applied({ ...WIREGUARD, addresses: ['10.1.0.3/32', 'fd00::3/128'] })).toEqual([
        'repaired',
        'met',
        detail,
      ]);
      expect(key()).toBe(before);

      await apply(null);
      expect(machine.shell(`ls ${helper.machine.path('state')}/settings`)).toBe('');
      await apply([WIREGUARD]);
      expect(key()).not.toBe(before);
    });

    it('wait for NetworkManager, and are deleted also without it', async () => {
      await manager.stop();
      const [outcome, status, detail] = await applied(WIFI);
      expect([outcome, status]).toEqual(['not-supported', 'unknown']);
      expect(detail).toMatch(/^NetworkManager does not run on this device\./);
      expect(files()).toEqual([]);
      await manager.start();
      await apply(null);
      await apply([WIFI]);
      await manager.stop();
      await apply(null);
      expect(files()).toEqual([]);
      await manager.start();
      expect(names()).toEqual([]);
    });

    it('are consistent after kill -9 between the record and the end of the change', async () => {
      const [waits, go] = [helper.machine.path('waits'), helper.machine.path('go')];
      const script = [
        '#!/bin/sh',
        `case "$*" in *load*) touch ${waits}; while [ ! -e ${go} ]; do sleep 0.05; done;; esac`,
        'exec /usr/bin/nmcli "$@"',
      ];
      machine.shell(`printf '%s\\n' ${script.map((each) => `'${each}'`).join(' ')} > /usr/local/sbin/nmcli`);
      machine.shell('chmod +x /usr/local/sbin/nmcli');
      const interrupt = async () => {
        const lost = apply([WIFI]).catch((error: Error) => error);
        await until(() => expect(helper.machine.has('waits')).toBe(true), 20_000);
        await helper.kill();
        expect(await lost).toBeInstanceOf(Error);
        expect(readFileSync(join(helper.machine.path('state'), 'settings', `${SETTING}.json`), 'utf8')).toMatch(
          '"complete":false',
        );
        expect([files().length, names()]).toEqual([1, []]);
        machine.shell(`rm ${waits}; touch ${go}`);
        await helper.start();
      };
      try {
        await interrupt();
        expect(await applied(WIFI)).toEqual(['applied', 'met', AS_WANTED]);
        await apply(null);
        machine.shell(`rm -f ${waits} ${go}`);

        await interrupt();
        await apply(null);
        expect([files(), names()]).toEqual([[], []]);
      } finally {
        machine.shell('rm /usr/local/sbin/nmcli');
      }
    });

    it('are refused outside the values of the catalog', async () => {
      for (const more of [{ name: 'a\n[vpn]' }, { ssid: 'a\n' }, { psk: 'secret' }]) {
        const settings = { [SETTING]: [{ ...WIFI, ...more }] };
        const response = await helper.ask({ op: 'apply-settings', settings } as never);
        expect(response).toMatchObject({ outcome: 'failed', code: 'invalid_input' });
      }
    });

    function authority(constraints: string): string {
      const file = join(folder, 'authority.pem');
      const subject = ['-subj', '/CN=Authority of a test', '-addext', `basicConstraints=critical,${constraints}`];
      const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', '/dev/null'];
      execFileSync('openssl', ['req', '-x509', '-days', '2', ...key, ...subject, '-out', file], { stdio: 'pipe' });
      return readFileSync(file, 'utf8');
    }
  },
);
