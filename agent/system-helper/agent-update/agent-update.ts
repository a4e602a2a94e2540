/**
 * Updates of the agent from its channel. The installation restarts the agent that asked for it, so each request returns at once, and the
 * work continues in the helper. The helper keeps its own code until the new agent has connected, and otherwise returns to the former version.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Envelope } from '../../../shared/order/documents.ts';
import { newCommandId } from '../../../shared/protocol/ids.ts';
import { formatOf, type OwnPackage } from '../../../shared/software/own-package.ts';
import { AGENT_PACKAGE, fits } from '../../../shared/software/update-channel.ts';
import type { Changes } from '../changes.ts';
import type { MachinePolicy } from '../machine-policy.ts';
import { type PackageFiles, statementOf } from '../package-files.ts';
import { HelperRefusal, type HelperRequest, type HelperResponse } from '../requests.ts';
import { decide } from './decide.ts';
import type { UpdateRecord, UpdateRecords } from './update-record.ts';

export interface AgentUpdatePorts {
  readonly records: UpdateRecords;
  readonly policy: Pick<MachinePolicy, 'settings' | 'ownPackages'>;
  readonly changes: Pick<Changes, 'make'>;
  readonly files: Pick<PackageFiles, 'path' | 'find' | 'receive'>;
  /** Version and architecture of the installed package; null if dpkg does not have it. */
  readonly installed: () => Promise<{ readonly version: string; readonly architecture: string } | null>;
  /** Milliseconds in which the new agent must connect. Time in which the machine sleeps does not count. */
  readonly confirmWithin: number;
  /** Starts the service of the agent, which a version that ended by itself has left stopped. */
  readonly startAgent: () => Promise<unknown>;
  /** Called when an update has ended, so that the helper can start again with its new code. */
  readonly onSettled: () => void;
  readonly now: () => number;
  readonly log: (text: string) => void;
}

type UpdateRequest = Extract<HelperRequest, { op: 'update-agent' }>;

export interface AgentUpdate {
  handle(request: UpdateRequest): Promise<HelperResponse>;
  /** Stores a package of the agent that a signer of the machine policy has signed. */
  receive(envelope: Envelope, from: Socket): Promise<HelperResponse>;
  /** Continues an update that a crash has interrupted. Call once, at the start. */
  resume(): void;
  /** Resolves when no change runs. */
  idle(): Promise<void>;
}

const SETTING = 'agent.update-channel';
const NOT_PERMITTED = `The owner of the device does not permit updates of the agent. The owner can add "${SETTING}" to "settings" and the keys of the signers to "ownPackages" in system.json, and restart cordon-agent-system.`;

const CHANGED_SINCE = 'Another program has changed the package of the agent since its update.';

