/** Actions on devices that also exist in bulk. The functions are pure: they decide which devices an action affects, and why not the others. */
import { MOST_LABELS } from '../../shared/devices/labels.ts';
import type { CommandKind } from '../../shared/protocol/command-kinds.ts';
import type { DeviceId, GroupId, PersonId } from '../../shared/protocol/ids.ts';
import { eventOfCommand, type LifeCycleFacts, REFUSALS, type Refusal, refusalOf } from './life-cycle.ts';
import { changedPlacement, type GroupPlacement, type PlacedDevice, type PlacementChange } from './placement.ts';
import type { RevocationReason } from './revocation-reasons.ts';
import { inScope, type Scope } from './scope.ts';

/** Actions on the server's record of a device. Commands to devices are in `server/commands`. */
export type RecordAction =
  | { readonly kind: 'mark-missing' | 'mark-found' | 'retire' }
  | { readonly kind: 'revoke'; readonly reason: RevocationReason }
  | { readonly kind: 'label'; readonly add: readonly string[]; readonly remove: readonly string[] };
/** Change of placements. `target`: the new primary group; null if the change keeps it. `scope`: devices must stay in it. */
export interface PlacingAction {
  readonly kind: 'place';
  readonly change: PlacementChange;
  readonly target: GroupPlacement | null;
  readonly scope: Scope;
}
/** Change of the members of a static group. `scope`: devices that leave the group must stay in it. */
export interface MembershipAction {
  readonly kind: 'add-to-group' | 'remove-from-group';
  readonly group: GroupId;
  readonly scope: Scope;
}
/** Person who becomes the owner of a device. `covered`: whether the admin's scope contains every group of the person. */
export interface NewOwner {
  readonly id: PersonId;
  readonly status: 'active' | 'disabled';
  readonly groups: readonly string[];
  readonly covered: boolean;
}
/** Reassignment: each device enrolls again for its new owner; null for an unknown person. */
export interface ReassignAction {
  readonly kind: 'reassign';
  readonly owners: ReadonlyMap<DeviceId, NewOwner | null>;
}
export type BulkAction =
  | RecordAction
  | PlacingAction
  | MembershipAction
  | ReassignAction
  | { readonly kind: 'place-hold' | 'start-lost-mode' | 'end-lost-mode' }
  | { readonly kind: 'command'; readonly command: CommandKind };

/** Device with the facts that decide about an action. */
export interface ActionFacts extends LifeCycleFacts, PlacedDevice {
  readonly id: DeviceId;
  /** Owner of the device. */
  readonly person: PersonId;
  readonly mailConnector: boolean;
  /** Whether lost mode is on in the present enrollment. */
  readonly lost: boolean;
  readonly labels: readonly string[];
  readonly group: GroupPlacement;
  /** Groups of the device beside its primary group, whether static or dynamic. */
  readonly memberOf: readonly string[];
  /** Groups of the device's user. The primary group of a device must be one of them. */
  readonly personGroups: readonly string[];
}

const REASONS = {
  ...REFUSALS,
  'not-found': 'There is no such device.',
  'labels-unchanged': 'The labels of the device do not change.',
  'placement-unchanged': 'The device already has this group, home area, legal seat and location statement.',
  'person-not-in-group': 'The user of the device does not belong to this group. Add the group to the person first.',
  'leaves-scope': 'Your role would no longer include the device, so you could not reverse the change.',
  'already-member': 'The device is already in the group.',
  'not-member': 'The device is not in the group. A primary group is changed, not removed.',
  'too-many-labels': `A device has at most ${MOST_LABELS} labels. Remove other labels first.`,
  'not-in-scope': 'There is no such device among the devices that your role may reassign.',
  'ambiguous-device': 'Several devices have this serial number or name. Write the device id.',
  'named-twice': 'An earlier line names the same device.',
  'mail-connector':
    'The device is a mail connector, which serves no single person. Create its activation link on its own page.',
  'already-lost': 'The device is already in lost mode.',
  'not-lost': 'The device is not in lost mode.',
  'connector-not-lost':
    'The device is a mail connector, which serves no single person. Start its lost mode on its own page.',
  'unknown-person':
    'There is no person with this id, e-mail address or directory id in the groups of your role. Add the person first, or ask an admin whose role covers all devices.',
  'already-owner': 'The device already belongs to this person.',
  'person-not-in-scope': 'Your role does not include all groups of this person. Ask an admin whose role includes them.',
  'person-disabled': 'The person is disabled. Enable the person first.',
  'owner-not-in-group':
    'The new owner does not belong to the primary group of the device. Add the group to the person, or move the device first.',
  'changed-meanwhile': 'The device or the person changed during the request. Preview the reassignment again.',
} as const;
export type RefusalReason = keyof typeof REASONS;

export interface RefusedAction {
  readonly device: DeviceId;
  readonly reason: RefusalReason;
}

export interface Assessment {
  readonly affected: readonly DeviceId[];
  readonly refused: readonly RefusedAction[];
}

