/**
 * State of a device's workspace, according to the device's own reports. An admin's command does not change the state before the device
 * reports that it has executed the command.
 */
import type { CommandKind } from '../../shared/protocol/command-kinds.ts';
import type { PasscodeState } from '../../shared/workspace/passcode-state.ts';

/** `passcode`: the workspace has waited for the user's passcode for at least an hour. */
export type WorkspaceState = 'open' | 'passcode' | 'locked' | 'wiped';

export interface Workspace {
  readonly state: WorkspaceState;
  /**
   * Time at which the server stored the device's first report that the workspace is in this state, by the server clock (`Clock`). Null if
   * the device has sent no such report in its present enrollment.
   */
  readonly since: number | null;
}

export interface ReportedWorkspace extends Workspace {
  /** State of the user's passcode. A lock does not change it. */
  readonly passcode: PasscodeState;
}

export const UNREPORTED: ReportedWorkspace = { state: 'open', since: null, passcode: 'none' };

/**
 * Event in a device's report that can change the workspace: a completed command, an executed exit (deletion of work data), or a report about
 * the passcode.
 */
export type WorkspaceEvent =
  | 'lock-workspace'
  | 'unlock-workspace'
  | 'wipe-workspace'
  | 'exit'
  | `passcode-${PasscodeState}`;

export function workspaceEventOf(kind: CommandKind): WorkspaceEvent | null {
  return kind === 'lock-workspace' || kind === 'unlock-workspace' || kind === 'wipe-workspace' ? kind : null;
}

/**
 * Returns the new state of a device's workspace after the device reported an event. `at`: time at which the server stored the report. If
 * the state stays the same, `since` keeps the time of the first report.
 */
export function workspaceAfter(before: ReportedWorkspace, event: WorkspaceEvent, at: number): ReportedWorkspace {
  const passcode = passcodeAfter(before.passcode, event);
  const withoutPasscode = stateAfter(before.state === 'passcode' ? 'open' : before.state, event);
  const state = withoutPasscode === 'open' && passcode === 'waiting' ? 'passcode' : withoutPasscode;
  const since = state === before.state && before.since !== null ? before.since : at;
  return { state, since, passcode };
}

function passcodeAfter(before: PasscodeState, event: WorkspaceEvent): PasscodeState {
  switch (event) {
    case 'passcode-none':
    case 'wipe-workspace':
    case 'exit':
      return 'none';
    case 'passcode-set':
      return 'set';
    case 'passcode-waiting':
      return 'waiting';
    default:
      return before;
  }
}

function stateAfter(
  before: Exclude<WorkspaceState, 'passcode'>,
  event: WorkspaceEvent,
): Exclude<WorkspaceState, 'passcode'> {
  switch (event) {
    case 'passcode-none':
    case 'passcode-set':
    case 'passcode-waiting':
      return before;
    case 'lock-workspace':
      // A lock command does not lock a wiped workspace, although the agent reports the command as `done` (`agent/workspace`).
      return before === 'wiped' ? 'wiped' : 'locked';
    case 'unlock-workspace':
      // After a wipe, an unlock command also opens the workspace, because the agent creates a new, empty workspace.
      return 'open';
    case 'wipe-workspace':
    case 'exit':
      return 'wiped';
  }
}
