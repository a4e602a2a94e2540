/** Actions on devices that also exist in bulk. The functions are pure: they decide which devices an action affects, and why not the others. */
import { MOST_LABELS } from '../../shared/devices/labels.ts';
import type { CommandKind } from '../../shared/protocol/command-kinds.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { eventOfCommand, type LifeCycleFacts, REFUSALS, type Refusal, refusalOf } from './life-cycle.ts';
import type { RevocationReason } from './revocation-reasons.ts';

/** Actions on the server's record of a device. Commands to devices are in `server/commands`. */
export type RecordAction =
  | { readonly kind: 'mark-missing' | 'mark-found' | 'retire' }
  | { readonly kind: 'revoke'; readonly reason: RevocationReason }
  | { readonly kind: 'label'; readonly add: readonly string[]; readonly remove: readonly string[] };
export type BulkAction = RecordAction | { readonly kind: 'command'; readonly command: CommandKind };

/** Device with the facts that decide about an action. */
export interface ActionFacts extends LifeCycleFacts {
  readonly id: DeviceId;
  readonly labels: readonly string[];
}

const REASONS = {
  ...REFUSALS,
  'not-found': 'There is no such device.',
  'labels-unchanged': 'The labels of the device do not change.',
  'too-many-labels': `A device has at most ${MOST_LABELS} labels. Remove other labels first.`,
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

/** `facts`: of the selected devices, by id. A selected device without facts has no record. */
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
  if (action.kind === 'label') return labelRefusal(facts.labels, action);
  const event = action.kind === 'command' ? eventOfCommand(action.command) : action.kind;
  return refusalOf(facts, event) satisfies Refusal | null;
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

export interface RefusalGroup {
  readonly reason: RefusalReason;
  readonly text: string;
  readonly count: number;
  readonly sample: readonly DeviceId[];
}

/** Refusals by reason, most frequent first, each with its first devices. */
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
