/**
 * Computes the next stored row of a device's compliance from the earlier row, the effective policy, a report and the time. The functions
 * are pure.
 */
import type { PolicyReport } from '../../shared/policy/check-results.ts';
import { type ComplianceStep, NO_RECORD, stepCompliance } from '../../shared/policy/compliance-step.ts';
import type { EffectiveSetting } from '../../shared/policy/effective-policy.ts';
import { digestOf } from '../../shared/policy/policy-digest.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Change, ComplianceEvent, ComplianceRow, Outgoing } from './ports.ts';

export interface Situation {
  readonly device: DeviceId;
  readonly generation: number;
  readonly effective: { readonly digest: string; readonly settings: readonly EffectiveSetting[] };
  readonly now: number;
}

/** Results that still apply, because the device checked the value that is effective now. */
export function currentResults({ results }: Pick<ComplianceRow, 'results'>, settings: readonly EffectiveSetting[]) {
  return results.filter(({ setting, value }) =>
    settings.some((each) => each.setting === setting && digestOf(each.value) === value),
  );
}

/** Current state of compliance, computed for display without a change of the stored row. */
export function stepOf(
  row: ComplianceRow | null,
  { effective, generation, now }: Omit<Situation, 'device'>,
): ComplianceStep {
  const known = row?.generation === generation ? row : null;
  const results = known ? currentResults(known, effective.settings) : [];
  return stepCompliance(effective.settings, results, known ?? NO_RECORD, now);
}

/**
 * Computes the next row; null if nothing changes. Ignores a report about settings that are no longer effective, because the device gets the
 * new settings and reports again.
 */
export function nextRow(
  stored: ComplianceRow | null,
  situation: Situation,
  report: PolicyReport | null,
): Change | null {
  const { device, generation, effective, now } = situation;
  if (stored && stored.generation > generation) return null;
  const before = stored?.generation === generation ? stored : null;
  const isCurrent = report !== null && report.digest === effective.digest;
  if (report !== null && !isCurrent) return null;
  const settings = effective.settings;
  const results = isCurrent
    ? report.results.flatMap((result) => {
        const setting = settings.find((each) => each.setting === result.setting);
        return setting ? [{ ...result, value: digestOf(setting.value) }] : [];
      })
    : (before?.results ?? []);
  if (before === null && settings.length === 0 && stored === null) return null;
  const step = stepOf({ ...(before ?? emptyRow(device, generation, now)), results }, situation);
  const outgoing = [
    ...(before?.outgoing ?? []).filter((each) => isWanted(each, step)),
    ...commandsOf(step, before, now),
  ];
  const row: ComplianceRow = {
    device,
    generation,
    reportedAt: isCurrent ? now : (before?.reportedAt ?? null),
    results,
    state: step.state,
    ...step.record,
    outgoing,
    changedAt: before?.state === step.state ? before.changedAt : now,
    nextAt: outgoing.length > 0 ? now : step.nextAt,
  };
  if (before && !isCurrent && JSON.stringify(before) === JSON.stringify(row)) return null;
  return { row, events: eventsOf(before, step, now) };
}

function emptyRow(device: DeviceId, generation: number, now: number): ComplianceRow {
  const empty = { results: [], outgoing: [], reportedAt: null, nextAt: null };
  return { device, generation, ...empty, state: 'no-policy', ...NO_RECORD, changedAt: now };
}

/** False for a lock or wipe that waits to be issued and that no failed setting requires any more. */
const isWanted = ({ kind, at }: Outgoing, { record }: ComplianceStep): boolean =>
  (kind !== 'lock-workspace' && kind !== 'wipe-workspace') || record.taken[kind] === at;

function commandsOf(step: ComplianceStep, before: ComplianceRow | null, now: number): Outgoing[] {
  const begun = step.begin.flatMap((action): Outgoing[] =>
    // A restriction needs no command: the server's gates use the stored row.
    action === 'restrict-services' ? [] : [{ kind: action === 'notify' ? 'message' : action, at: now }],
  );
  const lockedAt = before?.taken['lock-workspace'];
  return step.reverse.includes('lock-workspace') ? [...begun, { kind: 'unlock-workspace', at: now, lockedAt }] : begun;
}

function eventsOf(before: ComplianceRow | null, step: ComplianceStep, now: number): ComplianceEvent[] {
  const { state, record, begin, reverse } = step;
  const events: ComplianceEvent[] = [];
  if (before?.state !== state) {
    const detail = JSON.stringify({ state, failing: Object.keys(record.failing) });
    events.push({ at: now, event: 'state', detail });
  }
  if (begin.includes('restrict-services')) events.push({ at: now, event: 'restrict-services', detail: '' });
  if (reverse.includes('restrict-services')) events.push({ at: now, event: 'restore-services', detail: '' });
  return events;
}