export function createAgentUpdate(ports: AgentUpdatePorts): AgentUpdate {
  const { records, policy, changes, files, now, log } = ports;
  let work: Promise<void> = Promise.resolve();
  let isLate = false;
  let timer: NodeJS.Timeout | undefined;

  const isPermitted = () => policy.settings.includes(SETTING) && policy.ownPackages !== undefined;

  function write(record: UpdateRecord, change: Partial<UpdateRecord>): UpdateRecord {
    const next = { ...record, ...change, at: now() };
    records.write(next);
    log(`update of the agent from ${next.from} to ${next.to}: ${next.state}. ${next.detail}`);
    return next;
  }

  /** Verified statements of the agent's packages for this architecture, with their envelopes. */
  function packagesIn(envelopes: readonly Envelope[], architecture: string) {
    return envelopes.flatMap((envelope): { readonly envelope: Envelope; readonly statement: OwnPackage }[] => {
      const statement = agentStatement(envelope);
      return fits(statement, architecture) ? [{ envelope, statement }] : [];
    });
  }

  function agentStatement(envelope: Envelope): OwnPackage {
    const statement = statementOf(policy, envelope);
    if (statement.name === AGENT_PACKAGE && formatOf(statement) === 'deb') return statement;
    throw new HelperRefusal('not_permitted', `An update channel has only the Debian package ${AGENT_PACKAGE}.`);
  }

  /** False for an earlier package whose signer the owner of the device has removed. It must not prevent an update. */
  function isVerified(envelope: Envelope): boolean {
    try {
      agentStatement(envelope);
      return true;
    } catch {
      return false;
    }
  }

  function settle(record: UpdateRecord, change: Partial<UpdateRecord>): void {
    clearTimeout(timer);
    isLate = false;
    write(record, change);
    ports.onSettled();
  }

  /** Starts the time in which the new agent must connect. The timer of Node stands still while the machine sleeps. */
  function watch(): void {
    clearTimeout(timer);
    isLate = false;
    timer = setTimeout(() => {
      isLate = true;
      void look().catch((error: unknown) => log(String(error)));
    }, ports.confirmWithin);
  }

  /** Rolls back at the end of the time, without a request of the agent. */
  async function look(): Promise<void> {
    const record = records.read();
    if (record?.state !== 'waiting') return;
    const installed = (await ports.installed())?.version ?? null;
    if (installed !== record.to) settle(record, { state: 'failed', detail: CHANGED_SINCE });
    else begin(write(record, { state: 'rolling-back', detail: lateDetail(record) }));
  }

  function lateDetail({ to }: UpdateRecord): string {
    const minutes = Math.max(1, Math.round(ports.confirmWithin / 60_000));
    return `The agent ${to} did not connect within ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`;
  }

  /** Continues in the background with the step that the record names. */
  function begin(record: UpdateRecord): void {
    const step = record.state === 'rolling-back' ? returnToFormer : install;
    work = work
      .then(() => step(record))
      .catch((error: unknown) => settle(record, { state: 'failed', detail: String(error) }));
  }

  async function install(record: UpdateRecord): Promise<void> {
    const { change, envelope } = record;
    const response = await changes.make(
      { op: 'install-package', attempt: newCommandId(), change, envelope },
      'update-channel',
    );
    if (response.outcome === 'failed') return settle(record, { state: 'failed', detail: response.detail });
    write(record, { state: 'waiting' });
    watch();
  }

  async function returnToFormer(record: UpdateRecord): Promise<void> {
    const request = { op: 'roll-back', attempt: newCommandId(), change: record.rollback, of: record.change } as const;
    const response = await changes.make(request, 'update-channel');
    await ports.startAgent();
    const result =
      response.outcome === 'done'
        ? `The device returned to ${record.from}.`
        : `The device could not return to ${record.from}. ${response.detail}`;
    settle(record, { state: 'failed', detail: `${record.detail} ${result}`.slice(0, 1000) });
  }

  /** Digests of the packages that the helper lacks: the target, and the installed version for a rollback. */
  function missing(wanted: OwnPackage, former: readonly OwnPackage[], installed: string): string[] {
    const present = former.find(({ version }) => version === installed);
    const isLacking = present !== undefined && files.find('deb', AGENT_PACKAGE, installed) === null;
    return [...(isLacking ? [present.sha256] : []), ...(existsSync(files.path(wanted)) ? [] : [wanted.sha256])];
  }

  function response(detail: string, more: { needs?: string[] } = {}): HelperResponse {
    const record = records.read();
    return {
      outcome: 'agent-update',
      waits: record?.state === 'waiting',
      applied: record?.state === 'done',
      needs: more.needs ?? [],
      detail,
    };
  }

  async function handle({ target, instance, connected }: UpdateRequest): Promise<HelperResponse> {
    const record = records.read();
    const found = await ports.installed();
    const isAllowed = isPermitted();
    // The end of an update needs no channel. A channel with a wrong signature must not prevent the confirmation.
    const isOpen = record !== null && record.state !== 'done' && record.state !== 'failed';
    const channel = isAllowed && !isOpen && found ? target : null;
    const wanted = channel && found ? packagesIn(channel.packages, found.architecture)[0] : undefined;
    const former =
      channel && found
        ? packagesIn(channel.former.filter(isVerified), found.architecture).map(({ statement }) => statement)
        : [];
    const decision = decide({
      installed: found?.version ?? null,
      target: wanted && target ? { version: wanted.statement.version, revision: target.revision } : null,
      former: former.map(({ version }) => version),
      record,
      instance,
      connected,
      isLate,
      now: now(),
    });
    if (record && decision === 'confirm') {
      settle(record, { state: 'done', detail: '' });
      return response('');
    }
    if (record && decision === 'forget') {
      settle(record, { state: 'failed', detail: CHANGED_SINCE });
      return response(CHANGED_SINCE);
    }
    if (record && decision === 'roll-back') begin(write(record, { state: 'rolling-back', detail: lateDetail(record) }));
    if (decision === 'wait' || decision === 'roll-back') {
      const state = records.read()?.state;
      if (state === 'installing') return response('The device installs the package.');
      if (state === 'rolling-back')
        return response(`${record?.detail ?? ''} The device returns to the former version.`.trim());
      return response('The new version is installed, and has not connected yet.');
    }
    if (!isAllowed) return response(target ? NOT_PERMITTED : '');
    if (decision === 'offline') return response('The device installs the version when it is connected.');
    if (decision === 'held') return response(record?.detail ?? '');
    if (decision === 'none' || !wanted || !target || !found) return response('');
    const needs = missing(wanted.statement, former, found.version);
    if (needs.length > 0) return response('The device downloads the package.', { needs });
    const isRetry = record?.to === wanted.statement.version && record.revision === target.revision;
    const next: UpdateRecord = {
      change: randomUUID(),
      rollback: randomUUID(),
      envelope: wanted.envelope,
      from: found.version,
      to: wanted.statement.version,
      revision: target.revision,
      instance,
      state: 'installing',
      attempts: isRetry ? record.attempts + 1 : 1,
      detail: '',
      at: now(),
    };
    begin(write(next, {}));
    return response('The device installs the package.');
  }

  // Requests follow each other, so that two of them cannot begin two installations.
  let last: Promise<unknown> = Promise.resolve();
  return {
    handle(request) {
      const result = last.then(() => handle(request));
      last = result.catch(() => undefined);
      return result;
    },
    async receive(envelope, from) {
      if (!isPermitted()) throw new HelperRefusal('not_permitted', NOT_PERMITTED);
      await files.receive(agentStatement(envelope), from);
      return response('');
    },
    resume() {
      const record = records.read();
      if (record?.state === 'waiting') watch();
      else if (record?.state === 'installing' || record?.state === 'rolling-back') begin(record);
    },
    async idle() {
      clearTimeout(timer);
      await work;
      clearTimeout(timer);
    },
  };
}
