/**
 * Passcode of the workspace on this device (ADR 80): asks the server to keep the share for a reset, locks the workspace after a time without
 * input, and reports whether a passcode is set. Nothing about the passcode itself leaves the device.
 */
import { randomBytes } from 'node:crypto';
import { CordonError } from '../../shared/errors.ts';
import type { PasscodeSetting } from '../../shared/policy/passcode-setting.ts';
import type { ReportItem } from '../../shared/protocol/report-item.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { PasscodeState } from '../../shared/workspace/passcode-state.ts';
import type { DeviceTime } from '../enforcement/device-clock.ts';
import { type CheckOutcome, met, notMet, notSupported, unknown } from '../policy/checks.ts';
import {
  type PasscodeLimits,
  requireOpen,
  requirePasscodeLength,
  type Workspace,
  type WorkspaceState,
} from '../workspace/workspace.ts';

export interface PasscodeView {
  /** State of the workspace. `passcode`: it waits for the passcode. */
  readonly workspace: WorkspaceState;
  readonly isSet: boolean;
  /** Setting of the policy; null if no policy requires a passcode. */
  readonly required: PasscodeSetting | null;
  /** True if the passcode has the required length. Also true without a policy. */
  readonly isLongEnough: boolean;
  /** Attempts that remain before only an admin can help. */
  readonly remaining: number;
}

/** Actions of the user. `WorkspacePasscode` lists their errors. */
export interface Passcode {
  view(): Promise<PasscodeView>;
  /** Also throws `conflict` if no policy requires a passcode, and `unavailable` if the server cannot store the share. */
  set(passcode: string): Promise<void>;
  enter(passcode: string): Promise<void>;
  change(current: string, next: string): Promise<void>;
  /** Throws `conflict` while a policy requires the passcode. */
  remove(passcode: string): Promise<void>;
  /** Locks the workspace at once. */
  lock(): Promise<void>;
  /** Notes an input of the user. */
  used(): void;
}

export interface PasscodeWork extends Passcode {
  check(required: PasscodeSetting): Promise<CheckOutcome>;
  /** Follows a changed policy or a command that changed the workspace, and starts the time without input again after the start. */
  changed(): void;
  maintain(): Promise<void>;
  stop(): void;
}

/** State that the device reported last. `generation`: enrollment that the report belongs to. */
export interface ReportedPasscode {
  readonly generation: number;
  readonly state: PasscodeState;
}

export interface PasscodeStore {
  generation(): number;
  reportedPasscode(): ReportedPasscode | null;
  /** Stores the state and its report in one transaction. */
  reportPasscode(reported: ReportedPasscode, report: ReportItem): void;
}

export interface PasscodePorts {
  readonly workspace: Pick<Workspace, 'state' | 'passcode'>;
  readonly store: PasscodeStore;
  /** Setting of the policy; null without one. `undefined` on a mail connector, which has no user. */
  readonly required: () => PasscodeSetting | null | undefined;
  /** Resolves when the server has stored the share durably. */
  readonly sendShare: (share: Buffer) => Promise<void>;
  /** Monotonic clock, which also runs while the device sleeps. A user cannot set it back. */
  readonly time: Pick<DeviceTime, 'monotonic' | 'after'>;
  readonly deviceNow: () => Instant;
  readonly onReport: () => void;
  /** Called after each change of the workspace's state. */
  readonly onChange: () => void;
  /** Called after a change that may alter the result of the check. */
  readonly onChecked: () => void;
  readonly onFailure: (error: unknown) => void;
}

const MINUTE = 60_000;
/**
 * Time that the workspace waits before the device reports it. Each report would otherwise tell the organization when the user works and
 * pauses.
 */
const REPORTED_AFTER = 60 * MINUTE;
/** Limits of a passcode that no policy requires any more. */
const WITHOUT_POLICY: PasscodeLimits = { minimumLength: 6, attempts: 10 };

