/**
 * Update channel of the agent. The agent compares its package with the channel, downloads the packages that the system helper asks for, and
 * tells the helper when it is connected. The helper decides and installs (`agent/system-helper/agent-update`).
 */
import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { versionOrder } from '../../shared/inventory/version-order.ts';
import type { CheckResult } from '../../shared/policy/check-results.ts';
import type { OwnPackage } from '../../shared/software/own-package.ts';
import {
  type ChannelTarget,
  channelTargetSchema,
  fits,
  unverifiedStatement,
} from '../../shared/software/update-channel.ts';
import { verifyPackage } from '../../shared/software/verify-package.ts';
import type { HelperResponse } from '../system-helper/requests.ts';
import type { SoftwarePorts } from '../work/software.ts';
import { HelperAbsent } from '../work/system-helper-client.ts';
import {
  type CheckOutcome,
  LONGEST_DETAIL,
  met,
  notMet,
  notSupported,
  type ReceivedSetting,
  unknown,
} from './checks.ts';
import type { InstalledAgent } from './installed-agent.ts';

/** Milliseconds for which a round of checks waits for the helper. A helper that stops answers only after its restart. */
const PATIENCE = 60_000;
const SETTING = 'agent.update-channel';
const NO_HELPER = 'The device cannot update the agent, because the system helper is not installed.';

export interface AgentUpdatePorts extends Pick<SoftwarePorts, 'ask' | 'download' | 'approverKeys'> {
  readonly installed: () => Promise<InstalledAgent | null>;
  readonly isConnected: () => boolean;
  /** Random value of this process. */
  readonly instance: string;
  /** Called when another round of checks is useful. */
  readonly onProgress: () => void;
}

export interface AgentUpdate {
  /** Asks the helper about the channel in these settings. Returns after the response, and never rejects. */
  work(settings: readonly ReceivedSetting[]): Promise<void>;
  check(target: ChannelTarget): Promise<CheckOutcome>;
  complete(result: CheckResult): CheckResult;
  /** True if the helper waits for a connected agent. */
  waits(): boolean;
  /** Ends the wait for a response. */
  stop(): void;
}

/** Compares the installed package with the channel. Pure. */
export function compareWithChannel(
  installed: InstalledAgent | null,
  { channel, packages, former }: ChannelTarget,
): CheckOutcome {
  if (!installed) {
    return notSupported('The agent was not installed as the package cordon-agent, so the device cannot update it.');
  }
  const { version, architecture } = installed;
  const fitting = (list: ChannelTarget['packages']): OwnPackage[] =>
    list.flatMap((envelope) => unverifiedStatement(envelope) ?? []).filter((each) => fits(each, architecture));
  const [wanted] = fitting(packages);
  if (!wanted) return unknown(`The channel ${channel} has no version for ${architecture}. The agent has ${version}.`);
  const order = versionOrder('dpkg')(wanted.version, version);
  if (order === 0) return met(`The agent has ${version}, as the channel ${channel}.`);
  if (order < 0 && fitting(former).every((each) => each.version !== version)) {
    return met(`The agent has ${version}, which is newer than ${wanted.version} of the channel ${channel}.`);
  }
  return notMet(`The agent has ${version}, the channel ${channel} has ${wanted.version}.`);
}

export function createAgentUpdate(ports: AgentUpdatePorts): AgentUpdate {
  const { ask, download, approverKeys, installed, isConnected, instance, onProgress } = ports;
  let found: Extract<HelperResponse, { outcome: 'agent-update' }> | null = null;
  let problem = '';
  let hasAsked = false;
  let isDownloading = false;
  let running: Promise<void> | null = null;
  const stopped = new AbortController();

  async function request(target: ChannelTarget | null): Promise<void> {
    try {
      take(target, await ask({ op: 'update-agent', target, instance, connected: isConnected() }));
    } catch (error) {
      found = null;
      hasAsked ||= error instanceof HelperAbsent;
      problem = error instanceof HelperAbsent ? NO_HELPER : `The system helper did not answer: ${String(error)}.`;
    }
  }

  function take(target: ChannelTarget | null, response: HelperResponse): void {
    hasAsked = true;
    if (response.outcome === 'agent-update') {
      [found, problem] = [response, response.detail];
      if (target && response.needs.length > 0) startDownload(target, response.needs);
    } else {
      found = null;
      problem = `The system helper refused the update. ${response.outcome === 'failed' ? response.detail : ''}`.trim();
    }
  }

  /** Downloads in the background, because the bandwidth of the server is limited. A failed download continues in a later round. */
  function startDownload(target: ChannelTarget, needs: readonly string[]): void {
    if (isDownloading) return;
    isDownloading = true;
    void offer(target, needs)
      .then(onProgress, (error: unknown) => {
        problem = `The package could not be downloaded. ${error instanceof Error ? error.message : String(error)}`;
      })
      .finally(() => {
        isDownloading = false;
      });
  }

  async function offer({ packages, former }: ChannelTarget, needs: readonly string[]): Promise<void> {
    for (const envelope of [...former, ...packages]) {
      const statement = unverifiedStatement(envelope);
      if (!statement || !needs.includes(statement.sha256)) continue;
      // The signer of an earlier package may have left the approver set. The helper verifies each package with its own list of signers.
      if (packages.includes(envelope)) verifyPackage(envelope, approverKeys());
      const file = await download(statement);
      const response = await ask({ op: 'offer-agent', envelope }, file);
      rmSync(file, { force: true });
      if (response.outcome === 'failed') throw new Error(response.detail);
    }
  }

  return {
    async work(settings) {
      const value = settings.find(({ setting }) => setting === SETTING)?.value;
      const target = value === undefined ? null : (channelTargetSchema.safeParse(JSON.parse(value)).data ?? null);
      // Without a channel, the agent asks once, because the helper may wait for it after an update.
      if (target === null && hasAsked && !found?.waits) return;
      running ??= request(target).finally(() => {
        running = null;
      });
      const answered = new AbortController();
      const signal = AbortSignal.any([answered.signal, stopped.signal]);
      // The delay rejects when it is aborted.
      const late = delay(PATIENCE, undefined, { ref: false, signal }).catch(() => undefined);
      await Promise.race([running, late]);
      answered.abort();
    },
    check: async (target) => compareWithChannel(await installed(), target),
    complete(result) {
      if (result.setting !== SETTING) return result;
      if (result.status === 'met') return found?.applied ? { ...result, applied: true } : result;
      if (result.status === 'not-supported') return result;
      return { ...result, detail: `${result.detail} ${problem}`.trim().slice(0, LONGEST_DETAIL) };
    },
    waits: () => found?.waits === true,
    stop: () => stopped.abort(),
  };
}
