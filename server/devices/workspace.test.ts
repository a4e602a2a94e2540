import { expect, it } from 'vitest';
import { COMMAND_KINDS } from '../../shared/protocol/command-kinds.ts';
import { UNREPORTED, type Workspace, type WorkspaceEvent, workspaceAfter, workspaceEventOf } from './workspace.ts';

const [LOCK, UNLOCK, WIPE] = ['lock-workspace', 'unlock-workspace', 'wipe-workspace'] as const;
const at = (state: Workspace['state'], since: number): Workspace => ({ state, since });

const CASES: readonly (readonly [string, readonly WorkspaceEvent[], Workspace])[] = [
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
];

it.each(CASES)('%s', (_, events, expected) => {
  expect(events.reduce((known, event, index) => workspaceAfter(known, event, index + 1), UNREPORTED)).toEqual(expected);
});

it('three commands change a workspace', () => {
  expect(COMMAND_KINDS.filter((kind) => workspaceEventOf(kind) !== null)).toEqual([LOCK, UNLOCK, WIPE]);
});
