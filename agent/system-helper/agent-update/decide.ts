/** Decision about an update of the agent. Pure. */
import { versionOrder } from '../../../shared/inventory/version-order.ts';
import type { UpdateRecord } from './update-record.ts';

export interface Situation {
  /** Installed version of the package; null if the agent was not installed as a package. */
  readonly installed: string | null;
  /** Package of the channel for this device; null without a channel, or if the channel has none. */
  readonly target: { readonly version: string; readonly revision: number } | null;
  /** Versions that the channel had before. */
  readonly former: readonly string[];
  readonly record: Pick<UpdateRecord, 'state' | 'to' | 'revision' | 'instance' | 'attempts' | 'at'> | null;
  /** Process of the agent that asks. */
  readonly instance: string;
  readonly connected: boolean;
  /** True if the time has passed in which the new agent had to connect. */
  readonly isLate: boolean;
  readonly now: number;
}

/**
 * - `wait`: a change runs, or the new agent has not connected yet.
 * - `confirm`: the new agent is connected.
 * - `roll-back`: the new agent did not connect in time.
 * - `forget`: another program has changed the package since.
 * - `install`: install the target.
 * - `offline`: an update waits until the present agent is connected, because its loss could not be told from a bad version.
 * - `held`: the version failed, and the time of the next attempt has not come.
 * - `none`: nothing to do.
 */
export type Decision = 'wait' | 'confirm' | 'roll-back' | 'forget' | 'install' | 'offline' | 'held' | 'none';

/** Attempts with one publication. A new publication starts again. */
const MOST_ATTEMPTS = 3;
export const RETRY_AFTER = 24 * 3_600_000;

const order = versionOrder('dpkg');

export function decide(situation: Situation): Decision {
  const { installed, target, former, record, instance, connected, isLate, now } = situation;
  if (record?.state === 'installing' || record?.state === 'rolling-back') return 'wait';
  if (record?.state === 'waiting') {
    if (installed !== record.to) return 'forget';
    if (connected && instance !== record.instance) return 'confirm';
    return isLate ? 'roll-back' : 'wait';
  }
  if (installed === null || target === null) return 'none';
  const difference = order(target.version, installed);
  if (difference === 0) return 'none';
  if (difference < 0 && !former.includes(installed)) return 'none';
  if (record?.state === 'failed' && record.to === target.version && record.revision === target.revision) {
    // A clock that was set back must not stop updates.
    const since = now - record.at;
    if (record.attempts >= MOST_ATTEMPTS || (since >= 0 && since < RETRY_AFTER)) return 'held';
  }
  return connected ? 'install' : 'offline';
}
