import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { networkConnectionSchema } from '../../shared/policy/network-connections.ts';
import { ENTERPRISE, VPN, WIFI, WIRED, WIREGUARD } from '../../tests/support/network-connections.ts';
import { tool } from '../../tests/support/tools.ts';
import { createWireguardKey, keyfileOf, privateKeyIn, uuidOf, wireguardPublicKey } from './network-keyfile.ts';

const nmcli = tool('nmcli', 'apt install network-manager');
const FACTS = { hostname: 'laptop-7', privateKey: null };
type Groups = Record<string, Record<string, string>>;

/** Keyfile as NetworkManager itself writes it after it has read the given one. */
function throughNetworkManager(keyfile: string): Groups {
  const args = ['--offline', 'connection', 'modify', 'connection.zone', ''];
  const env = { ...process.env, LC_ALL: 'C.UTF-8' };
  return groupsOf(execFileSync('nmcli', args, { input: keyfile, encoding: 'utf8', env }));
}

function groupsOf(keyfile: string): Groups {
  const groups: Groups = {};
  let group: Record<string, string> = {};
  for (const line of keyfile.split('\n')) {
    const [, name] = /^\[(.*)\]$/.exec(line) ?? [];
    if (name !== undefined) {
      group = {};
      groups[name] = group;
    }
    const [, key, value] = /^([^=[#]+)=(.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined)
      group[key] = value.replaceAll(/\\(.)/g, (_, each) => ESCAPES[each] ?? each);
  }
  return groups;
}
const ESCAPES: Readonly<Record<string, string>> = { s: ' ', t: '\t', n: '\n', r: '\r' };

/** NetworkManager writes an SSID as text with escaped semicolons, or as a list of bytes. */
function ssidOf(text: string): string {
  const bytes = /^(?:\d+;)+$/.test(text);
  return bytes ? Buffer.from(text.split(';').filter(Boolean).map(Number)).toString() : text.replaceAll('\\;', ';');
}

const tricky = fc.string({ unit: fc.constantFrom(...'\\\\;=[]#\t\n"\', :sn0ä字🙂'), minLength: 1, maxLength: 12 });
const readable = fc.string({ unit: fc.constantFrom(...'\\\\;=[]#"\', :sn0ä字🙂'), minLength: 1, maxLength: 8 });
const any = fc.oneof(
  { weight: 8, arbitrary: readable },
  { weight: 1, arbitrary: tricky },
  fc.string({ unit: 'binary' }),
);

describe.skipIf(!nmcli.present)('keyfiles', () => {
  it('are read by NetworkManager with exactly the values of the policy, or the policy is refused', () => {
    let read = 0;
    const property = fc.property(any, any, any, any, (name, ssid, identity, outer) => {
      const { security } = ENTERPRISE;
      const eap = { ...security.eap, identity, anonymousIdentity: outer };
      const parsed = networkConnectionSchema.safeParse({ ...ENTERPRISE, name, ssid, security: { ...security, eap } });
      if (!parsed.success) return;
      read += 1;
      const { wifi, connection, '802-1x': found, ...others } = throughNetworkManager(keyfileOf(parsed.data, FACTS));
      expect(Object.keys(others).sort()).toEqual(['ipv4', 'ipv6', 'proxy', 'wifi-security']);
      expect(connection).toEqual({ id: name, uuid: uuidOf({ name }), type: 'wifi' });
      expect({ ...wifi, ssid: ssidOf(wifi?.['ssid'] ?? '') }).toEqual({ hidden: 'true', mode: 'infrastructure', ssid });
      expect(found).toEqual({
        'anonymous-identity': outer,
        'domain-suffix-match': 'radius.example.org',
        eap: 'peap;',
        identity: identity.replaceAll('{hostname}', 'laptop-7'),
        'password-flags': '1',
        'phase2-auth': 'mschapv2',
        'system-ca-certs': 'true',
      });
    });
    fc.assert(property, { numRuns: 100 });
    expect(read).toBeGreaterThan(10);
  });

  it('of a VPN have its data and no other, and NetworkManager asks for passwords', () => {
    let read = 0;
    const property = fc.property(any, any, (remote, ca) => {
      const parsed = networkConnectionSchema.safeParse({ ...VPN, data: { remote, ca } });
      if (!parsed.success) return;
      read += 1;
      const { vpn, connection, ...others } = throughNetworkManager(keyfileOf(parsed.data, FACTS));
      expect(Object.keys(others).sort()).toEqual(['ipv4', 'ipv6', 'proxy']);
      expect(connection).toMatchObject({ autoconnect: 'false', type: 'vpn' });
      const flags = { 'cert-pass-flags': '1', 'password-flags': '1' };
      expect(vpn).toEqual({ remote, ca, ...flags, 'service-type': 'org.freedesktop.NetworkManager.openvpn' });
    });
    fc.assert(property, { numRuns: 40 });
    expect(read).toBeGreaterThan(10);
  });

  it('of WireGuard have all addresses, servers and peers', () => {
    const own = fc.oneof(
      fc.ipV4().map((each) => `${each}/32`),
      fc.ipV6().map((each) => `${each}/128`),
    );
    const property = fc.property(fc.array(own, { minLength: 1, maxLength: 4 }), own, (addresses, allowed) => {
      const peers = WIREGUARD.peers.map((each) => ({ ...each, allowedIps: [allowed] }));
      const parsed = networkConnectionSchema.safeParse({ ...WIREGUARD, addresses, peers, dns: [] });
      if (!parsed.success) return;
      const found = throughNetworkManager(keyfileOf(parsed.data, { ...FACTS, privateKey: createWireguardKey() }));
      const read = [found['ipv4'], found['ipv6']].flatMap((each) => Object.keys(each ?? {}));
      expect(read.filter((key) => key.startsWith('address'))).toHaveLength(new Set(addresses).size);
      expect(found[`wireguard-peer.${peers[0]?.publicKey}`]).toMatchObject({
        endpoint: 'vpn.example.org:51820',
        'persistent-keepalive': '25',
        'allowed-ips': expect.stringMatching(/^[0-9a-f.:]+\/(?:32|128);$/),
      });
    });
    fc.assert(property, { numRuns: 40 });
  });

  it('of a personal network have no password, and NetworkManager asks the user', () => {
    const found = throughNetworkManager(keyfileOf(WIFI, FACTS));
    expect(found['wifi-security']).toEqual({ 'key-mgmt': 'wpa-psk', 'psk-flags': '1' });
    const open = throughNetworkManager(keyfileOf({ ...WIFI, security: { kind: 'open' } }, FACTS));
    expect(Object.keys(open)).toEqual(['connection', 'wifi', 'ipv4', 'ipv6', 'proxy']);
  });

  it('of a wired network name the files of the device, or contain the authority', () => {
    const { connection, '802-1x': eap } = throughNetworkManager(keyfileOf(WIRED, FACTS));
    const use = { autoconnect: 'false', 'autoconnect-priority': '5', metered: '2' };
    expect(connection).toEqual({ id: 'Desk', uuid: uuidOf(WIRED), type: 'ethernet', ...use });
    const common = {
      eap: 'tls;',
      identity: 'laptop-7.example.org',
      'domain-suffix-match': 'radius.example.org',
      'client-cert': '/etc/ssl/certs/device.pem',
      'private-key': '/etc/ssl/private/device.key',
      'private-key-password-flags': '4',
    };
    expect(eap).toEqual({ ...common, 'system-ca-certs': 'true' });
    const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    const own = throughNetworkManager(keyfileOf({ ...WIRED, eap: { ...WIRED.eap, authority: pem } }, FACTS));
    const base64 = Buffer.from(pem).toString('base64');
    expect(own['802-1x']).toEqual({ ...common, 'ca-cert': `data:;base64,${base64}` });
  });
});

describe('keys of WireGuard', () => {
  it('are those of WireGuard', () => {
    // The pair is the example of wireguard.com.
    const key = 'yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=';
    expect(wireguardPublicKey(key)).toBe('HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=');
    const own = createWireguardKey();
    const keyfile = keyfileOf(WIREGUARD, { ...FACTS, privateKey: own });
    expect(privateKeyIn(keyfile)).toBe(own);
    expect(createWireguardKey()).not.toBe(own);
  });

  it('never appear in the files of other connections', () => {
    for (const connection of [WIFI, ENTERPRISE, WIRED, VPN]) {
      expect(privateKeyIn(keyfileOf(connection, FACTS))).toBeNull();
    }
  });
});
