/** Connections of a policy, one of each kind. */
import type { NetworkConnection } from '../../shared/policy/network-connections.ts';

const USE = { autoconnect: true, priority: 0, metered: 'automatic' } as const;

export const WIFI = {
  type: 'wifi',
  name: 'Office',
  ...USE,
  ssid: 'Office',
  hidden: false,
  security: { kind: 'wpa-personal' },
} as const satisfies NetworkConnection;

export const ENTERPRISE = {
  type: 'wifi',
  name: 'Campus',
  ...USE,
  ssid: 'eduroam',
  hidden: true,
  security: {
    kind: 'wpa-enterprise',
    eap: {
      method: 'peap',
      domain: 'radius.example.org',
      authority: null,
      identity: 'host/{hostname}',
      anonymousIdentity: 'anonymous@example.org',
    },
  },
} as const satisfies NetworkConnection;

export const WIRED = {
  type: 'ethernet',
  name: 'Desk',
  autoconnect: false,
  priority: 5,
  metered: 'no',
  eap: {
    method: 'tls',
    domain: 'radius.example.org',
    authority: null,
    identity: '{hostname}.example.org',
    certificate: '/etc/ssl/certs/device.pem',
    key: '/etc/ssl/private/device.key',
  },
} as const satisfies NetworkConnection;

export const VPN = {
  type: 'vpn',
  name: 'Head quarters',
  service: 'openvpn',
  data: { remote: 'vpn.example.org', 'connection-type': 'password', ca: '/etc/ssl/certs/vpn.pem' },
} as const satisfies NetworkConnection;

export const WIREGUARD: Extract<NetworkConnection, { type: 'wireguard' }> = {
  type: 'wireguard',
  name: 'Tunnel',
  ...USE,
  addresses: ['10.1.0.2/32'],
  dns: ['10.1.0.1'],
  peers: [
    {
      publicKey: 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=',
      endpoint: 'vpn.example.org:51820',
      allowedIps: ['10.0.0.0/8', 'fd00::/8'],
      keepalive: 25,
    },
  ],
};