/**
 * Decides for each selected device whether the action affects it. `facts`: facts of the devices by id. A device without facts has no
 * record.
 */
export function assess(
  selected: readonly DeviceId[],
  facts: ReadonlyMap<DeviceId, ActionFacts>,
  action: BulkAction,
): Assessment {
  const affected: DeviceId[] = [];
  const refused: RefusedAction[] = [];
  for (const device of new Set(selected)) {
    const known = facts.get(device);
    const reason = known ? refusal(known, action) : 'not-found';
    if (reason === null) affected.push(device);
    else refused.push({ device, reason });
  }
  return { affected, refused };
}

function refusal(facts: ActionFacts, action: BulkAction): RefusalReason | null {
  switch (action.kind) {
    case 'label':
      return labelRefusal(facts.labels, action);
    case 'place':
      return refusalOf(facts, 'command') ?? placementRefusal(facts, action);
    case 'add-to-group':
    case 'remove-from-group':
      return membershipRefusal(facts, action);
    case 'place-hold':
      return null;
    case 'start-lost-mode':
      return refusalOf(facts, 'command') ?? lostModeRefusal(facts);
    case 'end-lost-mode':
      return refusalOf(facts, 'command') ?? (facts.lost ? null : 'not-lost');
    case 'reassign':
      return refusalOf(facts, 'enroll') ?? reassignmentRefusal(facts, action.owners.get(facts.id) ?? null);
  }
  const event = action.kind === 'command' ? eventOfCommand(action.command) : action.kind;
  return refusalOf(facts, event) satisfies Refusal | null;
}

function placementRefusal(facts: ActionFacts, { change, target, scope }: PlacingAction): RefusalReason | null {
  const { group, own, personGroups, statement } = facts;
  const after = target ?? group;
  if (after.id !== group.id && !personGroups.includes(after.id)) return 'person-not-in-group';
  const changes =
    after.id !== group.id ||
    (change.home !== undefined && change.home !== own.home) ||
    (change.seat !== undefined && change.seat !== own.seat) ||
    (change.statement !== undefined && (change.statement !== null || statement !== null));
  if (!changes) return 'placement-unchanged';
  const { placed } = changedPlacement(facts, { before: group, after }, change);
  return placed.every((one) => inScope(scope, one)) ? null : 'leaves-scope';
}

function reassignmentRefusal(
  { person, mailConnector, group }: ActionFacts,
  owner: NewOwner | null,
): RefusalReason | null {
  if (mailConnector) return 'mail-connector';
  if (owner === null) return 'unknown-person';
  if (owner.id === person) return 'already-owner';
  if (!owner.covered) return 'person-not-in-scope';
  if (owner.status !== 'active') return 'person-disabled';
  return owner.groups.includes(group.id) ? null : 'owner-not-in-group';
}

function lostModeRefusal({ lost, mailConnector }: ActionFacts): RefusalReason | null {
  if (lost) return 'already-lost';
  return mailConnector ? 'connector-not-lost' : null;
}

function membershipRefusal(facts: ActionFacts, { kind, group, scope }: MembershipAction): RefusalReason | null {
  const isMember = facts.memberOf.includes(group);
  if (kind === 'add-to-group') return isMember || facts.group.id === group ? 'already-member' : null;
  if (!isMember) return 'not-member';
  const groups = facts.scopeGroups.filter((one) => one !== group || one === facts.group.id);
  const stated = facts.statement?.kind === 'home' ? (facts.statement.areas[0] ?? null) : null;
  const home = stated ?? facts.own.home ?? facts.group.home;
  return inScope(scope, { groups, home }) ? null : 'leaves-scope';
}

/** A label that an action adds and removes is removed. */
export function labelsAfter(
  labels: readonly string[],
  { add, remove }: { readonly add: readonly string[]; readonly remove: readonly string[] },
): ReadonlySet<string> {
  const after = new Set([...labels, ...add]);
  for (const label of remove) after.delete(label);
  return after;
}

function labelRefusal(
  labels: readonly string[],
  change: { readonly add: readonly string[]; readonly remove: readonly string[] },
): 'labels-unchanged' | 'too-many-labels' | null {
  const after = labelsAfter(labels, change);
  if (after.size === labels.length && labels.every((label) => after.has(label))) return 'labels-unchanged';
  return after.size > MOST_LABELS && after.size > labels.length ? 'too-many-labels' : null;
}

export const refusalText = (reason: RefusalReason): string => REASONS[reason];

export interface RefusalGroup {
  readonly reason: RefusalReason;
  readonly text: string;
  readonly count: number;
  readonly sample: readonly DeviceId[];
}

/** Refusals by reason, the most frequent first. Each reason has its first devices as examples. */
export function refusalGroups(refused: readonly RefusedAction[], sample: number): readonly RefusalGroup[] {
  return [...Map.groupBy(refused, ({ reason }) => reason)]
    .map(([reason, all]) => ({
      reason,
      text: REASONS[reason],
      count: all.length,
      sample: all.slice(0, sample).map(({ device }) => device),
    }))
    .sort((a, b) => b.count - a.count);
}
