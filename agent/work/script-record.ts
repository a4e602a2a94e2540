import type { CommandId } from '../../shared/protocol/ids.ts';
import type { ScriptOutcome } from '../../shared/scripts/notice-words/script-words.ts';
import type { Instant } from '../../shared/time/clock.ts';

/** Script that ran on this device, for its user. */
export interface ScriptRecord {
  readonly id: CommandId;
  readonly name: string;
  readonly version: number;
  readonly purpose: string;
  /** Names of the reviewers whose signatures the agent verified. */
  readonly reviewers: readonly string[];
  readonly startedAt: Instant;
  readonly finishedAt: Instant | null;
  readonly outcome: ScriptOutcome;
}

export interface ScriptRecordStore {
  addScript(record: Omit<ScriptRecord, 'finishedAt' | 'outcome'>): void;
  /** Updates the record of a script. Does nothing for a command without a record. */
  endScript(id: CommandId, outcome: Exclude<ScriptRecord['outcome'], 'running'>, at: Instant): void;
  scripts(limit: number): readonly ScriptRecord[];
}
