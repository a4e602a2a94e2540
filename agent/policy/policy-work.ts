/**
 * Policy of the device. The agent stores the effective policy, checks it after a change and every few minutes, and reports changed results.
 * Checks run offline too: their reports wait in the outbox.
 */
import { Loop } from '../../shared/loops/loop.ts';
import type { SettingId } from '../../shared/policy/catalog.ts';
import type { CheckResult } from '../../shared/policy/check-results.ts';
import { managedFilesSchema } from '../../shared/policy/managed-files.ts';
import { type PasscodeSetting, passcodeSettingSchema } from '../../shared/policy/passcode-setting.ts';
import type { ServerFrame } from '../../shared/protocol/frames.ts';
import type { ReportItem } from '../../shared/protocol/report-item.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Location } from '../../shared/verdict/terms.ts';
import { AGENT_VERSION } from '../version.ts';
import type { AskSystemHelper } from '../work/system-helper-client.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { AgentUpdate } from './agent-update.ts';
import { createSettingApplication } from './applied-settings.ts';
import {
  agentChecks,
  type CheckOutcome,
  type Checks,
  type ChecksOfRound,
  type ReceivedSetting,
  runChecks,
} from './checks.ts';
import type { ManagedFiles } from './managed-files.ts';
import { createOfflineLimit, type OfflineStore } from './offline-limit.ts';

export interface StoredPolicy {
  readonly digest: string;
  readonly settings: readonly ReceivedSetting[];
}

/** Compliance as the server last stated it. */
export interface ComplianceNotice {
  readonly state: string;
  readonly failing: readonly string[];
  readonly countdown: readonly { readonly action: string; readonly at: number }[];
  /**
   * Actions of the policy that are in effect because the device does not comply. Absent in a notice that an earlier version of the agent
   * stored.
   */
  readonly taken?: readonly { readonly action: string; readonly at: number }[] | undefined;
}

/** Last results, and the time of their last report. `generation`: enrollment that the report belongs to. */
export interface ReportedResults {
  readonly generation: number;
  readonly digest: string;
  readonly results: readonly CheckResult[];
  readonly at: number;
}

export interface PolicyStore extends OfflineStore {
  generation(): number;
  policy(): StoredPolicy | null;
  savePolicy(policy: StoredPolicy): void;
  compliance(): ComplianceNotice | null;
  saveCompliance(notice: ComplianceNotice): void;
  reportedResults(): ReportedResults | null;
  /** Stores the report about a repaired setting or a kept change. */
  reportChange(report: ReportItem): void;
  /** Stores the results and their report in one transaction. An earlier report that the server has not confirmed is dropped. */
  reportResults(results: ReportedResults, report: ReportItem): void;
}

/** State of the policy, as the agent shows it to the user. */
export interface PolicyView {
  readonly settings: readonly (ReceivedSetting & Partial<Pick<CheckResult, 'status' | 'detail' | 'applied'>>)[];
  readonly compliance: ComplianceNotice | null;
}

export interface LogLevelPort {
  get(): string;
  /** Sets the log level of the agent. Null restores the level of the configuration. */
  set(level: string | null): void;
}

export interface IdleLimitPort {
  get(): number | null;
  /** Minutes without input after which the device page closes; null for no limit. */
  set(minutes: number | null): void;
}

export interface PolicyWorkPorts {
  readonly store: PolicyStore;
  /** Checks of the machine; undefined in simulations. */
  readonly machineChecks?: (() => Promise<ChecksOfRound>) | undefined;
  readonly logLevel?: LogLevelPort | undefined;
  /** Idle limit of the device page; absent in simulations. */
  readonly idleLimit?: IdleLimitPort | undefined;
  /** Files that policies manage; absent in simulations and on platforms without them. */
  readonly managedFiles?: ManagedFiles | undefined;
  /** Requests to the system helper; undefined in simulations. */
  readonly askHelper?: AskSystemHelper | undefined;
  /** Update channel of the agent; undefined in simulations. `onProgress`: requests another round of checks. */
  readonly agentUpdate?: ((onProgress: () => void) => AgentUpdate) | undefined;
  readonly isConnected: () => boolean;
  readonly location: () => Location;
  readonly workspace: Pick<Workspace, 'state' | 'lock'>;
  readonly checkPasscode: (required: PasscodeSetting) => Promise<CheckOutcome>;
  /** Device clock, which a user cannot set back. */
  readonly now: () => Instant;
  readonly isInContact: () => boolean;
  readonly onReport: () => void;
  readonly onChange: () => void;
  readonly onFailure: (error: unknown) => void;
}

