/**
 * Compliance of devices. Each report, change of a policy and passed time leads to one pure step (`shared/policy/compliance-step.ts`). The
 * server stores the step with the commands that it demands, and issues them afterward. Their identifiers follow from the step, so a
 * repetition after a crash issues no second command.
 */
import { hash } from 'node:crypto';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { Loop } from '../../shared/loops/loop.ts';
import { encodeCanonical } from '../../shared/order/canonical.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import { type Signer, signEnvelope } from '../../shared/order/dsse.ts';
import { CATALOG, isSettingId } from '../../shared/policy/catalog.ts';
import type { PolicyReport } from '../../shared/policy/check-results.ts';
import {
  COMPLIANCE_STATEMENT,
  type ComplianceStatement,
  STATEMENT_LIFE,
} from '../../shared/policy/compliance-statement.ts';
import type { Countdown } from '../../shared/policy/compliance-step.ts';
import type { Command } from '../../shared/protocol/frames.ts';
import { base32, type CommandId, type DeviceId, type PolicyId } from '../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import type { Commands } from '../commands/commands.ts';
import type { Devices } from '../devices/devices.ts';
import { type EffectivePolicy, NO_POLICY, type Policies } from '../policies/policies.ts';
import { currentResults, nextRow, stepOf } from './next-row.ts';
import { countsOfPolicy, listOfPolicy } from './policy-compliance.ts';
import type { ComplianceEventKind, ComplianceQuery, ComplianceRow, ComplianceStore, Outgoing, Scope } from './ports.ts';

export interface CompliancePorts {
  readonly store: ComplianceStore;
  readonly policies: Pick<Policies, 'get' | 'effectiveFor' | 'devicesAfter'>;
  readonly commands: Pick<Commands, 'issue' | 'list'>;
  readonly devices: Pick<Devices, 'get' | 'raiseAlert'>;
  /** Maximum number of workspaces that policies may wipe in 24 hours without an admin, for a fleet of this size. */
  readonly wipeLimit: (fleet: number) => number;
  /** Returns the server's share for one lock of a device's workspace. The first call stores the share durably. */
  readonly shareOfLock: (request: {
    readonly lock: CommandId;
    readonly device: DeviceId;
    readonly at: number;
  }) => Promise<string>;
  readonly installation: string;
  /** Key that signs statements of compliance. */
  readonly online: Signer;
  readonly bus: Bus;
  readonly clock: Clock;
}

export type Compliance = ReturnType<typeof createCompliance>;

/** Name that stands in place of an account as the creator of compliance commands. */
export const COMPLIANCE = 'compliance';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SLICE = 100;
const MONTH = 30 * DAY;
const RETRY_AFTER = 60_000;
const EVENTS_SHOWN = 50;
const LISTED_COMMANDS = 200;

