/** Part of the system helper for one setting: it applies the setting on the machine, and reverses it. */
import type { SystemSettings } from '../../../shared/policy/system-settings.ts';
import { isProgramMissing } from '../program-missing.ts';
import { HelperRefusal } from '../requests.ts';
import type { RunTool } from '../run-tool.ts';

/** Facts that a part needs to recognize or reverse its own change. JSON, and null before the first change. */
export interface PartNote {
  readonly value: unknown;
  /** Stores the note durably. A part stores a fact before the change that makes the fact necessary. */
  save(value: unknown): void;
}

/** Reports a change that the machine keeps after the end of a policy, as a sentence for the history of the device. */
export type Tell = (sentence: string) => void;

export interface SettingPart<Value> {
  /**
   * Part of the value that the helper may look at with the rights of root, decided without a look at the machine. Absent if the check of the
   * setting reads nothing that the value chooses.
   */
  visible?(value: Value): unknown;
  /** True if the machine has exactly what `apply` makes for this value. */
  isApplied(value: Value, note: unknown): Promise<boolean>;
  /** Makes the setting. May run again after a crash. Throws `HelperRefusal` with the reason of a failure. */
  apply(value: Value, note: PartNote, tell: Tell): Promise<void>;
  /** Undoes what `apply` made, also if a crash interrupted it. Does nothing if nothing is left. */
  revert(note: unknown, tell: Tell): Promise<void>;
  /** True if a restart of the machine ends the effect, so that the helper applies the setting again at its start. */
  readonly isVolatile?: boolean;
}

export type SettingParts = { readonly [Id in keyof SystemSettings]-?: SettingPart<NonNullable<SystemSettings[Id]>> };

const MINUTE = 60_000;

/** Runs a program that a setting needs. Throws `not_supported` if it is missing, and `failed` if it fails. Returns its output. */
export async function runNeeded(run: RunTool, program: string, ...args: string[]): Promise<string> {
  try {
    const { code, out, tail } = await run(program, args, { within: MINUTE });
    if (code === 0) return out;
    throw new HelperRefusal('failed', `${program} failed. ${tail.trim().split('\n').slice(-3).join(' ')}`);
  } catch (error) {
    if (!isProgramMissing(error)) throw error;
    throw new HelperRefusal('not_supported', `The program ${program} is not installed on this device.`);
  }
}
