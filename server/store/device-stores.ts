import type { PersonSealer } from '../person-keys/person-keys.ts';
import { AlertStore } from './alert-store.ts';
import { CertificateStore } from './certificate-store.ts';
import type { Database } from './database.ts';
import { DeviceStore } from './device-store.ts';
import { DeviceViewStore } from './device-view-store.ts';
import { GroupStore } from './group-store.ts';
import { LifeCycleStore } from './life-cycle-store.ts';
import { PresenceStore } from './presence-store.ts';
import { StatementStore } from './statement-store.ts';

export const deviceStores = (database: Database, sealer: PersonSealer) => ({
  store: new DeviceStore(database),
  certificates: new CertificateStore(database),
  statements: new StatementStore(database),
  groups: new GroupStore(database),
  presence: new PresenceStore(database, sealer),
  alerts: new AlertStore(database),
  views: new DeviceViewStore(database),
  lifeCycle: new LifeCycleStore(database),
});