export function createCompliance(ports: CompliancePorts) {
  const { store, policies, commands, devices, wipeLimit, bus, clock } = ports;
  let dueLoop: Loop | null = null;
  let sweepLoop: Loop | null = null;
  const changed = new Set<DeviceId>();
  const restricted = new Set<DeviceId>();

  async function step(device: DeviceId, report: PolicyReport | null, generation: number | null): Promise<void> {
    const effective = (await policies.effectiveFor([device])).get(device);
    if (effective) await stepWith(effective, device, report, generation);
  }

  async function stepWith(
    effective: EffectivePolicy,
    device: DeviceId,
    report: PolicyReport | null,
    generation: number | null,
  ): Promise<void> {
    const now = clock.now();
    const outcome: { row: ComplianceRow | null } = { row: null };
    await store.update({
      device,
      decide: (before, present) => {
        // A report of an earlier enrollment does not concern the present enrollment, so it is ignored.
        if (generation !== null && generation !== present) return null;
        const change = nextRow(before, { device, generation: present, effective, now }, report);
        outcome.row = change?.row ?? null;
        return change;
      },
    });
    await after(outcome.row);
  }

  async function after(row: ComplianceRow | null): Promise<void> {
    if (row === null) return;
    restrict(row);
    bus.publish({ kind: 'compliance', device: row.device });
    // The number of wipes is limited. Only the loop issues them, one after another, so that it counts each one.
    if (row.outgoing.some(({ kind }) => kind === 'wipe-workspace')) dueLoop?.request();
    else if (row.outgoing.length > 0) await issueCommands(row);
    else if (row.nextAt !== null) dueLoop?.requestAt(row.nextAt);
  }

  /** Opens or closes the gates of messaging and mail. The server then delivers data that waited for an open gate. */
  function restrict({ device, taken }: ComplianceRow): void {
    if (taken['restrict-services'] !== undefined) restricted.add(device);
    else if (restricted.delete(device)) {
      bus.publish({ kind: 'mailbox', devices: [device] });
      bus.publish({ kind: 'mail', devices: [device] });
    }
  }

  async function issueCommands({ device, outgoing }: ComplianceRow): Promise<void> {
    for (const each of outgoing) {
      const result = await issue(device, each);
      const now = clock.now();
      await store.update({
        device,
        decide: (row) => {
          // A parallel run has issued the command already.
          if (!row?.outgoing.some((other) => isSame(other, each))) return null;
          if (result === 'wait') return { row: { ...row, nextAt: now + HOUR }, events: [] };
          const rest = row.outgoing.filter((other) => !isSame(other, each));
          const event = { at: now, ...result };
          // `nextAt` is now, so that the next step runs at once and computes the time of the step that follows.
          return { row: { ...row, outgoing: rest, nextAt: rest.length > 0 ? row.nextAt : now }, events: [event] };
        },
      });
      if (result === 'wait') {
        dueLoop?.requestAt(now + HOUR);
        return;
      }
    }
    dueLoop?.request();
  }

  type Issued = { readonly event: ComplianceEventKind; readonly detail: string };

  async function issue(device: DeviceId, { kind, at, lockedAt }: Outgoing): Promise<Issued | 'wait'> {
    const withheld = (detail: string): Issued => ({ event: 'withheld', detail: `${kind}: ${detail}` });
    const { workspace } = await devices.get(device);
    if (kind === 'lock-workspace' && (workspace.state === 'locked' || workspace.state === 'wiped')) {
      return withheld(`the workspace is ${workspace.state}`);
    }
    if (kind === 'unlock-workspace') {
      const reason = await whyLocked(device, lockedAt ?? 0);
      if (reason !== null) return withheld(reason);
    }
    if (kind === 'wipe-workspace' && (await wipesMustWait())) return 'wait';
    const command: Command = kind === 'message' ? { kind, text: await noticeText(device) } : { kind };
    try {
      await commands.issue({ id: commandIdOf(device, kind, at), device, command, by: COMPLIANCE });
      return { event: kind === 'message' ? 'notify' : kind, detail: '' };
    } catch (error) {
      if (!isCordonError(error, 'legal_hold') && !isCordonError(error, 'conflict')) throw error;
      if (kind === 'wipe-workspace') {
        await devices.raiseAlert({ device, code: 'compliance_wipe_prevented', detail: error.message });
      }
      return withheld(error.message);
    }
  }

  /** True if the newest command about the workspace locks or wipes the workspace and has not failed. */
  async function mustStayLocked(device: DeviceId): Promise<boolean> {
    const newest = (await commands.list(device, null, LISTED_COMMANDS)).find(
      ({ command, state }) => command.kind.endsWith('-workspace') && !WITHOUT_EFFECT.has(state),
    );
    return newest !== undefined && newest.command.kind !== 'unlock-workspace';
  }

  /** The server uses one share for a month. The number of shares then stays small, and an unlock command contains the newest ones. */
  async function offlineShare(device: DeviceId): Promise<string | null> {
    if (await mustStayLocked(device)) return null;
    const at = clock.now();
    return ports.shareOfLock({ lock: commandIdOf(device, 'offline-lock', Math.floor(at / MONTH)), device, at });
  }

  async function offlineLocked(device: DeviceId, generation: number, at: number): Promise<void> {
    if ((await devices.get(device)).generation !== generation) return;
    const id = commandIdOf(device, 'offline-unlock', at);
    const known = await commands.list(device, null, LISTED_COMMANDS);
    if (known.some((each) => each.id === id)) return;
    const detail = (await mustStayLocked(device)) ? 'An admin or a policy has locked the workspace too.' : '';
    const event = { at: clock.now(), event: 'offline-lock' as const, detail };
    await store.update({ device, decide: (row) => row && { row, events: [event] } });
    if (detail === '') await commands.issue({ id, device, command: { kind: 'unlock-workspace' }, by: COMPLIANCE });
  }

  async function settingChanged(
    device: DeviceId,
    generation: number,
    kind: 'setting-repaired' | 'change-kept',
    change: { readonly setting: string; readonly at: number; readonly detail?: string },
  ): Promise<void> {
    const detail = JSON.stringify(change);
    // A device sends a report again until it has the acknowledgment.
    const known = await store.events(device, null, EVENTS_SHOWN);
    if (known.some((each) => each.event === kind && each.detail === detail)) return;
    const event = { at: clock.now(), event: kind, detail };
    await store.update({
      device,
      decide: (row, present) => (row && present === generation ? { row, events: [event] } : null),
    });
  }

  /**
   * Returns the reason why the server must not reverse its lock, for example because an admin has locked the workspace too. Null if it may
   * reverse the lock.
   */
  async function whyLocked(device: DeviceId, lockedAt: number): Promise<string | null> {
    const ours = commandIdOf(device, 'lock-workspace', lockedAt);
    const newest = await commands.list(device, null, LISTED_COMMANDS);
    const lock = newest.find(({ id }) => id === ours);
    if (!lock) return 'the workspace was not locked by a policy';
    const later = newest.find(({ id, command, state, createdAt }) => {
      const isLock = command.kind === 'lock-workspace' && id !== ours && createdAt >= lock.createdAt;
      return isLock && !WITHOUT_EFFECT.has(state);
    });
    return later ? 'an admin has locked the workspace' : null;
  }

  /**
   * A faulty check must not wipe the fleet. After as many wipes as one person may order alone in a day, further wipes wait for the next
   * day.
   */
  async function wipesMustWait(): Promise<boolean> {
    const { events, devices: fleet } = await store.recent('wipe-workspace', clock.now() - DAY);
    if (events < wipeLimit(fleet)) return false;
    const detail = `Policies have wiped ${events} workspaces in 24 hours. Further wipes wait. Review the compliance list.`;
    await devices.raiseAlert({ device: null, code: 'compliance_wipes_wait', detail });
    return true;
  }

  async function noticeText(device: DeviceId): Promise<string> {
    const { failing, countdown } = await state(device);
    const lines = failing.map((setting) => `- ${isSettingId(setting) ? CATALOG[setting].title : setting}`);
    return [
      'This device does not meet a policy of your organization:',
      ...lines,
      ...countdown.map(
        ({ action, at }) => `${ACTION_TEXTS[action]} ${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC.`,
      ),
      'Correct the settings, or ask your admin. `cordon-agent policy` lists all settings.',
    ]
      .join('\n')
      .slice(0, 2000);
  }

  async function state(device: DeviceId) {
    const [effective, rows, { generation }] = await Promise.all([
      policies.effectiveFor([device]),
      store.rows([device]),
      devices.get(device),
    ]);
    const row = rows.get(device) ?? null;
    const policy = effective.get(device) ?? NO_POLICY;
    const situation = { effective: policy, generation, now: clock.now() };
    const current = stepOf(row, situation);
    const known = row?.generation === generation ? row : null;
    return {
      state: current.state,
      failing: Object.keys(current.record.failing),
      since: current.record.failing,
      taken: current.record.taken,
      countdown: current.countdown,
      reportedAt: known?.reportedAt ?? null,
      changedAt: known?.changedAt ?? null,
      results: known ? currentResults(known, policy.settings) : [],
      digest: policy.digest,
      settings: policy.settings,
    };
  }

  /** Signed statement for a proxy that admits only devices that comply. */
  async function statement(device: DeviceId): Promise<Envelope> {
    const [{ state: current }, { generation, status }] = await Promise.all([state(device), devices.get(device)]);
    if (status !== 'active') throw new CordonError('conflict', 'The enrollment of the device has ended.', { device });
    const at = clock.now();
    const admit = current === 'compliant' || current === 'in-grace';
    const { installation } = ports;
    const content = { installation, device, generation, state: current, admit, at, expires: at + STATEMENT_LIFE };
    return signEnvelope(COMPLIANCE_STATEMENT, encodeCanonical(content satisfies ComplianceStatement), [ports.online]);
  }

  async function runDue(loop: Loop): Promise<Instant | null> {
    while (!loop.stopped) {
      const due = await store.due(clock.now(), SLICE);
      for (const device of due) await work(device);
      if (due.length < SLICE) return store.nextDue();
      await new Promise(setImmediate);
    }
    return null;
  }

  /** Decides the next step of a device. Commands that wait are issued first, because the next step depends on the time of their issue. */
  async function work(device: DeviceId): Promise<void> {
    const waiting = async () => {
      const row = (await store.rows([device])).get(device);
      return row && row.outgoing.length > 0 ? row : null;
    };
    const before = await waiting();
    if (before) return issueCommands(before);
    await step(device, null, null);
    const now = await waiting();
    if (now) await issueCommands(now);
  }

  async function decide(slice: readonly DeviceId[]): Promise<void> {
    const [effective, stored] = await Promise.all([policies.effectiveFor(slice), store.rows(slice)]);
    // Most devices have neither a policy nor a stored row. The server writes only rows of the others.
    const managed = slice.filter((device) => stored.has(device) || (effective.get(device)?.settings.length ?? 0) > 0);
    // Steps that start at the same time are stored in one commit.
    await Promise.all(
      managed.map(async (device) => {
        const policy = effective.get(device);
        if (policy) await stepWith(policy, device, null, null);
      }),
    );
  }

  /** Computes the compliance of devices whose group or enrollment changed. Many simultaneous changes share queries and commits. */
  async function decideChanged(loop: Loop): Promise<void> {
    while (changed.size > 0 && !loop.stopped) {
      const slice = [...changed].slice(0, SLICE);
      for (const device of slice) changed.delete(device);
      await decide(slice);
      await new Promise(setImmediate);
    }
  }

  /** Computes the compliance of all devices, after a change of a policy and at the start of the server. */
  async function sweep(loop: Loop): Promise<void> {
    for (let last: DeviceId | null = null; !loop.stopped; ) {
      const slice: DeviceId[] = await policies.devicesAfter(last, SLICE);
      await decide(slice);
      if (slice.length < SLICE) return;
      last = slice.at(-1) ?? null;
      await new Promise(setImmediate);
    }
  }

  async function start(failed: (error: unknown) => void): Promise<() => Promise<void>> {
    const due = new Loop({ run: runDue, failed, clock, retryAfter: RETRY_AFTER });
    const whole = new Loop({ run: sweep, failed, retryAfter: RETRY_AFTER });
    const single = new Loop({ run: decideChanged, failed });
    [dueLoop, sweepLoop] = [due, whole];
    const unsubscribe = bus.subscribe((wake) => {
      if (wake.kind === 'policies') whole.request();
      const moved = wake.kind === 'device' ? [wake.device] : wake.kind === 'memberships' ? wake.devices : [];
      for (const device of moved) changed.add(device);
      if (moved.length > 0) single.request();
    });
    for (const device of await store.restricted()) restricted.add(device);
    whole.request();
    due.request();
    return async () => {
      unsubscribe();
      await Promise.all([due.stop(), whole.stop(), single.stop()]);
    };
  }

  return {
    /** Stores a device's results durably, and takes the actions that they require. */
    report: (device: DeviceId, generation: number, report: PolicyReport) => step(device, report, generation),
    state,
    statement,
    offlineShare,
    offlineLocked,
    settingChanged,
    /** True while a policy restricts messaging and mail of the device, because the device does not comply. */
    restricts: (device: DeviceId): boolean => restricted.has(device),
    start,
    /** Resolves when a change of a policy has been applied to all devices. */
    settled: async (): Promise<void> => {
      await sweepLoop?.run();
      await dueLoop?.run();
    },
    /** Throws `not_found` for an unknown policy, as `list` does. */
    counts: async (scope: Scope, policy: PolicyId | null) => {
      if (policy === null) return store.counts(scope);
      await policies.get(policy);
      return countsOfPolicy({ store, policies }, { scope, policy, now: clock.now() });
    },
    list: async ({ policy, ...query }: ComplianceQuery) => {
      if (policy === null) return store.list(query);
      await policies.get(policy);
      return listOfPolicy({ store, policies }, { ...query, policy, now: clock.now() });
    },
    events: (device: DeviceId, before: number | null) => store.events(device, before, EVENTS_SHOWN),
  };
}

const ACTION_TEXTS: Readonly<Record<Countdown['action'], string>> = {
  notify: 'Next reminder:',
  'restrict-services': 'Messages and mail stop on',
  'lock-workspace': 'The workspace is locked on',
  'wipe-workspace': 'The workspace is wiped on',
};

const WITHOUT_EFFECT: ReadonlySet<string> = new Set(['canceled', 'failed', 'expired']);

const isSame = (a: Outgoing, b: Outgoing): boolean => a.kind === b.kind && a.at === b.at;

/** Id of a command for one decision. The same decision always gives the same id, so the store issues the command only once. */
const commandIdOf = (
  device: DeviceId,
  kind: Outgoing['kind'] | 'offline-lock' | 'offline-unlock',
  at: number,
): CommandId =>
  `cmd_${base32(hash('sha256', `compliance ${device} ${kind} ${at}`, 'buffer').subarray(0, 10))}` as CommandId;
