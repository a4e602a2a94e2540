/**
 * Settings of policies that the system helper applies. Each request has the complete list. The helper compares it with its records and the
 * machine: it applies what is missing, makes again what others have changed, and reverses what no policy requires any more. The check of the
 * agent, with the rights of root, says whether the machine meets a setting.
 */
import {
  type AppliedSetting,
  type KeptChange,
  LONGEST_KEPT,
  SYSTEM_SETTINGS,
  type SystemSetting,
  type SystemSettings,
} from '../../../shared/policy/system-settings.ts';
import type { MachinePolicy } from '../machine-policy.ts';
import { HelperRefusal, LONGEST_DETAIL } from '../requests.ts';
import { contradictionsIn } from './contradictions.ts';
import type { PartNote, SettingPart, SettingParts } from './setting-part.ts';
import type { SettingRecord, SettingRecords } from './setting-records.ts';

export interface SettingsPorts {
  readonly parts: SettingParts;
  readonly records: SettingRecords;
  readonly policy: Pick<MachinePolicy, 'settings'>;
  /** Checks the machine now. */
  readonly check: (setting: SystemSetting, value: unknown) => Promise<AppliedSetting['check']>;
  readonly now: () => number;
  readonly log: (text: string) => void;
}

export interface SettingsResult {
  readonly settings: AppliedSetting[];
  /** Changes that the machine keeps after the end of a policy. */
  readonly kept: KeptChange[];
}

export interface AppliedSettings {
  /** Applies the complete list. Requests follow each other. */
  apply(wanted: SystemSettings): Promise<SettingsResult>;
  /** Applies again what a restart of the machine has ended. Call once, at the start. */
  restore(): Promise<void>;
  /** Resolves when no request runs. */
  idle(): Promise<void>;
}

/** Milliseconds between two attempts to apply a value that could not be applied. */
const RETRY_AFTER = 15 * 60_000;

type Result = Omit<AppliedSetting, 'setting'>;
interface Attempt {
  readonly value: string;
  readonly at: number;
  readonly result: Pick<Result, 'outcome' | 'detail'>;
}

const NOT_PERMITTED = (setting: SystemSetting) =>
  `The owner of the device does not permit this change. The owner can add "${setting}" to "settings" in system.json and restart cordon-agent-system.`;

const HIDDEN: AppliedSetting['check'] = {
  status: 'unknown',
  detail: 'The system helper looks only at files that the owner of the device permits.',
};

