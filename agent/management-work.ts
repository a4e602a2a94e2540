import { randomUUID } from 'node:crypto';
import type { ApproverSet } from '../shared/order/approvers.ts';
import type { DeviceFrame } from '../shared/protocol/frames.ts';
import type { Location } from '../shared/verdict/terms.ts';
import { type AdminMessages, createAdminMessages } from './admin-messages/admin-messages.ts';
import type { Agent, AgentOptions, AgentStatus } from './agent.ts';
import { type Commands, createCommands } from './commands/commands.ts';
import { createInventoryReport, type InventoryReporting } from './inventory/inventory-report.ts';
import type { DeviceListener } from './link/http.ts';
import type { Link } from './link/link.ts';
import type { SecureDial } from './link/tls.ts';
import { createLostModeWork, type LostModeWork } from './lost-mode/lost-mode.ts';
import { createPasscodeWork, type PasscodeWork } from './passcode/passcode-work.ts';
import { sendPasscodeShare } from './passcode/send-passcode-share.ts';
import { createAgentUpdate } from './policy/agent-update.ts';
import { installedAgent } from './policy/installed-agent.ts';
import { createPolicyWork, type PolicyWork } from './policy/policy-work.ts';
import type { DeviceStore } from './store/agent-store.ts';
import { collectLogs } from './work/collect-logs.ts';
import { createFileTransfers } from './work/file-transfers.ts';
import { createPackageDownload } from './work/package-download.ts';
import { createQueryWork, type QueryWork } from './work/query/answer-query.ts';
import { createScriptRunner } from './work/run-script.ts';
import { organizationFiles } from './workspace/organization-files.ts';

/** Work of one agent for the organization's admins: inventory, policy, messages and commands. A new kind of work belongs here. */
export interface ManagementWork {
  readonly inventory: InventoryReporting;
  readonly policy: PolicyWork;
  readonly commands: Commands;
  readonly query: QueryWork;
  readonly lostMode: LostModeWork;
  readonly passcode: PasscodeWork;
  readonly adminMessages: Agent['adminMessages'];
  readonly privacy: Agent['privacy'];
  readonly scripts: Agent['scripts'];
  /** State of the admins' decisions on this device, for the frame `hello`. */
  known(): Required<Pick<Extract<DeviceFrame, { kind: 'hello' }>, 'policy' | 'lostMode' | 'name'>>;
  view(): Pick<AgentStatus, 'policy' | 'lostMode' | 'displayName'>;
  /** Stores the display name; empty for none. */
  rename(name: string): void;
  readonly fetchedFiles: Agent['fetchedFiles'];
  start(): void;
  maintain(): Promise<void>;
  stop(): Promise<void>;
}

export interface ManagementWorkPorts extends DeviceListener {
  readonly options: Pick<
    AgentOptions,
    | 'workspace'
    | 'time'
    | 'connector'
    | 'inventory'
    | 'machineChecks'
    | 'readLiveQuery'
    | 'readLog'
    | 'logLevel'
    | 'idleLimit'
    | 'announceCollection'
    | 'announceLostMode'
    | 'sensors'
    | 'showAdminMessage'
    | 'scripts'
    | 'systemHelper'
    | 'updates'
    | 'power'
    | 'onRestart'
    | 'log'
  >;
  readonly store: DeviceStore;
  readonly isConnected: () => boolean;
  /** True while the server responds, even with a refusal of the device. */
  readonly isInContact: () => boolean;
  readonly send: Link['send'];
  /** Opens a TLS connection to the server with the device's certificate. */
  readonly secureDial: () => SecureDial;
  readonly location: () => Location;
  /** Approver set that the device has verified; null before the first one. */
  readonly approverSet: () => ApproverSet | null;
  /** Returns the device's time (`enforcement/device-clock.ts`). */
  readonly deviceNow: () => number;
  readonly tryStore: (work: () => void) => void;
  readonly onReport: () => void;
  /** Called after a command that may have changed the workspace. */
  readonly onWorkspaceChange: () => void;
  readonly onChange: () => void;
  /** Called when the restriction of services may have changed. */
  readonly onRestriction: () => void;
  readonly onUnenroll: () => void;
}