export interface PolicyWork {
  /** Digest of the stored policy, for the frame `hello`; empty without a policy. */
  digest(): string;
  receive(frame: Extract<ServerFrame, { kind: 'policy' | 'compliance' }>): void;
  /** Applies the stored policy after the start of the agent. */
  start(): void;
  /** Checks again if the last round is some minutes old, and locks the workspace at its offline limit. */
  maintain(): Promise<void>;
  /** Takes the newest share of an unlock command for the next lock at the offline limit. */
  unlocked(shares: readonly string[]): void;
  /** Passcode of the workspace that the policy requires; null if it requires none. */
  passcode(): PasscodeSetting | null;
  /** Checks at once. Resolves after the round. */
  check(): Promise<void>;
  view(): PolicyView;
  /** Time since which the policy restricts messaging and mail; null while it restricts nothing. */
  restrictedSince(): number | null;
  /** Reverses the settings that the system helper has applied. For the end of the enrollment; no round applies settings afterward. */
  release(): Promise<void>;
  stop(): Promise<void>;
}

const CHECK_EVERY = 5 * 60_000;
/** Unchanged results are reported once a day, so that admins see that the device still checks. */
const REPORT_EVERY = 24 * 3_600_000;

export function createPolicyWork(ports: PolicyWorkPorts): PolicyWork {
  const { store, logLevel, idleLimit } = ports;
  let lastRound = 0;
  let ofRound: ChecksOfRound | null = null;
  /**
   * True after the device received a policy. The results must then be reported again, because the server may have ignored results for the
   * earlier policy.
   */
  let mustReport = false;
  // The value is kept in memory, because the agent needs it for each message.
  let restrictedSince = restrictionOf(store.compliance());
  const offline = createOfflineLimit(ports);
  const numberOf = (id: SettingId): number | null => {
    const value = Number(store.policy()?.settings.find(({ setting }) => setting === id)?.value);
    return Number.isInteger(value) && value > 0 ? value : null;
  };
  const offlineHours = () => numberOf('workspace.offline-hours');
  const own = agentChecks({
    offline: offline.check,
    passcode: ports.checkPasscode,
    location: ports.location,
    // Version of the agent, without the name of the program before it.
    version: AGENT_VERSION.slice(AGENT_VERSION.lastIndexOf('/') + 1),
    logLevel: () => logLevel?.get() ?? null,
    idleLimit,
  });

  const loop = new Loop({
    async run() {
      lastRound = Date.now();
      const policy = store.policy();
      const fileChecks = await applyFiles(policy?.settings ?? []);
      await application.apply(policy?.settings ?? []);
      await agentUpdate?.work(policy?.settings ?? []);
      if (!policy || policy.digest === '') return;
      ofRound ??= ports.machineChecks === undefined ? () => ({}) : await ports.machineChecks();
      const channel: Checks = agentUpdate ? { 'agent.update-channel': agentUpdate.check } : {};
      const checks = { ...ofRound(), ...own, ...fileChecks, ...channel };
      const checked = (await runChecks(policy.settings, checks, process.platform)).map(application.complete);
      const results = agentUpdate ? checked.map(agentUpdate.complete) : checked;
      // A newer policy may have arrived during the checks. Its own round follows.
      if (store.policy()?.digest === policy.digest) report(policy.digest, results);
    },
    failed: ports.onFailure,
  });

  const agentUpdate = ports.agentUpdate?.(() => loop.request());
  const application = createSettingApplication({
    ask: ports.askHelper,
    onLate: () => loop.request(),
    onRepair(setting) {
      store.reportChange({ type: 'setting-repaired', setting, at: Date.now() });
      ports.onReport();
    },
    onKept({ setting, detail }) {
      store.reportChange({ type: 'change-kept', setting, detail, at: Date.now() });
      ports.onReport();
    },
  });

  /** Writes and restores files, and returns the check of the result. */
  async function applyFiles(settings: readonly ReceivedSetting[]): Promise<Checks> {
    const { managedFiles } = ports;
    if (!managedFiles) return {};
    const value = settings.find(({ setting }) => setting === 'files.content')?.value;
    // A newer server may send the setting in a form that this version does not know. The agent then changes nothing, and its check result
    // says so.
    const files = value === undefined ? [] : (managedFilesSchema.safeParse(JSON.parse(value)).data ?? null);
    const failures = files === null ? new Map<string, string>() : await managedFiles.apply(files);
    return { 'files.content': (wanted) => managedFiles.check(wanted, failures) };
  }

  function report(digest: string, results: readonly CheckResult[]): void {
    const now = Date.now();
    const before = store.reportedResults();
    const generation = store.generation();
    const isSame =
      before?.generation === generation &&
      before.digest === digest &&
      JSON.stringify(before.results) === JSON.stringify(results);
    if (!mustReport && isSame && now - before.at < REPORT_EVERY && now >= before.at) return;
    mustReport = false;
    const item: ReportItem = { type: 'policy', report: { digest, at: now, results: [...results] } };
    store.reportResults({ generation, digest, results, at: now }, item);
    ports.onReport();
    ports.onChange();
  }

  function save(notice: ComplianceNotice): void {
    store.saveCompliance(notice);
    restrictedSince = restrictionOf(notice);
  }

  function apply(): void {
    const level = store.policy()?.settings.find(({ setting }) => setting === 'agent.log-level');
    logLevel?.set(levelOf(level?.value));
    idleLimit?.set(numberOf('page.idle-minutes'));
  }

  return {
    digest: () => store.policy()?.digest ?? '',
    receive(frame) {
      if (frame.kind === 'policy') {
        store.savePolicy({ digest: frame.digest, settings: frame.settings });
        // Without a policy, the server sends no compliance.
        if (frame.settings.length === 0) save({ state: 'no-policy', failing: [], countdown: [], taken: [] });
        offline.keep(frame.share);
        apply();
        mustReport = true;
        loop.request();
      } else {
        const { state, failing, countdown, taken } = frame;
        save({ state, failing, countdown, taken });
      }
      ports.onChange();
    },
    start() {
      apply();
      loop.request();
    },
    async maintain() {
      // The helper returns to the former version if the agent does not tell it in time that it is connected.
      const mustConfirm = agentUpdate?.waits() === true && ports.isConnected();
      if (mustConfirm || Date.now() - lastRound >= CHECK_EVERY || Date.now() < lastRound) loop.request();
      if (!(await offline.work(offlineHours()))) return;
      ports.onReport();
      ports.onChange();
    },
    unlocked(shares) {
      if (offlineHours() !== null) offline.keep(shares[0]);
    },
    passcode() {
      const value = store.policy()?.settings.find(({ setting }) => setting === 'workspace.passcode')?.value;
      return value === undefined ? null : (passcodeSettingSchema.safeParse(JSON.parse(value)).data ?? null);
    },
    check: () => loop.run(),
    view() {
      const policy = store.policy();
      const reported = store.reportedResults();
      const results = reported?.digest === policy?.digest ? (reported?.results ?? []) : [];
      const settings = policy?.settings ?? [];
      return {
        settings: settings.map((each) => ({ ...each, ...results.find(({ setting }) => setting === each.setting) })),
        compliance: settings.length === 0 ? null : store.compliance(),
      };
    },
    restrictedSince: () => restrictedSince,
    release: () => application.release(),
    stop() {
      application.stop();
      agentUpdate?.stop();
      return loop.stop();
    },
  };
}

const restrictionOf = (notice: ComplianceNotice | null): number | null =>
  notice?.taken?.find(({ action }) => action === 'restrict-services')?.at ?? null;

/**
 * Log level in the value of a setting; null for a value that this version does not know. The check then reports the setting as not
 * supported.
 */
function levelOf(value: string | undefined): string | null {
  const level = value?.replaceAll('"', '');
  return level !== undefined && ['debug', 'info', 'warn', 'error'].includes(level) ? level : null;
}
