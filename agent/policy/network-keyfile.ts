/**
 * Keyfiles of NetworkManager (nm-settings-keyfile(5)) for the connections of policies. One connection is one file, with a name and a UUID
 * that follow from the name of the connection.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { sha256 } from '../../shared/order/digest.ts';
import { type Eap, HOST_NAME, isIpv6, type NetworkConnection } from '../../shared/policy/network-connections.ts';

export const KEYFILES = '/etc/NetworkManager/system-connections';

/** Facts of the device that a keyfile contains. `privateKey`: key of a WireGuard connection; null for other connections. */
export interface DeviceFacts {
  readonly hostname: string;
  readonly privateKey: string | null;
}

export function uuidOf({ name }: Pick<NetworkConnection, 'name'>): string {
  const digest = sha256(`cordon network connection: ${name}`);
  // Version 8 (RFC 9562): the digits follow a rule of this program.
  const parts = [digest.slice(0, 8), digest.slice(8, 12), `8${digest.slice(13, 16)}`, `8${digest.slice(17, 20)}`];
  return [...parts, digest.slice(20, 32)].join('-');
}

export const keyfilePath = (uuid: string): string => `${KEYFILES}/cordon-${uuid}.nmconnection`;

/** NetworkManager moves a certificate from the keyfile to this file when a user changes the connection. */
export const movedCertificatePath = (uuid: string): string => `${KEYFILES}/${uuid}-ca-cert.pem`;

type Value = string | number | boolean | readonly string[];
/** Lines of one group. A value that is null has no line. */
type Group = readonly [name: string, values: Readonly<Record<string, Value | null>>];

/** Text of the keyfile. */
export function keyfileOf(connection: NetworkConnection, facts: DeviceFacts): string {
  const uuid = uuidOf(connection);
  const common = { id: connection.name, uuid, type: connection.type };
  const groups: Group[] = [['connection', { ...common, ...useOf(connection) }], ...groupsOf(connection, facts)];
  const lines = groups.map(([name, values]) => [`[${name}]`, ...Object.entries(values).flatMap(lineOf), ''].join('\n'));
  return [
    '# Written by the Cordon system helper, because a policy requires it. The helper replaces changes.',
    ...lines,
  ].join('\n');
}

function lineOf([key, value]: [string, Value | null]): string[] {
  if (value === null) return [];
  const text = Array.isArray(value) ? value.map((each) => `${each};`).join('') : String(value);
  // The schema of the catalog refuses such texts. A line break would begin a line that the policy does not have.
  if (/\p{Cc}/u.test(text)) throw new Error(`The value of ${key} contains a control character.`);
  return [`${key}=${text.replaceAll('\\', '\\\\')}`];
}

function useOf(connection: NetworkConnection): Group[1] {
  // NetworkManager does not activate connections of VPN plugins by itself.
  if (connection.type === 'vpn') return { autoconnect: false };
  const { autoconnect, priority, metered } = connection;
  return {
    autoconnect,
    'autoconnect-priority': priority,
    metered: { automatic: 0, yes: 1, no: 2 }[metered],
    'interface-name': connection.type === 'wireguard' ? `cordon${uuidOf(connection).slice(0, 8)}` : null,
  };
}

/** NetworkManager asks the user for the secret, and only the user's keyring stores it (NMSettingSecretFlags). */
const ASK_USER = 1;
/** The key of a device has no password. With another flag, NetworkManager asks for a password of every key. */
const NO_PASSWORD = 4;
const AUTOMATIC_ADDRESSES: readonly Group[] = [
  ['ipv4', { method: 'auto' }],
  ['ipv6', { method: 'auto' }],
];

function groupsOf(connection: NetworkConnection, facts: DeviceFacts): readonly Group[] {
  switch (connection.type) {
    case 'wifi':
      return [...wifiGroups(connection, facts), ...AUTOMATIC_ADDRESSES];
    case 'ethernet':
      return [['ethernet', {}], eapGroup(connection.eap, facts), ...AUTOMATIC_ADDRESSES];
    case 'vpn':
      return [['vpn', vpnOf(connection)], ...AUTOMATIC_ADDRESSES];
    case 'wireguard':
      return wireguardGroups(connection, facts);
  }
}

