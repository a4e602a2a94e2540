/**
 * Names, ids and times that the API's examples share: Exempel AB operates the installation, and order 2026-001 suspends messaging in
 * Pakistan from 10 March 2026. Keys, signatures and hashes are made of readable texts, so no example contains a secret.
 */
import { sha256 } from '../../order/digest.ts';

const DAY = 86_400_000;

export const at = (time: string): number => Date.parse(time);
export const days = (count: number): number => count * DAY;
export const base64 = (text: string): string => Buffer.from(text).toString('base64');
export const idOf = (prefix: string, name: string): string => `${prefix}_${name.padEnd(16, '2')}`;

function admin(name: string) {
  const short = name.replace(/ .*/, '').toLowerCase();
  const publicKey = base64(`Example public key of ${name}`);
  return {
    name,
    email: `${short}@exempel.example`,
    person: idOf('per', short),
    account: idOf('acc', short),
    publicKey,
    keyid: sha256(Buffer.from(publicKey, 'base64')),
    sig: base64(`Example signature of ${name}`),
  };
}

export const ANNA = admin('Anna Lindqvist');
export const KARL = admin('Karl Berg');
export const SARA = admin('Sara Holm');

export const namesByAccount = { [KARL.account]: KARL.name, [SARA.account]: SARA.name };
export const namesByPerson = { [KARL.person]: KARL.name, [SARA.person]: SARA.name };

export const INSTALLATION = idOf('ins', 'exempel');
export const ORGANIZATION = 'Exempel AB';
export const VERSION = '0.2.0';
export const PUBLIC_URL = 'https://cordon.exempel.example:8444';
export const DEVICE_URL = 'wss://cordon.exempel.example:8443';
export const APPEAL = 'appeals@exempel.example';

export const BILAL = { name: 'Bilal Ahmed', person: idOf('per', 'bilal'), device: idOf('dev', 'bilal') };
/** Devices of two more users: the example order exempts one device; the other device is abroad. */
export const MAJA = { name: 'Maja Ek', device: idOf('dev', 'maja') };
export const OMAR = { name: 'Omar Malik', device: idOf('dev', 'omar') };
export const KARACHI = { id: idOf('grp', 'karachi'), name: 'Karachi' };
export const HOSTNAME = 'khi-nb-014';
export const ADDRESS = '203.0.113.24';

export const ORDER = '2026-001';
export const ORDER_TITLE = 'Pakistan';

export const TIMES = {
  start: at('2026-01-12T08:00:00Z'),
  enrolled: at('2026-01-19T06:30:00Z'),
  proposed: at('2026-03-02T09:00:00Z'),
  adopted: at('2026-03-02T09:40:00Z'),
  effective: at('2026-03-09T19:00:00Z'),
  now: at('2026-03-10T08:00:00Z'),
} as const;
