/**
 * Work of the demo's admins on their fleet: dynamic groups, policies, an advisory, labels, a saved view and a job. All of it goes through the
 * API, so the activity log names these admins.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { issuedToMany } from '../../shared/api/commands.ts';
import { deviceActionResult } from '../../shared/api/device-actions.ts';
import { newDeviceView, savedDeviceView } from '../../shared/api/device-views.ts';
import { groupView } from '../../shared/api/groups.ts';
import { jobView } from '../../shared/api/jobs.ts';
import { policyVersionView, policyView } from '../../shared/api/policies.ts';
import { isCordonError } from '../../shared/errors.ts';
import type { PolicyDocument } from '../../shared/policy/policy-document.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Caller } from '../support/people.ts';
import { FIXED_OPENSSL } from './machines.ts';

const DAY = 24 * 3_600_000;
const MONTH_HOURS = 30 * 24;
const NOTIFY = { action: 'notify', afterHours: 0 } as const;
const STAGE_PERCENT = 30;
const LOOK_EVERY = 20;
/** Longest wait for the second wave. The job then runs on without a pause. */
const SECOND_WAVE_WITHIN = 5_000;

/** A failed check of this policy has no grace period, so the device drifts at once. */
const BASELINE: PolicyDocument = {
  settings: { 'disk.encryption': true, 'firewall.enabled': true },
  compliance: { graceHours: 0, actions: [NOTIFY, { action: 'restrict-services', afterHours: MONTH_HOURS }] },
};

/** A failed check of this policy has a grace period of two weeks. */
const RELEASES: PolicyDocument = {
  settings: { 'os.minimum': { debian: '13', ubuntu: '24.04' } },
  compliance: { graceHours: 14 * 24, actions: [NOTIFY] },
};

const advisoryAt = (now: Instant) => ({
  id: 'DEMO-1',
  published: new Date(now - 9 * DAY).toISOString(),
  modified: new Date(now - 6 * DAY).toISOString(),
  summary: 'openssl: security update (invented for this demo)',
  details: 'A crafted message could end a program that uses OpenSSL.',
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H' }],
  affected: FIXED_OPENSSL.map(([ecosystem, fixed]) => ({
    package: { ecosystem, name: 'openssl' },
    ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }],
  })),
});

/** Labels, with the devices that get them: every `step`th device from `first`. */
const LABELS = [
  { label: 'loan', first: 1, step: 9 },
  { label: 'front desk', first: 2, step: 17 },
  { label: 'executive', first: 3, step: 23 },
];

/** `fleet`: admin of the fleet. `offices`: static groups of all simulated devices. */
export async function prepareManagement(given: {
  readonly owner: Caller;
  readonly fleet: Caller;
  readonly offices: readonly string[];
  readonly now: Instant;
}): Promise<void> {
  const { owner, fleet, offices, now } = given;
  const group = (name: string, expression: string) => fleet.call('POST', '/groups', groupView, { name, expression });
  const create = async (name: string, document: PolicyDocument, groups: readonly string[]) => {
    const { id } = await fleet.call('POST', '/policies', policyView, { name, document });
    await fleet.call('POST', `/policies/${id}/rollout`, policyView, { version: 1, percent: 100 });
    await fleet.call('POST', `/policies/${id}/groups`, policyView, { groups });
    return id;
  };

  await owner.raw('POST', '/advisories', Buffer.from(JSON.stringify(advisoryAt(now))));
  const apt = await group('Debian and Ubuntu', 'os.id == "debian" || os.id == "ubuntu"');
  await group('Loan devices', '"loan" in labels');
  await create('Workstation baseline', BASELINE, offices);
  const releases = await create('Supported releases', RELEASES, [apt.id]);
  await fleet.call('POST', `/policies/${releases}/versions`, policyVersionView, {
    after: 1,
    document: { ...RELEASES, settings: { ...RELEASES.settings, 'updates.automatic': true } },
    note: 'Requires automatic updates.',
  });
  await fleet.call('POST', `/policies/${releases}/rollout`, policyView, { version: 2, percent: STAGE_PERCENT });
  const view = { name: 'Not compliant', shared: true, filter: { compliance: 'not-compliant', status: 'active' } };
  await fleet.call('POST', '/device-views', savedDeviceView, newDeviceView.parse(view));
}

export async function assignLabels(owner: Caller, devices: readonly DeviceId[]): Promise<void> {
  for (const { label, first, step } of LABELS) {
    const labeled = devices.filter((_, index) => index % step === first).slice(0, 1_000);
    if (labeled.length > 0)
      await owner.call('POST', '/device-actions/label', deviceActionResult, { devices: labeled, add: [label] });
  }
}

/** Marks a device as missing, and retires another one. */
export async function markDevices(
  { owner, fleet }: { readonly owner: Caller; readonly fleet: Caller },
  { missing, retired }: { readonly missing: readonly DeviceId[]; readonly retired: readonly DeviceId[] },
): Promise<void> {
  if (missing.length > 0)
    await fleet.call('POST', '/device-actions/mark-missing', deviceActionResult, { devices: missing });
  if (retired.length > 0) {
    const body = { devices: retired, expect: retired.length };
    await owner.call('POST', '/device-actions/retire', deviceActionResult, body);
  }
}

/** Starts a job in three waves, and pauses it when the second wave starts. In a small fleet, the job may end before the pause. */
export async function startJob(fleet: Caller): Promise<void> {
  const { id } = await fleet.call('POST', '/commands', issuedToMany, {
    command: { kind: 'refresh-inventory' },
    filter: { connected: true },
    name: 'Inventory before the audit',
    waves: [{ percent: 10 }, { percent: 60 }],
    gate: 100,
  });
  const deadline = performance.now() + SECOND_WAVE_WITHIN;
  while ((await fleet.call('GET', `/jobs/${id}`, jobView)).released < 2) {
    if (performance.now() > deadline) return;
    await pause(LOOK_EVERY);
  }
  const reason = 'The next wave waits for the end of the business day.';
  try {
    await fleet.call('POST', `/jobs/${id}/pause`, jobView, { reason });
  } catch (error) {
    if (!isCordonError(error, 'job_ended')) throw error;
  }
}
