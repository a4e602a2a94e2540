/**
 * Table of commands: the help line of each command and the module that defines it. The program loads only the module of the command that
 * runs, because loading all modules takes seconds.
 */
import type { Command } from 'commander';
import type { Cli } from './cli.ts';

/** Adds options, arguments and subcommands to existing commands of `program`, which `commandOf` finds by name. */
type Definition = (program: Command, cli: Cli) => void;

export interface CommandGroup {
  readonly commands: Readonly<Record<string, string>>;
  readonly load: () => Promise<Definition>;
}

export const COMMAND_GROUPS: readonly CommandGroup[] = [
  {
    commands: {
      setup: 'Create your account from an invitation link: set a password and an authenticator app',
      'sign-in': 'Sign in. The session is stored in ~/.config/cordon/cli.json',
      'sign-out': 'Sign out and delete the stored session',
    },
    load: async () => (await import('./sign-in-commands.ts')).addSignInCommands,
  },
  {
    commands: { accounts: 'Manage admin accounts and their roles' },
    load: async () => (await import('./account-commands.ts')).addAccountCommands,
  },
  {
    commands: { roles: 'Manage custom roles, and list the rights that roles can have' },
    load: async () => (await import('./role-commands.ts')).addRoleCommands,
  },
  {
    commands: { sessions: 'List and end sign-in sessions', tokens: 'Manage API tokens for scripts' },
    load: async () => (await import('./session-commands.ts')).addSessionCommands,
  },
  {
    commands: { passkeys: 'List and remove your passkeys' },
    load: async () => (await import('./passkey-commands.ts')).addPasskeyCommands,
  },
  {
    commands: { address: 'Verify the e-mail address of your account' },
    load: async () => (await import('./address-commands.ts')).addAddressCommands,
  },
  {
    commands: { people: 'Manage people: device users and account holders' },
    load: async () => (await import('./people-commands.ts')).addPeopleCommands,
  },
  {
    commands: { groups: 'Manage groups of devices and people' },
    load: async () => (await import('./group-commands.ts')).addGroupCommands,
  },
  {
    commands: { policies: 'Manage policies: the desired settings of devices, by group' },
    load: async () => (await import('./policy-commands.ts')).addPolicyCommands,
  },
  {
    commands: { scripts: 'Manage scripts: write, review and run them on devices' },
    load: async () => (await import('./script-commands.ts')).addScriptCommands,
  },
  {
    commands: { packages: 'Install, update, remove and roll back software on devices' },
    load: async () => (await import('./package-commands.ts')).addPackageCommands,
  },
  {
    commands: { files: 'Send files to the workspaces of devices, and fetch files from them' },
    load: async () => (await import('./file-commands.ts')).addFileCommands,
  },
  {
    commands: { compliance: 'Show the compliance of devices with their policies' },
    load: async () => (await import('./compliance-commands.ts')).addComplianceCommands,
  },
  {
    commands: { codes: 'Manage activation codes. Each code enrolls one device' },
    load: async () => (await import('./code-commands.ts')).addCodeCommands,
  },
  {
    commands: { devices: 'Manage enrolled devices' },
    load: async () => (await import('./device-commands.ts')).addDeviceCommands,
  },
  {
    commands: { commands: 'Send commands to devices' },
    load: async () => (await import('./command-commands.ts')).addCommandCommands,
  },
  {
    commands: {
      software: 'Search the software of the fleet, import advisories, and choose what devices report',
    },
    load: async () => (await import('./software-commands.ts')).addSoftwareCommands,
  },
  {
    commands: { jobs: 'Find and control jobs: commands to many devices' },
    load: async () => (await import('./job-commands.ts')).addJobCommands,
  },
  {
    commands: { query: 'Ask connected devices about processes, services, open ports and files' },
    load: async () => (await import('./query-commands.ts')).addQueryCommands,
  },
  {
    commands: { 'lost-mode': 'Start and end lost mode of a device, and show its positions' },
    load: async () => (await import('./lost-mode-commands.ts')).addLostModeCommands,
  },
  {
    commands: { alerts: 'List and acknowledge alerts, newest first. Repeated alerts of one day are one entry' },
    load: async () => (await import('./alert-commands.ts')).addAlertCommands,
  },
  {
    commands: { actions: "Confirm or decline other admins' destructive actions" },
    load: async () => (await import('./action-commands.ts')).addActionCommands,
  },
  {
    commands: { explain: 'Explain where a device was at a given time and which services it had' },
    load: async () => (await import('./explain-command.ts')).addExplainCommand,
  },
  {
    commands: { key: 'Manage your approver key. The server never receives the private key' },
    load: async () => (await import('./key-commands.ts')).addKeyCommands,
  },
  {
    commands: { approvers: 'Manage the approver set: the people whose signatures adopt orders' },
    load: async () => (await import('./approver-commands.ts')).addApproverCommands,
  },
  {
    commands: { disclosures: 'Answer requests of authorities for the records of one account' },
    load: async () => (await import('./disclosure-commands.ts')).addDisclosureCommands,
  },
  {
    commands: { authorities: 'Manage the verified keys of authorities' },
    load: async () => (await import('./authority-commands.ts')).addAuthorityCommands,
  },
  {
    commands: { transparency: 'Show the transparency report, and renew its signed statement' },
    load: async () => (await import('./transparency-commands.ts')).addTransparencyCommands,
  },
  {
    commands: { 'org-key': 'Manage the organization key, which verifies devices for conversations' },
    load: async () => (await import('./org-key-commands.ts')).addOrgKeyCommands,
  },
  {
    commands: { orders: 'Manage suspension orders' },
    load: async () => (await import('./order-commands.ts')).addOrderCommands,
  },
  {
    commands: {
      'public-root': 'Print the public key that auditors need to verify evidence packs',
      verify: 'Verify an evidence pack offline',
    },
    load: async () => (await import('./pack-commands.ts')).addPackCommands,
  },
  {
    commands: { notifications: 'Manage rules and channels of notifications, and show their deliveries' },
    load: async () => (await import('./notification-commands.ts')).addNotificationCommands,
  },
  {
    commands: { activity: 'List, export and verify the activity log: who did what' },
    load: async () => (await import('./activity-commands.ts')).addActivityCommands,
  },
  {
    commands: { ledger: 'Read, copy and verify the public ledger' },
    load: async () => (await import('./ledger-commands.ts')).addLedgerCommands,
  },
  {
    commands: {
      areas: 'Manage your own areas and the policies for disputed territories',
    },
    load: async () => (await import('./area-commands.ts')).addAreaCommands,
  },
  {
    commands: { mail: 'Show the state of the mail service' },
    load: async () => (await import('./mail-commands.ts')).addMailCommands,
  },
  {
    commands: { holds: 'Manage legal holds, which prevent deletion and wipes' },
    load: async () => (await import('./hold-commands.ts')).addHoldCommands,
  },
  {
    commands: {
      'time-correction': "Correct the time of devices after the server's clock was ahead",
    },
    load: async () => (await import('./time-correction-commands.ts')).addTimeCorrectionCommands,
  },
  {
    commands: { 'ip-database': 'Manage IP databases, which map IP addresses to countries' },
    load: async () => (await import('./ip-database-commands.ts')).addIpDatabaseCommands,
  },
  {
    commands: {
      backup: "Download an encrypted backup of the database and keys. Store the server's passphrase elsewhere",
    },
    load: async () => (await import('./backup-command.ts')).addBackupCommand,
  },
  {
    commands: {
      health: 'Show the state of the server',
      openapi: 'Print the OpenAPI description of the API as JSON',
    },
    load: async () => (await import('./server-commands.ts')).addServerCommands,
  },
  {
    commands: {
      'recover-owner': "Reset an owner's password and authenticator on the server. Stop the server first",
    },
    load: async () => (await import('./recover-owner-command.ts')).addRecoverOwnerCommand,
  },
  {
    commands: {
      'check-config': "Check the server's settings, files, database and ports on this machine",
    },
    load: async () => (await import('./check-config-command.ts')).addCheckConfigCommand,
  },
  {
    commands: {
      'mail-connector': 'Run the mail connector between your mail server and devices, on a machine of your own',
    },
    load: async () => (await import('./mail-connector-command.ts')).addMailConnectorCommand,
  },
  {
    commands: {
      restore: 'Restore a backup on this machine. Stop the server and set its environment variables first',
      'restore-person-keys': 'Restore the keys of people on this machine. Stop the server first',
      'accept-rollback':
        'Continue with a database that was set back outside of "cordon restore". Stop the server first',
    },
    load: async () => (await import('./restore-command.ts')).addRestoreCommand,
  },
  {
    commands: { recovery: 'Manage the recovery after a restore from a backup' },
    load: async () => (await import('./recovery-commands.ts')).addRecoveryCommands,
  },
];
