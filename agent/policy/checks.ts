/** Checks of the device's settings. The agent only reads: it runs without the rights to change the system (ADR 68). */
import { setTimeout as sleep } from 'node:timers/promises';
import { homeAreaOrNull, locationOf, withParents } from '../../shared/areas/area-code.ts';
import { compareVersions } from '../../shared/inventory/compare-versions.ts';
import {
  CATALOG,
  isSettingId,
  PLATFORMS,
  type Platform,
  type ReceivedValue,
  type Setting,
  type SettingId,
} from '../../shared/policy/catalog.ts';
import type { CheckResult, CheckStatus } from '../../shared/policy/check-results.ts';
import type { PasscodeSetting } from '../../shared/policy/passcode-setting.ts';
import type { Location } from '../../shared/verdict/terms.ts';

export interface CheckOutcome {
  readonly status: CheckStatus;
  /** Text for people that says what the agent found. */
  readonly detail: string;
}

export const met = (detail: string): CheckOutcome => ({ status: 'met', detail });
export const notMet = (detail: string): CheckOutcome => ({ status: 'not-met', detail });
export const unknown = (detail: string): CheckOutcome => ({ status: 'unknown', detail });

export type Checks = { readonly [Id in SettingId]?: (value: ReceivedValue<Id>) => Promise<CheckOutcome> };

/** Makes the checks of one round. Checks of one round may share what they read. */
export type ChecksOfRound = () => Checks;

/** Setting from the server, with its value as JSON. */
export interface ReceivedSetting {
  readonly setting: string;
  readonly value: string;
}

export const LONGEST_DETAIL = 500;
/** Milliseconds for one check. Each program that a check runs has a shorter deadline. */
const CHECK_WITHIN = 120_000;

/** Runs all checks one after another, so that a round uses little of the device at a time. Never rejects. */
export async function runChecks(
  settings: readonly ReceivedSetting[],
  checks: Checks,
  platform: string,
  within = CHECK_WITHIN,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const { setting, value } of settings) {
    const { status, detail } = await runCheck({ setting, value }, checks, platform, within);
    results.push({ setting, status, detail: detail.slice(0, LONGEST_DETAIL) });
  }
  return results;
}

async function runCheck(
  { setting, value: text }: ReceivedSetting,
  checks: Checks,
  platform: string,
  within: number,
): Promise<CheckOutcome> {
  if (!isSettingId(setting))
    return notSupported('This version of the agent does not know the setting. Update the agent.');
  const { platforms, value, received = value }: Setting = CATALOG[setting];
  if (!isPlatform(platform) || !platforms.includes(platform)) {
    return notSupported(`The agent cannot check the setting on ${platform}.`);
  }
  // The entries of the catalog have different types of values. Each value was parsed with the schema of its own entry, so its type is
  // right.
  const check = checks[setting] as ((parsed: unknown) => Promise<CheckOutcome>) | undefined;
  if (!check) return notSupported(`The agent cannot check the setting on ${platform}.`);
  const parsed = received.safeParse(parseJson(text));
  if (!parsed.success) return notSupported('This version of the agent does not know the value. Update the agent.');
  const timer = new AbortController();
  const late = sleep(within, null, { signal: timer.signal }).catch(() => null);
  try {
    const outcome = await Promise.race([check(parsed.data), late]).finally(() => timer.abort());
    return outcome ?? unknown(`The check did not end within ${within / 1000} seconds.`);
  } catch (error) {
    return unknown(`The check failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export const notSupported = (detail: string): CheckOutcome => ({ status: 'not-supported', detail });
const isPlatform = (text: string): text is Platform => PLATFORMS.some((platform) => platform === text);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The text is not JSON. The result `undefined` matches no schema.
    return undefined;
  }
}

/** Checks that need only the agent itself, on every platform. */
export function agentChecks(state: {
  readonly location: () => Location;
  readonly version: string;
  /** Present log level of the agent; null if the level cannot be changed, as in a simulation. */
  readonly logLevel: () => string | null;
  /** Idle limit of the device page; undefined without a device page, as in a simulation. */
  readonly idleLimit: { get(): number | null } | undefined;
  /** Check of the workspace's offline limit in hours. */
  readonly offline: (hours: number) => Promise<CheckOutcome>;
  readonly passcode: (required: PasscodeSetting) => Promise<CheckOutcome>;
}): Checks {
  return {
    'location.areas': async (allowed) => checkLocation(allowed, state.location()),
    'workspace.offline-hours': state.offline,
    'workspace.passcode': state.passcode,
    'agent.minimum-version': async (minimum) => {
      const detail = `The agent has version ${state.version}.`;
      return compareVersions(state.version, minimum) >= 0 ? met(detail) : notMet(detail);
    },
    'page.idle-minutes': async (minutes) => {
      if (!state.idleLimit) return notSupported('This agent has no device page.');
      const current = state.idleLimit.get();
      if (current === null) return notMet('The device page has no idle limit.');
      const detail = `The device page closes after ${current} ${current === 1 ? 'minute' : 'minutes'} without input.`;
      return current <= minutes ? met(detail) : notMet(detail);
    },
    'agent.log-level': async (level) => {
      const current = state.logLevel();
      if (current === null) return notSupported('This agent has no log.');
      return current === level ? met(`The log level is ${current}.`) : notMet(`The log level is ${current}.`);
    },
  };
}

function checkLocation(allowed: readonly string[], { areas, certainty }: Location): CheckOutcome {
  if (certainty === 'unknown') return unknown('The location of the device is unknown.');
  const homes = new Set(allowed.map(homeAreaOrNull));
  const inside = areas.filter((area) =>
    withParents(locationOf(area)).some((whole) => homes.has(homeAreaOrNull(whole))),
  );
  const names = areas.join(' or ');
  if (inside.length === areas.length) return met(`The device is in ${names}.`);
  if (inside.length === 0) return notMet(`The device is in ${names}.`);
  return unknown(`The device is in ${names}, and only a part of these areas is allowed.`);
}
