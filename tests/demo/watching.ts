/**
 * Work of the demo's admins that watches the fleet: notifications into a file, an alert, a reviewed script that ran on an office, and a live
 * query. Devices answer through the real protocol, with invented content.
 */
import { accountList, invitationView } from '../../shared/api/accounts.ts';
import { issuedToMany } from '../../shared/api/commands.ts';
import { liveQueryView } from '../../shared/api/live-queries.ts';
import { createdChannel, notificationRuleView, queuedDelivery } from '../../shared/api/notifications.ts';
import { scriptSettings, scriptVersionList, scriptVersionView, scriptView } from '../../shared/api/scripts.ts';
import { signScriptPayload } from '../../shared/order/approver-key.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Approver, Caller, Person } from '../support/people.ts';

const QUERY_SECONDS = 60;

const SCRIPT = {
  name: 'Free space on the system disk',
  purpose: 'Finds devices whose system disk is almost full, before updates fail on them.',
  interpreter: 'sh',
  text: '#!/bin/sh\nset -eu\n# Prints the use of the system disk.\ndf -h /\n',
  seconds: 30,
  memory: 64,
  output: 16,
  days: 180,
} as const;

/** Channel and rules whose notifications go into a file of the server, because the demo connects to no other machine. */
export async function prepareNotifications(owner: Caller): Promise<void> {
  const sink = { type: 'file', name: 'Operations log', file: 'operations' };
  const { channel } = await owner.call('POST', '/notifications/channels', createdChannel, sink);
  const rule = (name: string, condition: object, repeatHours: number | null = null) =>
    owner.call('POST', '/notifications/rules', notificationRuleView, {
      name,
      condition,
      repeatHours,
      channels: [channel.id],
    });
  await rule('Approvals that wait', { kind: 'approval-pending' }, 24);
  await rule('Devices that do not comply', { kind: 'device-not-compliant' });
  await rule('Failed commands', { kind: 'job-failed' });
  await owner.call('POST', `/notifications/channels/${channel.id}/test`, queuedDelivery, {});
}

/** Creates a link for a new password, which raises an alert: anyone with the link could sign in as this person. */
export async function raiseAlert(owner: Person, name: string): Promise<void> {
  const { accounts } = await owner.api.call('GET', '/accounts', accountList);
  const account = accounts.find((one) => one.name === name);
  if (account) await owner.browser.call('POST', `/accounts/${account.id}/invitation`, invitationView);
}

/** Switches scripts on. One person writes a script, an approver reviews it, and it runs on the devices. */
export async function runScript(
  { owner, author, reviewer }: { readonly owner: Person; readonly author: Caller; readonly reviewer: Approver },
  devices: readonly DeviceId[],
): Promise<void> {
  await owner.browser.call('POST', '/script-settings', scriptSettings, { on: true });
  const { id } = await author.call('POST', '/scripts', scriptView, SCRIPT);
  const { versions } = await author.call('GET', `/scripts/${id}/versions`, scriptVersionList);
  for (const { version, digest, payload } of versions) {
    const { keyid } = reviewer.key;
    const body = { digest, keyid, signature: signScriptPayload(reviewer.key, payload) };
    await reviewer.api.call('POST', `/scripts/${id}/versions/${version}/reviews`, scriptVersionView, body);
  }
  if (devices.length === 0) return;
  const command = { kind: 'run-script', script: id, version: 1 };
  await author.call('POST', '/commands', issuedToMany, { command, devices, name: SCRIPT.name });
}

/** Asks connected devices for a process. The server keeps the answers for an hour. */
export async function askDevices(asker: Caller, devices: readonly DeviceId[]): Promise<void> {
  if (devices.length === 0) return;
  const query = { kind: 'processes', name: 'firefox' };
  await asker.call('POST', '/queries', liveQueryView, { query, devices, seconds: QUERY_SECONDS });
}
