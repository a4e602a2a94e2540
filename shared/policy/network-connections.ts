/**
 * Values of the settings about connections of NetworkManager. No value is a secret: NetworkManager asks the user for passwords, and a device
 * creates its WireGuard keys itself (ADR 81).
 */
import { z } from 'zod';
import { HIDDEN } from '../text/hidden-characters.ts';
import { certificateSchema } from './managed-files.ts';

export const NETWORK_TYPES = ['wifi', 'vpn', 'wireguard', 'ethernet'] as const;
export type NetworkType = (typeof NETWORK_TYPES)[number];

/** Name and type of a connection of NetworkManager, for the setting that only checks. */
export const networkProfilesSchema = z
  .record(
    z
      .string()
      .min(1)
      .max(64)
      .regex(/^[^/:\\\0\n]+$/, 'is the name of a connection'),
    z.enum(NETWORK_TYPES),
  )
  .refine((profiles) => {
    const count = Object.keys(profiles).length;
    return count > 0 && count <= 32;
  }, 'names 1 to 32 connections');

/** Text for one line of a keyfile. Spaces at its ends would be lost there. */
const line = (most: number) =>
  z
    .string()
    .min(1, 'is not empty')
    .max(most, `has at most ${most} characters`)
    .refine(
      (text) => text.trim() === text && !HIDDEN.test(text),
      'has no spaces at its ends and no invisible characters',
    );

const hostName = z
  .string()
  .max(253)
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/, 'is a host name such as radius.example.org');

/** File on the device, which the owner of the device puts there. */
const devicePath = line(255)
  .regex(/^(?:\/[^/]+)+$/, 'is an absolute path on the device')
  .refine((path) => !path.split('/').some((part) => part === '.' || part === '..'), 'contains no . or ..');

/** Text in an identity that the device replaces with its own host name. */
export const HOST_NAME = '{hostname}';

const server = {
  /** Name or suffix of the name in the certificate of the authentication server. Without it, every server could ask for the password. */
  domain: hostName,
  /** Certificate authority of the authentication server, in PEM; null for the authorities that the system trusts. */
  authority: certificateSchema.nullable(),
  /** User or device. The device replaces `{hostname}` with its host name. */
  identity: line(128),
};

export const EAP_METHODS = ['tls', 'peap'] as const;
const eapSchema = z.discriminatedUnion('method', [
  z.strictObject({
    method: z.literal('tls'),
    ...server,
    /** Paths of the files of the device with its certificate and its key. The key is not encrypted. */
    certificate: devicePath,
    key: devicePath,
  }),
  z.strictObject({
    method: z.literal('peap'),
    ...server,
    /** Identity outside of the encrypted tunnel; null for `identity`. */
    anonymousIdentity: line(128).nullable(),
  }),
]);
export type Eap = z.output<typeof eapSchema>;

export const WIFI_SECURITY = ['open', 'wpa-personal', 'wpa-enterprise'] as const;
const wifiSecuritySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('open') }),
  z.strictObject({ kind: z.literal('wpa-personal') }),
  z.strictObject({ kind: z.literal('wpa-enterprise'), eap: eapSchema }),
]);

export const METERED = ['automatic', 'yes', 'no'] as const;
const name = line(64);
const use = {
  name,
  /** True if NetworkManager activates the connection by itself. */
  autoconnect: z.boolean(),
  /** Priority among connections that NetworkManager may activate. The highest number wins. */
  priority: z.int().min(-999).max(999),
  metered: z.enum(METERED),
};

const wifiSchema = z.strictObject({
  type: z.literal('wifi'),
  ...use,
  ssid: z
    .string()
    .min(1, 'is not empty')
    .refine((text) => new TextEncoder().encode(text).length <= 32, 'has at most 32 bytes')
    .refine((text) => !HIDDEN.test(text), 'has no invisible characters'),
  hidden: z.boolean(),
  security: wifiSecuritySchema,
});

const ethernetSchema = z.strictObject({ type: z.literal('ethernet'), ...use, eap: eapSchema });

/**
 * Keys of the data of each VPN plugin. No key names a program or has a secret. A plugin runs as root, so a key outside the list could start
 * a program.
 */
export const VPN_KEYS = {
  openvpn: [
    'remote',
    'port',
    'proto-tcp',
    'connection-type',
    'ca',
    'cert',
    'key',
    'ta',
    'ta-dir',
    'tls-crypt',
    'tls-version-min',
    'remote-cert-tls',
    'verify-x509-name',
    'cipher',
    'data-ciphers',
    'auth',
    'username',
    'dev-type',
    'tunnel-mtu',
    'mssfix',
    'ping',
    'ping-restart',
    'reneg-seconds',
  ],
  strongswan: [
    'address',
    'server-port',
    'remote-ts',
    'certificate',
    'remote-identity',
    'local-identity',
    'method',
    'user',
    'usercert',
    'userkey',
    'cert-source',
    'virtual',
    'encap',
    'ipcomp',
    'proposal',
    'ike',
    'esp',
  ],
} as const;
export const VPN_SERVICES = ['openvpn', 'strongswan'] as const satisfies readonly (keyof typeof VPN_KEYS)[];
export type VpnService = (typeof VPN_SERVICES)[number];
const ADDRESS_KEY = { openvpn: 'remote', strongswan: 'address' } as const satisfies Record<VpnService, string>;

