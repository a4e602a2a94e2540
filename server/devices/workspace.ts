/**
 * State of a device's workspace, from the device's own reports. An admin's request alone does not change the state, because an offline
 * device has not executed it yet.
 */
import type { CommandKind } from '../../shared/protocol/command-kinds.ts';

export type WorkspaceState = 'open' | 'locked' | 'wiped';

export interface Workspace {
  readonly state: WorkspaceState;
  /** Domain time at which the server stored the report. Null if the present enrollment has sent no report. */
  readonly since: number | null;
}

/** Workspace state of an enrollment that has sent no report. */
export const UNREPORTED: Workspace = { state: 'open', since: null };

/** Event in a device's report: a completed command, or an executed exit. */
export type WorkspaceEvent = 'lock-workspace' | 'unlock-workspace' | 'wipe-workspace' | 'exit';

/** Event of a completed command; null for a command that does not change the workspace. */
export function workspaceEventOf(kind: CommandKind): WorkspaceEvent | null {
  return kind === 'lock-workspace' || kind === 'unlock-workspace' || kind === 'wipe-workspace' ? kind : null;
}

/** Workspace state after one report. `at`: domain time. A report that repeats the known state does not change the state's time. */
export function workspaceAfter(before: Workspace, event: WorkspaceEvent, at: number): Workspace {
  const state = stateAfter(before.state, event);
  return state === before.state && before.since !== null ? before : { state, since: at };
}

function stateAfter(before: WorkspaceState, event: WorkspaceEvent): WorkspaceState {
  switch (event) {
    case 'lock-workspace':
      // The agent also reports `done` for a lock command on a wiped workspace, although there is nothing to lock (`agent/workspace`).
      return before === 'wiped' ? 'wiped' : 'locked';
    case 'unlock-workspace':
      // An unlock command after a wipe also opens the workspace: the agent creates a new, empty one.
      return 'open';
    case 'wipe-workspace':
    case 'exit':
      return 'wiped';
  }
}
