/** Passcode work of one workspace without a server. The test sets the policy and the monotonic clock. */
import {
  createPasscodeWork,
  type PasscodeStore,
  type PasscodeWork,
  type ReportedPasscode,
} from '../../agent/passcode/passcode-work.ts';
import type { Workspace } from '../../agent/workspace/workspace.ts';
import type { PasscodeSetting } from '../../shared/policy/passcode-setting.ts';
import type { ReportItem } from '../../shared/protocol/report-item.ts';

export interface OpenedPasscode {
  readonly work: PasscodeWork;
  /** Reports of the device, oldest first. */
  readonly reports: ReportItem[];
  /** Number of times that the check of the policy had to run again. */
  checked(): number;
  /** Shares that the device sent to the server. */
  readonly shares: Buffer[];
  /** Makes the server refuse further shares. */
  disconnect(): void;
  /** Sets the policy; null for none. */
  require(setting: PasscodeSetting | null): void;
  /** Moves the monotonic clock, and runs the timers that are due. */
  wait(milliseconds: number): Promise<void>;
  /** Moves the clock without timers, as a sleep of the device does. */
  sleep(milliseconds: number): void;
  /** Starts the agent again. The key in memory is lost. */
  restart(workspace: Workspace): OpenedPasscode;
}

export function openPasscodeOf(
  workspace: Workspace,
  onChange = (): void => undefined,
  kept: { reported: ReportedPasscode | null; reports: ReportItem[]; required: PasscodeSetting | null } = {
    reported: null,
    reports: [],
    required: null,
  },
): OpenedPasscode {
  let now = 1_000_000;
  let isConnected = true;
  let checked = 0;
  let timers: { at: number; task: () => void }[] = [];
  const shares: Buffer[] = [];
  const store: PasscodeStore = {
    generation: () => 1,
    reportedPasscode: () => kept.reported,
    reportPasscode(reported, report) {
      kept.reported = reported;
      kept.reports.push(report);
    },
  };
  const work = createPasscodeWork({
    workspace,
    store,
    required: () => kept.required,
    async sendShare(share) {
      if (!isConnected) throw new Error('the server is unreachable');
      shares.push(Buffer.from(share));
    },
    time: {
      monotonic: () => now,
      after(ms, task) {
        const timer = { at: now + ms, task };
        timers.push(timer);
        return () => {
          timers = timers.filter((each) => each !== timer);
        };
      },
    },
    deviceNow: () => now,
    onReport: () => undefined,
    onChange,
    onChecked: () => {
      checked += 1;
    },
    onFailure(error) {
      throw error;
    },
  });
  work.changed();
  return {
    work,
    reports: kept.reports,
    checked: () => checked,
    shares,
    disconnect() {
      isConnected = false;
    },
    require(setting) {
      kept.required = setting;
      work.changed();
    },
    async wait(milliseconds) {
      now += milliseconds;
      const due = timers.filter(({ at }) => at <= now);
      timers = timers.filter((each) => !due.includes(each));
      for (const { task } of due) task();
      await work.maintain();
    },
    sleep(milliseconds) {
      now += milliseconds;
    },
    restart(next) {
      work.stop();
      return openPasscodeOf(next, onChange, kept);
    },
  };
}
