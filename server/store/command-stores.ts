import type { CommandStores } from '../commands/ports.ts';
import { CommandRequestStore } from './command-request-store.ts';
import { CommandStore } from './command-store.ts';
import type { Database } from './database.ts';
import { DeviceCommandStore } from './device-command-store.ts';
import { JobStore } from './job-store.ts';

export const commandStores = (database: Database): CommandStores => ({
  commands: new CommandStore(database),
  jobs: new JobStore(database),
  requests: new CommandRequestStore(database),
  devices: new DeviceCommandStore(database),
});
