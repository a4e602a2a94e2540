/** The configuration of a server that listens only on the loopback interface, and stores all its data in one folder. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from '../../server/config.ts';

export interface Ports {
  readonly device: number;
  readonly public: number;
  readonly admin: number;
}

export function loopbackConfig(folder: string, ports: Ports, given: Partial<Config> = {}): Config {
  return {
    home: join(folder, 'server'),
    databaseUrl: null,
    personKeys: join(folder, 'person-keys'),
    acceptLostPersonKeys: false,
    personKeyBackupDays: 30,
    statementDays: 90,
    passphrase: randomBytes(16).toString('hex'),
    passphraseFile: join(folder, 'passphrase'),
    organization: 'Cordon',
    names: ['127.0.0.1', 'localhost'],
    bind: '127.0.0.1',
    devicePort: ports.device,
    publicPort: ports.public,
    admin: { bind: '127.0.0.1', port: ports.admin, names: [], tls: null, url: null, proxyFrom: [] },
    sessionIdleMinutes: 60,
    requirePasskeys: false,
    proxyFrom: ['127.0.0.1', '::1'],
    proxyRequired: [],
    ipDatabase: null,
    appeal: 'your administrator',
    operatorUrl: null,
    securityContact: null,
    mail: null,
    openid: null,
    largeShare: 10,
    witnesses: { settings: [], lateMinutes: 60 },
    privateReceivers: [],
    evidenceDays: 400,
    activityDays: 400,
    packageBandwidth: 0,
    dropNames: [],
    dropListeners: [],
    buildConsole: false,
    ntp: null,
    notifySocket: null,
    acceptClock: null,
    jumpDays: 30,
    backup: { recipient: null, scheduled: null },
    log: 'warn',
    ...given,
  };
}