export function createSettings(ports: SettingsPorts): AppliedSettings {
  const { parts, records, policy, log } = ports;
  /** For each setting, the last attempt to apply it after which the machine still did not meet the setting. */
  const unsuccessful = new Map<SystemSetting, Attempt>();
  let kept: SettingsResult['kept'] = [];
  let last: Promise<unknown> = Promise.resolve();

  // A part and its value belong to the same setting. The schema of the request has parsed the value.
  const partOf = (setting: SystemSetting) => parts[setting] as SettingPart<unknown>;

  /** Checks what the machine's owner permits the helper to look at. The result is the same, whatever a hidden file contains. */
  async function check(setting: SystemSetting, value: unknown): Promise<AppliedSetting['check']> {
    const { visible } = partOf(setting);
    if (visible === undefined) return ports.check(setting, value);
    if (!policy.settings.includes(setting)) return HIDDEN;
    const seen = visible(value);
    const isWhole = JSON.stringify(seen) === JSON.stringify(value);
    const found = await ports.check(setting, seen);
    return isWhole || found.status === 'not-met' ? found : HIDDEN;
  }

  function noteOf(setting: SystemSetting): PartNote {
    return {
      get value() {
        return records.read(setting)?.note ?? null;
      },
      save(value) {
        const record = records.read(setting);
        if (record) records.write({ ...record, note: value as SettingRecord['note'] });
      },
    };
  }

  const tellOf = (setting: SystemSetting) => (sentence: string) => {
    kept.push({ setting, detail: sentence.slice(0, LONGEST_KEPT) });
    log(`${setting}: ${sentence}`);
  };

  async function reverse(setting: SystemSetting): Promise<void> {
    const record = records.read(setting);
    unsuccessful.delete(setting);
    if (!record) return;
    try {
      await partOf(setting).revert(record.note, tellOf(setting));
      records.remove(setting);
      log(`${setting}: reversed`);
    } catch (error) {
      // The record stays, so that the next request tries again.
      log(`${setting}: could not be reversed. ${messageOf(error)}`);
    }
  }

  async function applyOne(setting: SystemSetting, value: unknown): Promise<Result> {
    const part = partOf(setting);
    if (!policy.settings.includes(setting)) {
      await reverse(setting);
      return { outcome: 'not-permitted', detail: NOT_PERMITTED(setting), check: await check(setting, value) };
    }
    const record = records.read(setting);
    const before = await check(setting, value);
    if (!record && before.status === 'met') return { outcome: 'not-needed', detail: '', check: before };
    const text = JSON.stringify(value);
    const isSame = record?.complete === true && record.value === text;
    const isIntact = isSame && (await intact(part, value, record.note));
    if (isIntact && before.status === 'met') {
      unsuccessful.delete(setting);
      return { outcome: 'applied', detail: '', check: before };
    }
    const attempt = unsuccessful.get(setting);
    if (attempt?.value === text && ports.now() - attempt.at < RETRY_AFTER) return { ...attempt.result, check: before };
    const result = await attemptOne(setting, value, isSame && !isIntact ? 'repaired' : 'applied');
    const after = await check(setting, value);
    if (result.outcome === 'failed' || result.outcome === 'not-supported' || after.status !== 'met') {
      const outcome = result.outcome === 'repaired' ? 'applied' : result.outcome;
      unsuccessful.set(setting, { value: text, at: ports.now(), result: { ...result, outcome } });
    } else unsuccessful.delete(setting);
    log(`${setting}: ${result.outcome}. ${result.detail}`);
    return { ...result, check: after };
  }

  async function attemptOne(
    setting: SystemSetting,
    value: unknown,
    outcome: 'applied' | 'repaired',
  ): Promise<Attempt['result']> {
    const earlier = records.read(setting);
    records.write({ setting, value: JSON.stringify(value), complete: false, note: earlier?.note ?? null });
    try {
      await partOf(setting).apply(value, noteOf(setting), tellOf(setting));
      const record = records.read(setting);
      if (record) records.write({ ...record, complete: true });
      return { outcome, detail: '' };
    } catch (error) {
      const detail = messageOf(error).slice(0, LONGEST_DETAIL);
      const code = error instanceof HelperRefusal ? error.code : 'failed';
      if (code === 'not_permitted') return { outcome: 'not-permitted', detail };
      if (code !== 'not_supported') return { outcome: 'failed', detail };
      // A part finds out that a program is missing before it changes anything, so there is nothing to reverse.
      if (!earlier) records.remove(setting);
      return { outcome: 'not-supported', detail };
    }
  }

  async function applyAll(wanted: SystemSettings): Promise<SettingsResult> {
    kept = [];
    const results: AppliedSetting[] = [];
    for (const setting of SYSTEM_SETTINGS) if (wanted[setting] === undefined) await reverse(setting);
    const contradictions = contradictionsIn(wanted);
    for (const setting of SYSTEM_SETTINGS) {
      const value = wanted[setting];
      if (value === undefined) continue;
      const contradiction = contradictions.get(setting);
      const result: Result =
        contradiction === undefined
          ? await applyOne(setting, value)
          : { outcome: 'failed', detail: contradiction, check: await check(setting, value) };
      results.push({ setting, ...result });
    }
    return { settings: results, kept };
  }

  return {
    apply(wanted) {
      const response = last.then(() => applyAll(wanted));
      last = response.catch(() => undefined);
      return response;
    },
    async restore() {
      for (const { setting, value, complete } of records.all()) {
        if (!complete || partOf(setting).isVolatile !== true || !policy.settings.includes(setting)) continue;
        const { outcome, detail } = await attemptOne(setting, JSON.parse(value), 'applied');
        log(`${setting}: ${outcome} again after the start. ${detail}`);
      }
    },
    idle: async () => {
      await last;
    },
  };
}

/** A part that cannot compare, for example because a certificate is unreadable, has not applied the value. */
async function intact(part: SettingPart<unknown>, value: unknown, note: unknown): Promise<boolean> {
  try {
    return await part.isApplied(value, note);
  } catch (error) {
    if (error instanceof HelperRefusal) return false;
    throw error;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