export function createPasscodeWork(ports: PasscodePorts): PasscodeWork {
  const { workspace, store, time } = ports;
  const { passcode } = workspace;
  let usedAt = time.monotonic();
  let waitingSince: number | null = null;
  let wasSet = passcode.isSet();
  let cancelTimer = (): void => undefined;
  let isStopped = false;

  const required = (): PasscodeSetting | null => ports.required() ?? null;
  const limits = (): PasscodeLimits => required() ?? WITHOUT_POLICY;
  const isUnlocked = (): boolean => workspace.state() === 'open' && passcode.isSet();
  const isIdle = (): boolean => {
    const limit = required()?.autoLockMinutes;
    return limit !== undefined && time.monotonic() - usedAt >= limit * MINUTE;
  };

  function schedule(): void {
    cancelTimer();
    const limit = required()?.autoLockMinutes;
    if (isStopped || limit === undefined || !isUnlocked()) return;
    const left = usedAt + limit * MINUTE - time.monotonic();
    cancelTimer = time.after(Math.max(0, left), () => void lockIfIdle().catch(ports.onFailure));
  }

  async function lockIfIdle(): Promise<void> {
    if (isUnlocked() && isIdle()) await lock();
    else schedule();
  }

  async function lock(): Promise<void> {
    if (!passcode.isSet()) throw new CordonError('conflict', 'The workspace has no passcode. Set one first.');
    cancelTimer();
    if (await passcode.forget()) changed();
  }

  /** Notes the present state, reports it if necessary, and tells the other parts of the agent. */
  function changed(): void {
    note();
    ports.onChange();
  }

  function note(): void {
    const state = workspace.state();
    const isSet = passcode.isSet();
    // An admin may have reset the passcode.
    if (isSet !== wasSet) ports.onChecked();
    wasSet = isSet;
    if (state !== 'passcode') waitingSince = null;
    else waitingSince ??= time.monotonic();
    // A lock hides the passcode, but does not change it.
    if (state !== 'locked') report(state);
  }

  function report(state: WorkspaceState): void {
    const generation = store.generation();
    const stored = store.reportedPasscode();
    const last = stored?.generation === generation ? stored.state : 'none';
    const hasWaited = waitingSince !== null && time.monotonic() - waitingSince >= REPORTED_AFTER;
    // After a restart, the agent does not know how long the workspace has waited, so a reported wait continues.
    const isWaiting = state === 'passcode' && (hasWaited || last === 'waiting');
    const next: PasscodeState = isWaiting ? 'waiting' : passcode.isSet() ? 'set' : 'none';
    if (next === last) return;
    store.reportPasscode({ generation, state: next }, { type: 'passcode', state: next, at: ports.deviceNow() });
    ports.onReport();
  }

  function used(): void {
    // After a sleep of the device, the first input comes before the timer.
    if (isUnlocked() && isIdle()) void lockIfIdle().catch(ports.onFailure);
    else usedAt = time.monotonic();
  }

  /** Follows a successful action of the user. */
  function done(): void {
    usedAt = time.monotonic();
    schedule();
    changed();
  }

  return {
    async view() {
      const minimum = await passcode.minimumLength();
      return {
        workspace: workspace.state(),
        isSet: passcode.isSet(),
        required: required(),
        isLongEnough: minimum === null || minimum >= (required()?.minimumLength ?? 0),
        remaining: await passcode.remaining(limits()),
      };
    },
    async set(text) {
      const setting = required();
      if (!setting) throw new CordonError('conflict', 'Your organization does not require a passcode on this device.');
      requireOpen(workspace.state());
      if (passcode.isSet()) throw new CordonError('conflict', 'The workspace has a passcode already. Change it.');
      requirePasscodeLength(text, setting.minimumLength);
      const share = randomBytes(32);
      await ports.sendShare(share);
      await passcode.set(text, setting, share);
      share.fill(0);
      done();
    },
    async enter(text) {
      const before = await passcode.minimumLength();
      await passcode.enter(text, limits());
      done();
      // The entry may show that the passcode has the length of a stricter policy.
      if ((await passcode.minimumLength()) !== before) ports.onChecked();
    },
    async change(current, next) {
      await passcode.change({ current, next }, limits());
      done();
      ports.onChecked();
    },
    async remove(text) {
      if (required()) {
        throw new CordonError(
          'conflict',
          'Your organization requires the passcode. You can change it, but not remove it.',
        );
      }
      await passcode.remove(text, limits());
      done();
    },
    lock,
    used,
    async check({ minimumLength, autoLockMinutes }) {
      if (ports.required() === undefined)
        return notSupported('A mail connector has no user who could enter a passcode.');
      const state = workspace.state();
      if (state === 'locked' || state === 'wiped') return unknown(`The workspace is ${state}.`);
      const minimum = await passcode.minimumLength();
      if (minimum === null) {
        return notMet(
          'No passcode is set. Set one in the device page (cordon-agent open), or with cordon-agent passcode set.',
        );
      }
      if (minimum < minimumLength) {
        return notMet(
          `The passcode may have less than ${minimumLength} characters. Enter it once, or change it, in the device page or with cordon-agent passcode.`,
        );
      }
      return met(
        `A passcode with at least ${minimumLength} characters is set. The workspace locks after ${autoLockMinutes} ${autoLockMinutes === 1 ? 'minute' : 'minutes'} without input.`,
      );
    },
    changed() {
      schedule();
      note();
    },
    async maintain() {
      await lockIfIdle();
      note();
    },
    stop() {
      isStopped = true;
      cancelTimer();
    },
  };
}
