/**
 * State of a device's workspace, according to the device's own reports. An admin's command does not change the state before the device
 * reports that it has executed the command.
 */
import type { CommandKind } from '../../shared/protocol/command-kinds.ts';

export type WorkspaceState = 'open' | 'locked' | 'wiped';

export interface Workspace {
  readonly state: WorkspaceState;
  /**
   * Time at which the server stored the device's first report that the workspace is in this state, by the server clock (`Clock`). Null if
   * the device has sent no such report in its present enrollment.
   */
  readonly since: number | null;
}

export const UNREPORTED: Workspace = { state: 'open', since: null };

/** Event in a device's report that can change the workspace: a completed command, or an executed exit (deletion of work data). */
export type WorkspaceEvent = 'lock-workspace' | 'unlock-workspace' | 'wipe-workspace' | 'exit';

export function workspaceEventOf(kind: CommandKind): WorkspaceEvent | null {
  return kind === 'lock-workspace' || kind === 'unlock-workspace' || kind === 'wipe-workspace' ? kind : null;
}

/**
 * Returns the new state of a device's workspace after the device reported an event. `at`: time at which the server stored the report. If
 * the state stays the same, `since` keeps the time of the first report.
 */
export function workspaceAfter(before: Workspace, event: WorkspaceEvent, at: number): Workspace {
  const state = stateAfter(before.state, event);
  return state === before.state && before.since !== null ? before : { state, since: at };
}

function stateAfter(before: WorkspaceState, event: WorkspaceEvent): WorkspaceState {
  switch (event) {
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
