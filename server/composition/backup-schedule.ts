/** Assembles the scheduled backups from the store, the keys and the settings. */
import { join } from 'node:path';
import type { Devices } from '../devices/devices.ts';
import { type IpDatabases, importedFile } from '../jurisdiction/ip-database.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { encodeKeyBackup } from '../person-keys/key-backup.ts';
import { createBackups } from '../recovery/backups.ts';
import { BackupRecords } from '../store/backup-records.ts';
import { SnapshotStore } from '../store/snapshot-store.ts';
import { VERSION } from '../version.ts';
import type { Foundation } from './foundation.ts';

export function createBackupSchedule(
  { config, database, keyFolder, authority, installation, personKeyFile, clock, log }: Foundation,
  {
    fleet: { devices, ipDatabases, ipFolder },
    ledger,
  }: {
    readonly fleet: {
      readonly devices: Pick<Devices, 'raiseAlert'>;
      readonly ipDatabases: Pick<IpDatabases, 'current'>;
      readonly ipFolder: string;
    };
    readonly ledger: Pick<Ledger, 'verifierKey'>;
  },
) {
  const records = new BackupRecords(database);
  return createBackups({
    keys: {
      content: () => {
        const identity = personKeyFile.identity();
        if (!identity) throw new Error('the key file of people has no identity');
        return encodeKeyBackup({ ...identity, at: Date.now() }, personKeyFile.all());
      },
      installation,
      record: (entry) => records.recordKeyBackup(entry),
      now: () => clock.now(),
    },
    settings: { ...config.backup, temporary: join(config.home, 'backup-downloads') },
    content: {
      store: new SnapshotStore(database),
      keyFolder,
      version: VERSION,
      authority: authority.fingerprint,
      ledgerKey: () => ledger.verifierKey,
      ipDatabase: () => importedFile(ipFolder, ipDatabases.current()),
      now: () => clock.now(),
    },
    records,
    raise: devices.raiseAlert,
    log,
  });
}
