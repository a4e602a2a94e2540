/** State of a device's workspace, by the device's own reports. An admin's request alone changes nothing: an offline device is not locked yet. */
import type { CommandKind } from '../../shared/protocol/command-kinds.ts';

export type WorkspaceState = 'open' | 'locked' | 'wiped';

export interface Workspace {
  readonly state: WorkspaceState;
  /** Domain time at which the server stored the report. Null: the present enrollment has reported nothing. */
  readonly since: number | null;
}

/** State of an enrollment without a report. */
export const UNREPORTED: Workspace = { state: 'open', since: null };

/** A command that the device reports as done, or an exit that it reports as carried out. */
export type WorkspaceEvent = 'lock-workspace' | 'unlock-workspace' | 'wipe-workspace' | 'exit';

/** Event of a completed command; null for a command that leaves the workspace as it is. */
export function workspaceEventOf(kind: CommandKind): WorkspaceEvent | null {
  return kind === 'lock-workspace' || kind === 'unlock-workspace' || kind === 'wipe-workspace' ? kind : null;
}

/** State after one report. `at`: domain time. A report that repeats the known state keeps its time. */
export function workspaceAfter(before: Workspace, event: WorkspaceEvent, at: number): Workspace {
  const state = stateAfter(before.state, event);
  return state === before.state && before.since !== null ? before : { state, since: at };
}

function stateAfter(before: WorkspaceState, event: WorkspaceEvent): WorkspaceState {
  switch (event) {
    case 'lock-workspace':
      // The agent reports `done` for a wiped workspace too, although there is nothing to lock (`agent/workspace`).
      return before === 'wiped' ? 'wiped' : 'locked';
    case 'unlock-workspace':
      // An unlock after a wipe also opens the workspace: the agent then creates a new, empty one.
      return 'open';
    case 'wipe-workspace':
    case 'exit':
      return 'wiped';
  }
}
