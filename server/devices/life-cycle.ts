/**
 * Life cycle of a device. The functions are pure. The store keeps three independent facts (status of the enrollment, workspace, marks of
 * admins), and the state follows from them. A device's report therefore cannot overwrite an admin's mark, and the reverse.
 */
import type { CommandKind } from '../../shared/protocol/command-kinds.ts';
import { type ReportedWorkspace, UNREPORTED, type WorkspaceState, workspaceAfter } from './workspace.ts';

/**
 * State of a device in its life cycle. `missing`: an admin marked the enrolled device as missing. `ended`: the enrollment was revoked or
 * has ended, but no admin has retired the device. `retired`: an admin has put the device out of use. `deleted`: the record no longer
 * exists.
 */
export const LIFE_CYCLE_STATES = ['active', 'locked', 'wiped', 'missing', 'ended', 'retired', 'deleted'] as const;
export type LifeCycleState = (typeof LIFE_CYCLE_STATES)[number];

/** Days between the retirement of a device and the deletion of its record. */
export const RETIRED_DAYS = 400;
export const deletionOf = (retiredAt: number): number => retiredAt + RETIRED_DAYS * 86_400_000;

/** Facts of a device's record from which its state follows. If the record was deleted, null takes the place of the facts. */
export interface LifeCycleFacts {
  readonly status: 'active' | 'revoked' | 'unenrolled';
  readonly workspace: WorkspaceState;
  readonly missing: boolean;
  readonly retired: boolean;
  readonly underLegalHold: boolean;
}

/**
 * Event in the life cycle of a device. `command`: a command without an effect on the life cycle. `lock`, `unlock` and `wipe`: command or
 * report about the workspace.
 */
export type LifeCycleEvent =
  | 'enroll'
  | 'command'
  | 'lock'
  | 'unlock'
  | 'wipe'
  | 'mark-missing'
  | 'mark-found'
  | 'revoke'
  | 'unenroll'
  | 'retire'
  | 'delete';

/** Reasons to refuse an event, each with the cause and a remedy if one exists. */
export const REFUSALS = {
  'not-enrolled': 'The device is not enrolled. Enroll it again first.',
  'already-missing': 'The device is already marked as missing.',
  'not-missing': 'The device is not marked as missing.',
  'already-retired': 'The device is already retired.',
  'not-retired': 'Only a retired device is deleted. Retire the device first.',
  'legal-hold': 'A legal hold keeps the data of the device. Release the legal hold first.',
  deleted: 'The record of the device was deleted. Enroll the machine as a new device.',
} as const;
export type Refusal = keyof typeof REFUSALS;

export function lifeCycleOf(facts: Omit<LifeCycleFacts, 'underLegalHold'> | null): LifeCycleState {
  if (facts === null) return 'deleted';
  if (facts.retired) return 'retired';
  if (facts.status !== 'active') return 'ended';
  if (facts.missing) return 'missing';
  return facts.workspace === 'open' || facts.workspace === 'passcode' ? 'active' : facts.workspace;
}

type Rule = 'yes' | Refusal;

const ENROLLED = { active: 'yes', locked: 'yes', wiped: 'yes', missing: 'yes' } as const;
const ONLY_ENROLLED = { ...ENROLLED, ended: 'not-enrolled', retired: 'not-enrolled', deleted: 'deleted' } as const;
const NOT_RETIRED = { active: 'not-retired', locked: 'not-retired', wiped: 'not-retired' } as const;
const NOT_MISSING = { active: 'not-missing', locked: 'not-missing', wiped: 'not-missing' } as const;

/** Table of transitions: whether a state allows an event. Each state has a rule for each event. */
export const TRANSITIONS: Readonly<Record<LifeCycleEvent, Readonly<Record<LifeCycleState, Rule>>>> = {
  enroll: { ...ENROLLED, ended: 'yes', retired: 'yes', deleted: 'deleted' },
  command: ONLY_ENROLLED,
  lock: ONLY_ENROLLED,
  unlock: ONLY_ENROLLED,
  wipe: ONLY_ENROLLED,
  'mark-missing': { ...ONLY_ENROLLED, missing: 'already-missing' },
  'mark-found': { ...ONLY_ENROLLED, ...NOT_MISSING },
  revoke: ONLY_ENROLLED,
  unenroll: ONLY_ENROLLED,
  retire: { ...ENROLLED, ended: 'yes', retired: 'already-retired', deleted: 'deleted' },
  delete: { ...NOT_RETIRED, missing: 'not-retired', ended: 'not-retired', retired: 'yes', deleted: 'deleted' },
};

/** Events that destroy data of the device or of its enrollment. Revocation and retirement keep what a legal hold protects. */
const STOPPED_BY_HOLD: ReadonlySet<LifeCycleEvent> = new Set(['enroll', 'wipe', 'unenroll', 'delete']);

/** Reason to refuse the event; null if it is allowed. */
export function refusalOf(facts: LifeCycleFacts | null, event: LifeCycleEvent): Refusal | null {
  const rule = TRANSITIONS[event][lifeCycleOf(facts)];
  if (rule !== 'yes') return rule;
  return facts?.underLegalHold && STOPPED_BY_HOLD.has(event) ? 'legal-hold' : null;
}

/** Facts after an event. A refused event changes nothing. */
export function afterEvent(facts: LifeCycleFacts | null, event: LifeCycleEvent): LifeCycleFacts | null {
  if (facts === null || refusalOf(facts, event) !== null) return facts;
  switch (event) {
    case 'command':
      return facts;
    case 'enroll':
      return { ...facts, status: 'active', workspace: UNREPORTED.state, missing: false, retired: false };
    case 'lock':
    case 'unlock':
    case 'wipe':
      return { ...facts, workspace: reported(facts.workspace, event) };
    case 'mark-missing':
    case 'mark-found':
      return { ...facts, missing: event === 'mark-missing' };
    case 'revoke':
    case 'unenroll':
      // The mark belongs to the enrollment, so it is removed. The activity log keeps its history.
      return { ...facts, status: event === 'revoke' ? 'revoked' : 'unenrolled', missing: false };
    case 'retire':
      return {
        ...facts,
        status: facts.status === 'active' ? 'revoked' : facts.status,
        missing: false,
        retired: true,
      };
    case 'delete':
      return null;
  }
}

function reported(state: WorkspaceState, event: 'lock' | 'unlock' | 'wipe'): WorkspaceState {
  const before: ReportedWorkspace = { state, since: null, passcode: state === 'passcode' ? 'waiting' : 'none' };
  return workspaceAfter(before, `${event}-workspace`, 0).state;
}

/** Events of the commands that change the life cycle. */
const COMMAND_EVENTS: Readonly<Partial<Record<CommandKind, LifeCycleEvent>>> = {
  'lock-workspace': 'lock',
  'unlock-workspace': 'unlock',
  'wipe-workspace': 'wipe',
  unenroll: 'unenroll',
};

export const eventOfCommand = (kind: CommandKind): LifeCycleEvent => COMMAND_EVENTS[kind] ?? 'command';