const vpnSchema = z
  .strictObject({
    type: z.literal('vpn'),
    name,
    service: z.enum(VPN_SERVICES),
    data: z.record(
      z.string().max(32),
      // A plugin passes values as arguments of a program, where a hyphen would begin an option.
      line(255).refine((text) => !text.startsWith('-'), 'does not begin with a hyphen'),
    ),
  })
  .superRefine(({ service, data }, context) => {
    const keys: readonly string[] = VPN_KEYS[service];
    for (const key of Object.keys(data).filter((each) => !keys.includes(each))) {
      context.addIssue({ code: 'custom', path: ['data', key], message: `is not one of ${keys.join(', ')}` });
    }
    const needed = ADDRESS_KEY[service];
    if (data[needed] === undefined) {
      context.addIssue({ code: 'custom', path: ['data'], message: `has ${needed}, the address of the VPN server` });
    }
  });

const either = (first: z.ZodType, second: z.ZodType) => (text: string) =>
  first.safeParse(text).success || second.safeParse(text).success;
const address = z.string().max(45).refine(either(z.ipv4(), z.ipv6()), 'is an IP address');
const network = z
  .string()
  .max(49)
  .refine(either(z.cidrv4(), z.cidrv6()), 'is an IP address with a prefix length, such as 10.1.0.2/32');
const endpoint = z.string().max(260).refine(isEndpoint, 'is a host and a port, such as vpn.example.org:51820');

const peerSchema = z.strictObject({
  publicKey: z.string().regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, 'is a public key of WireGuard'),
  endpoint,
  allowedIps: z.array(network).min(1, 'names at least one network').max(32),
  /** Seconds between two packets that keep the way through a router open; 0 for none. */
  keepalive: z.int().min(0).max(65_535),
});

const wireguardSchema = z
  .strictObject({
    type: z.literal('wireguard'),
    ...use,
    addresses: z.array(network).min(1, 'names at least one address').max(4),
    dns: z.array(address).max(4),
    peers: z.array(peerSchema).min(1, 'names at least one peer').max(4),
  })
  .superRefine(({ addresses, dns, peers }, context) => {
    if (dns.some((each) => !addresses.some((own) => isIpv6(own) === isIpv6(each)))) {
      context.addIssue({ code: 'custom', path: ['dns'], message: 'has only servers of the kind of an own address' });
    }
    if (new Set(peers.map(({ publicKey }) => publicKey)).size < peers.length) {
      context.addIssue({ code: 'custom', path: ['peers'], message: 'has each public key once' });
    }
  });

export const networkConnectionSchema = z.discriminatedUnion('type', [
  wifiSchema,
  ethernetSchema,
  vpnSchema,
  wireguardSchema,
]);
export type NetworkConnection = z.output<typeof networkConnectionSchema>;

/** Maximum size of all connections, as JSON. */
const LARGEST_CONNECTIONS = 24 * 1024;
/** The check result has the public key of each of them. */
const MOST_WIREGUARD = 3;

export const networkConnectionsSchema = z
  .array(networkConnectionSchema)
  .min(1)
  .max(16)
  .superRefine((connections, context) => {
    const names = connections.map((each) => each.name);
    for (const [index, each] of names.entries()) {
      if (names.indexOf(each) === index) continue;
      context.addIssue({ code: 'custom', path: [index, 'name'], message: 'is the name of another connection above' });
    }
    if (connections.filter(({ type }) => type === 'wireguard').length > MOST_WIREGUARD) {
      context.addIssue({ code: 'custom', message: `has at most ${MOST_WIREGUARD} connections with WireGuard` });
    }
    if (JSON.stringify(connections).length > LARGEST_CONNECTIONS) {
      context.addIssue({ code: 'custom', message: 'has at most 24 KB in all connections' });
    }
  });

export const TYPE_NAMES: Readonly<Record<NetworkType, string>> = {
  wifi: 'Wi-Fi',
  vpn: 'VPN',
  wireguard: 'WireGuard',
  ethernet: 'Ethernet',
};

/** Describes a connection for people: its name, its type and its network or server. */
export function connectionText(connection: NetworkConnection): string {
  const type = TYPE_NAMES[connection.type];
  switch (connection.type) {
    case 'wifi':
      return `${connection.name} (${type} ${connection.ssid})`;
    case 'ethernet':
      return `${connection.name} (${type})`;
    case 'vpn':
      return `${connection.name} (${type} ${connection.data[ADDRESS_KEY[connection.service]]})`;
    case 'wireguard':
      return `${connection.name} (${type} ${connection.peers.map(({ endpoint: each }) => each).join(' ')})`;
  }
}

export const isIpv6 = (text: string): boolean => text.includes(':');

function isEndpoint(text: string): boolean {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  const inBrackets = /^\[(.*)\]$/.exec(host)?.[1];
  const isHost = inBrackets === undefined ? hostName.safeParse(host).success : z.ipv6().safeParse(inBrackets).success;
  return isHost && Number(port) >= 1 && Number(port) <= 65_535;
}