type Of<Type extends NetworkConnection['type']> = Extract<NetworkConnection, { type: Type }>;

function wifiGroups({ ssid, hidden, security }: Of<'wifi'>, facts: DeviceFacts): Group[] {
  // As a list of bytes, no SSID has a special meaning.
  const bytes = [...Buffer.from(ssid)].map(String);
  const wifi: Group = ['wifi', { mode: 'infrastructure', ssid: bytes, hidden }];
  switch (security.kind) {
    case 'open':
      return [wifi];
    case 'wpa-personal':
      return [wifi, ['wifi-security', { 'key-mgmt': 'wpa-psk', 'psk-flags': ASK_USER }]];
    case 'wpa-enterprise':
      return [wifi, ['wifi-security', { 'key-mgmt': 'wpa-eap' }], eapGroup(security.eap, facts)];
  }
}

function eapGroup(eap: Eap, { hostname }: DeviceFacts): Group {
  const named = (text: string) => text.replaceAll(HOST_NAME, hostname);
  const { authority } = eap;
  const server = {
    eap: [eap.method],
    identity: named(eap.identity),
    'domain-suffix-match': eap.domain,
    'system-ca-certs': authority === null ? true : null,
    'ca-cert': authority === null ? null : `data:;base64,${Buffer.from(authority).toString('base64')}`,
  };
  if (eap.method === 'tls') {
    const files = { 'client-cert': eap.certificate, 'private-key': eap.key };
    return ['802-1x', { ...server, ...files, 'private-key-password-flags': NO_PASSWORD }];
  }
  const outer = eap.anonymousIdentity;
  return [
    '802-1x',
    {
      ...server,
      'anonymous-identity': outer === null ? null : named(outer),
      'phase2-auth': 'mschapv2',
      'password-flags': ASK_USER,
    },
  ];
}

function vpnOf({ service, data }: Of<'vpn'>): Group[1] {
  const flags = { 'password-flags': ASK_USER, ...(service === 'openvpn' && { 'cert-pass-flags': ASK_USER }) };
  return { 'service-type': `org.freedesktop.NetworkManager.${service}`, ...data, ...flags };
}

function wireguardGroups({ addresses, dns, peers }: Of<'wireguard'>, { privateKey }: DeviceFacts): Group[] {
  if (privateKey === null) throw new Error('A WireGuard connection has a private key.');
  const family = (name: 'ipv4' | 'ipv6'): Group => {
    const isOf = (text: string) => isIpv6(text) === (name === 'ipv6');
    const own = addresses.filter(isOf);
    if (own.length === 0) return [name, { method: 'disabled' }];
    const servers = dns.filter(isOf);
    const numbered = Object.fromEntries(own.map((each, index) => [`address${index + 1}`, each]));
    return [name, { method: 'manual', ...numbered, dns: servers.length === 0 ? null : servers }];
  };
  return [
    ['wireguard', { 'private-key': privateKey }],
    ...peers.map(
      ({ publicKey, endpoint, allowedIps, keepalive }): Group => [
        `wireguard-peer.${publicKey}`,
        { endpoint, 'allowed-ips': allowedIps, 'persistent-keepalive': keepalive },
      ],
    ),
    family('ipv4'),
    family('ipv6'),
  ];
}

/** The last 32 bytes of a key of X25519 in DER are the key itself, as WireGuard writes it (RFC 8410). */
const RAW = 32;
const PKCS8_HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** Creates a private key of WireGuard. */
export function createWireguardKey(): string {
  const { privateKey } = generateKeyPairSync('x25519');
  return privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-RAW).toString('base64');
}

export function wireguardPublicKey(key: string): string {
  const raw = Buffer.from(key, 'base64');
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, raw]), format: 'der', type: 'pkcs8' });
  return createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-RAW).toString('base64');
}

/** Private key of WireGuard in a keyfile; null without a valid one. */
export const privateKeyIn = (keyfile: string): string | null =>
  /^private-key=([A-Za-z0-9+/]{43}=)$/m.exec(keyfile)?.[1] ?? null;
