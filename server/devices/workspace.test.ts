import { expect, it } from 'vitest';
import { COMMAND_KINDS } from '../../shared/protocol/command-kinds.ts';
import {
  type ReportedWorkspace,
  UNREPORTED,
  type WorkspaceEvent,
  workspaceAfter,
  workspaceEventOf,
} from './workspace.ts';

const [LOCK, UNLOCK, WIPE] = ['lock-workspace', 'unlock-workspace', 'wipe-workspace'] as const;
const at = (
  state: ReportedWorkspace['state'],
  since: number,
  passcode: ReportedWorkspace['passcode'] = 'none',
): ReportedWorkspace => ({ state, since, passcode });

const CASES: readonly (readonly [string, readonly WorkspaceEvent[], ReportedWorkspace])[] = [
  ['nothing was reported', [], UNREPORTED],
  ['locked', [LOCK], at('locked', 1)],
  ['locked twice: the first time counts', [LOCK, LOCK], at('locked', 1)],
  ['locked and unlocked', [LOCK, UNLOCK], at('open', 2)],
  ['unlocked while open: now reported', [UNLOCK], at('open', 1)],
  ['wiped while open', [WIPE], at('wiped', 1)],
  ['wiped while locked', [LOCK, WIPE], at('wiped', 2)],
  ['a lock after a wipe changes nothing', [WIPE, LOCK], at('wiped', 1)],
  ['an unlock after a wipe makes a new workspace', [WIPE, LOCK, UNLOCK], at('open', 3)],
  ['a new workspace can be locked', [WIPE, UNLOCK, LOCK], at('locked', 3)],
  ['wiped by an exit', [LOCK, 'exit'], at('wiped', 2)],
  ['a passcode is set', ['passcode-set'], at('open', 1, 'set')],
  ['waits for the passcode', ['passcode-set', 'passcode-waiting'], at('passcode', 2, 'waiting')],
  ['the passcode was entered', ['passcode-waiting', 'passcode-set'], at('open', 2, 'set')],
  ['a lock is stricter than the passcode', ['passcode-waiting', LOCK], at('locked', 2, 'waiting')],
  ['a report about the passcode does not end a lock', [LOCK, 'passcode-set'], at('locked', 1, 'set')],
  ['after the unlock, the workspace waits again', ['passcode-waiting', LOCK, UNLOCK], at('passcode', 3, 'waiting')],
  ['a wipe ends the passcode', ['passcode-waiting', WIPE], at('wiped', 2)],
  ['a new workspace has no passcode', ['passcode-set', WIPE, UNLOCK], at('open', 3)],
];

it.each(CASES)('%s', (_, events, expected) => {
  expect(events.reduce((known, event, index) => workspaceAfter(known, event, index + 1), UNREPORTED)).toEqual(expected);
});

it('three commands change a workspace', () => {
  expect(COMMAND_KINDS.filter((kind) => workspaceEventOf(kind) !== null)).toEqual([LOCK, UNLOCK, WIPE]);
});
