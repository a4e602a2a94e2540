import type { CommandKind } from '../protocol/command-kinds.ts';

/** Names of the kinds of commands in the console. The search for jobs also compares them. */
export const COMMAND_NAMES: Readonly<Record<CommandKind, string>> = {
  message: 'Show message',
  'lock-workspace': 'Lock workspace',
  'unlock-workspace': 'Unlock workspace',
  'refresh-inventory': 'Refresh inventory',
  'restart-agent': 'Restart agent',
  'restart-device': 'Restart device',
  'shut-down-device': 'Shut down device',
  'collect-logs': 'Collect log',
  'push-file': 'Send file',
  'fetch-file': 'Fetch file',
  'run-script': 'Run script',
  'change-software': 'Change software',
  'roll-back-software': 'Roll back software',
  'install-package': 'Install own package',
  'update-os': 'Update operating system',
  'wipe-workspace': 'Wipe workspace',
  unenroll: 'Unenroll device',
};
