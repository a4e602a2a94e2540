import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { AccountId, CommandId, DeviceId, PersonId, ScriptId } from '../../shared/protocol/ids.ts';
import type { Interpreter } from '../../shared/scripts/limits.ts';

export interface ScriptSettings {
  readonly on: boolean;
  /** Time and account of the last change; null before the first change. */
  readonly at: number | null;
  readonly by: string | null;
}

export interface Script {
  readonly id: ScriptId;
  readonly name: string;
  readonly createdAt: number;
  readonly newestVersion: number;
}

/** Content that the author writes. A version never changes. */
export interface ScriptContent {
  readonly purpose: string;
  readonly interpreter: Interpreter;
  readonly text: string;
  readonly seconds: number;
  readonly memory: number;
  readonly output: number;
  /** Arguments that the script accepts (`shared/scripts/declared-arguments.ts`). */
  readonly arguments: readonly string[];
}

export interface Review {
  readonly keyid: string;
  readonly sig: string;
  readonly person: PersonId;
  readonly account: AccountId;
  /** Name of the reviewer at the time of the review, for the users of devices. */
  readonly name: string;
  readonly at: number;
}

export interface ScriptVersion extends ScriptContent {
  readonly script: ScriptId;
  readonly version: number;
  /** Exact text that reviewers sign (`shared/scripts/statement.ts`), and its SHA-256. */
  readonly payload: string;
  readonly digest: string;
  readonly author: PersonId;
  readonly createdBy: AccountId;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly reviews: readonly Review[];
  readonly withdrawn: { readonly at: number; readonly by: AccountId } | null;
}

export interface OutputPiece {
  readonly command: CommandId;
  readonly device: DeviceId;
  readonly generation: number;
  readonly offset: number;
  readonly text: string;
  readonly at: number;
}

export interface ScriptStore {
  settings(): Promise<ScriptSettings>;
  saveSettings(settings: ScriptSettings, entry: EntryDraft<'scripts.switched'>): Promise<void>;
  scripts(): Promise<Script[]>;
  /** Versions of a script, newest first. */
  versions(script: ScriptId, before: number | null, limit: number): Promise<ScriptVersion[]>;
  version(script: ScriptId, version: number): Promise<ScriptVersion | null>;
  /** Newest versions of all scripts, without older ones. */
  newestVersions(): Promise<ScriptVersion[]>;
  /** Stores a new script. Throws `conflict` if the name is in use, or if there are `most` scripts. */
  insert(script: Script, first: ScriptVersion, most: number, entry: EntryDraft<'script.version'>): Promise<void>;
  /** Stores the next version. Throws `conflict` unless its number follows that of the newest version. */
  addVersion(version: ScriptVersion, entry: EntryDraft<'script.version'>): Promise<void>;
  /** Adds a review, or replaces an earlier review with the same key. Returns false for an unknown or withdrawn version. */
  addReview(script: ScriptId, version: number, review: Review, entry: EntryDraft<'script.reviewed'>): Promise<boolean>;
  /** Withdraws a version. Returns false for an unknown version. A repeated withdrawal changes nothing. */
  withdraw(
    script: ScriptId,
    version: number,
    withdrawn: { readonly at: number; readonly by: AccountId },
    entry: EntryDraft<'script.withdrawn'>,
  ): Promise<boolean>;
  /**
   * Stores a piece of output. A repeated piece changes nothing.
   * - Throws `not_found` unless the device's enrollment has this command `run-script` and has not finished it.
   * - Throws `conflict` if a piece is missing before this one, and `too_large` beyond the limit of the version plus `mark` bytes.
   */
  addOutput(piece: OutputPiece, mark: number): Promise<void>;
  /** Returns the output from the offset on, at most `pieces` pieces. */
  output(command: CommandId, from: number, pieces: number): Promise<{ readonly text: string; readonly next: number }>;
}
