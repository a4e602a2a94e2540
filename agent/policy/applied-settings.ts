/**
 * Settings that the system helper applies for the agent (ADR 79). The agent sends the complete list in each round of checks, also an empty
 * one, so that the helper reverses what no policy requires any more. The helper decides what to do, and how often it tries.
 */
import type { CheckResult } from '../../shared/policy/check-results.ts';
import { isOfUser } from '../../shared/policy/managed-files.ts';
import {
  type AppliedSetting,
  isSystemSetting,
  type KeptChange,
  type SystemSetting,
  systemSettingsSchema,
} from '../../shared/policy/system-settings.ts';
import type { HelperResponse } from '../system-helper/requests.ts';
import { type AskSystemHelper, HelperAbsent } from '../work/system-helper-client.ts';
import { LONGEST_DETAIL, type ReceivedSetting } from './checks.ts';

export interface SettingApplication {
  /**
   * Asks the helper to apply the settings. Resolves after the response, or after `patience` milliseconds. The agent calls `onLate` when a
   * late response arrives.
   */
  apply(settings: readonly ReceivedSetting[]): Promise<void>;
  /** Adds to a check result whether the device has applied the setting, or why it has not. */
  complete(result: CheckResult): CheckResult;
  /** Reverses all settings at the end of the enrollment. Never rejects. */
  release(): Promise<void>;
  stop(): void;
}

export interface SettingApplicationPorts {
  /** Function that asks the system helper; undefined in simulations. */
  readonly ask: AskSystemHelper | undefined;
  readonly onRepair: (setting: SystemSetting) => void;
  /** The device keeps a change after the end of a policy, such as installed software. */
  readonly onKept: (change: KeptChange) => void;
  readonly onLate: () => void;
  /** Milliseconds for which a round of checks waits for the helper. An installation takes longer. */
  readonly patience?: number | undefined;
}

const PATIENCE = 60_000;
/** Milliseconds between two reports about the repair of one setting. */
const REPAIR_REPORT_EVERY = 3_600_000;

const NO_HELPER = 'The device cannot change this itself, because the system helper is not installed.';
const RUNNING = 'The device is changing its settings.';

export function createSettingApplication({
  ask,
  onRepair,
  onKept,
  onLate,
  patience = PATIENCE,
}: SettingApplicationPorts): SettingApplication {
  let applied: readonly AppliedSetting[] = [];
  /** Reason why there is no response of the helper. */
  let problem = '';
  let running: Promise<void> | null = null;
  let isLate = false;
  let isReleased = false;
  /** True if the policy has files of the agent's user, which the helper does not check. */
  let hasOwnFiles = false;
  let endWait = (): void => undefined;
  const stopped = new Promise<void>((resolve) => {
    endWait = resolve;
  });
  const reportedAt = new Map<SystemSetting, number>();

  function take(response: HelperResponse): void {
    if (response.outcome !== 'settings') {
      applied = [];
      problem =
        `The system helper refused the settings. ${response.outcome === 'failed' ? response.detail : ''}`.trim();
      return;
    }
    applied = response.settings;
    problem = '';
    // The server takes no reports of a device whose enrollment ends.
    if (!isReleased) for (const each of response.kept ?? []) onKept(each);
    for (const { setting, outcome } of applied) {
      const before = reportedAt.get(setting);
      if (outcome !== 'repaired' || (before !== undefined && Date.now() - before < REPAIR_REPORT_EVERY)) continue;
      reportedAt.set(setting, Date.now());
      onRepair(setting);
    }
  }

  async function request(settings: readonly ReceivedSetting[]): Promise<void> {
    if (!ask) return;
    try {
      const wanted = systemSettingsOf(settings);
      hasOwnFiles = settings.some(({ setting, value }) => setting === 'files.content' && /"~\//.test(value));
      take(await ask({ op: 'apply-settings', settings: wanted }));
    } catch (error) {
      applied = [];
      problem = error instanceof HelperAbsent ? NO_HELPER : `The system helper did not answer: ${String(error)}.`;
    }
  }

  return {
    async apply(settings) {
      if (!ask || isReleased) return;
      // A request that runs may have an older list. Its end starts another round.
      running ??= request(settings).finally(() => {
        running = null;
      });
      const current = running;
      const cancel = new AbortController();
      isLate = await Promise.race([
        current.then(() => false),
        stopped.then(() => false),
        waited(patience, cancel.signal).then(() => true),
      ]);
      cancel.abort();
      if (isLate) void current.then(onLate);
    },
    complete(result) {
      if (!ask || !isSystemSetting(result.setting)) return result;
      const found = applied.find(({ setting }) => setting === result.setting);
      const note = isLate ? RUNNING : (found?.detail ?? problem);
      if (!found) return result.status === 'met' ? result : withNote(result, note);
      // Only root can read some settings. The check of the helper is the same code with the rights of root.
      const isReadable = result.status !== 'unknown' || (result.setting === 'files.content' && hasOwnFiles);
      const { status, detail } = isReadable ? result : found.check;
      const isApplied = found.outcome === 'applied' || found.outcome === 'repaired';
      const checked = { ...result, status, detail, ...(isApplied && { applied: true as const }) };
      return status === 'met' ? checked : withNote(checked, note);
    },
    async release() {
      isReleased = true;
      await request([]);
    },
    stop: endWait,
  };
}

/** Values of the settings that the helper applies. A value that this version does not know is left out, so it is not applied. */
function systemSettingsOf(settings: readonly ReceivedSetting[]) {
  const known = settings.flatMap(({ setting, value }) => {
    if (!isSystemSetting(setting)) return [];
    const { success, data } = systemSettingsSchema.shape[setting].safeParse(JSON.parse(value));
    return success ? [[setting, data] as const] : [];
  });
  const { 'files.content': files = [], ...others } = systemSettingsSchema.parse(Object.fromEntries(known));
  // The agent writes files of its own user itself.
  const ofSystem = files.filter((file) => !isOfUser(file));
  return ofSystem.length === 0 ? others : { ...others, 'files.content': ofSystem };
}

const withNote = (result: CheckResult, note: string): CheckResult => ({
  ...result,
  detail: `${result.detail} ${note}`.trim().slice(0, LONGEST_DETAIL),
});

/** Resolves after the given number of milliseconds, or when the signal is aborted. */
function waited(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds).unref();
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