export function openManagementWork(ports: ManagementWorkPorts): ManagementWork {
  const { options, store, onReport, onChange } = ports;
  const failed = (what: string) => (error: unknown) =>
    options.log.warn(what, { error: error instanceof Error ? error.message : String(error) });

  const inventory = createInventoryReport({
    store,
    collect: options.inventory,
    isConnected: ports.isConnected,
    announce: options.announceCollection,
    onReport,
    onFailure: failed('the inventory could not be collected'),
  });
  const passcode = createPasscodeWork({
    workspace: options.workspace,
    store,
    required: () => (options.connector ? undefined : policy.passcode()),
    sendShare: (share) => sendPasscodeShare(ports, share),
    time: options.time,
    deviceNow: ports.deviceNow,
    onReport,
    onChange() {
      ports.onWorkspaceChange();
      onChange();
    },
    onChecked: () => void policy.check(),
    onFailure: failed('the workspace could not be locked'),
  });
  const download = (folder: string) =>
    createPackageDownload({ folder, dial: ports.secureDial, deviceUrl: ports.deviceUrl });
  const approverKeys = () => ports.approverSet()?.keys ?? [];
  const { systemHelper } = options;
  const policy: PolicyWork = createPolicyWork({
    ...options,
    checkPasscode: passcode.check,
    askHelper: systemHelper?.ask,
    agentUpdate:
      systemHelper &&
      ((onProgress) =>
        createAgentUpdate({
          ask: systemHelper.ask,
          // A folder of its own, because a download deletes other packages in its folder.
          download: download(`${systemHelper.packages}-of-channel`),
          approverKeys,
          installed: installedAgent,
          isConnected: ports.isConnected,
          instance: randomUUID(),
          onProgress,
        })),
    isConnected: ports.isConnected,
    store,
    location: ports.location,
    now: ports.deviceNow,
    isInContact: ports.isInContact,
    onReport,
    onChange: () => {
      passcode.changed();
      ports.onRestriction();
      onChange();
    },
    onFailure: failed('the policy could not be checked'),
  });
  const messages: AdminMessages = createAdminMessages({
    store,
    now: Date.now,
    desktop: options.showAdminMessage,
    onReport: () => {
      onReport();
      onChange();
    },
    onFailure: failed('an admin’s message could not be displayed on the desktop'),
  });
  const scripts = createScriptRunner({
    store,
    approverSet: ports.approverSet,
    isolation: options.scripts?.isolation ?? null,
    deviceNow: ports.deviceNow,
    onReport,
    onKept(record) {
      options.scripts?.announce(record);
      onChange();
    },
  });
  const commands = createCommands({
    store,
    scripts,
    updates: options.updates,
    power: options.power,
    software: systemHelper && { ask: systemHelper.ask, download: download(systemHelper.packages), approverKeys },
    workspace: options.workspace,
    reportInventory: () => inventory.refresh(),
    checkPolicy: policy.check,
    onUnlocked: policy.unlocked,
    files: createFileTransfers({
      files: organizationFiles(options.workspace),
      store,
      dial: ports.secureDial,
      deviceUrl: ports.deviceUrl,
      http: ports.http,
      now: ports.deviceNow,
    }),
    sendLog: (command) => collectLogs({ ...ports, readLog: options.readLog }, command),
    onRestart: options.onRestart,
    deviceNow: ports.deviceNow,
    onResult: () => {
      onReport();
      passcode.changed();
      ports.onWorkspaceChange();
      void messages.offerToDesktop();
      onChange();
    },
    onUnenroll() {
      void policy.release();
      ports.onUnenroll();
    },
    onFailure: failed('a command could not be carried out'),
  });

  const query = createQueryWork({
    store,
    read: options.readLiveQuery,
    send: ports.send,
    onFailure: failed('a live query could not be answered'),
  });

  const lostMode = createLostModeWork({
    store,
    sensors: options.sensors,
    send: ports.send,
    isConnected: ports.isConnected,
    deviceNow: ports.deviceNow,
    announce: options.announceLostMode,
    onReport,
    onChange,
    onFailure: failed('the position could not be reported'),
  });

  return {
    inventory,
    policy,
    commands,
    query,
    lostMode,
    passcode,
    adminMessages: {
      list: messages.list,
      displayed: (ids, on) => ports.tryStore(() => messages.displayed(ids, on)),
    },
    privacy: {
      view: () => inventory.privacy(store.receivedQueries()),
      displayed: () => inventory.displayed(),
    },
    fetchedFiles: store.fetchedFiles,
    scripts: () => ({ setting: options.scripts?.setting ?? 'off', scripts: scripts.list() }),
    known: () => ({
      policy: policy.digest(),
      lostMode: store.lostMode()?.id ?? '',
      name: store.displayName(),
    }),
    view: () => ({
      policy: policy.view(),
      lostMode: lostMode.current(),
      displayName: store.displayName() || null,
    }),
    rename(name) {
      store.saveDisplayName(name);
      onChange();
    },
    start() {
      void commands.work();
      policy.start();
      passcode.changed();
      lostMode.start();
    },
    async maintain() {
      // A user may have signed in since the last attempt, so the agent tries again to display unseen messages.
      await messages.offerToDesktop();
      await inventory.maintain();
      await policy.maintain();
      await passcode.maintain();
      await lostMode.maintain();
    },
    async stop() {
      passcode.stop();
      await Promise.all([policy.stop(), commands.stop()]);
    },
  };
}
