/** Words of the activity log: actions, outcomes and sources of an entry. */

import type { ActivityEntryView } from '../../../shared/api/activity.ts';
import { COMMAND_NAMES } from '../../../shared/api/command-names.ts';
import { problemOf } from '../../../shared/api/problems.ts';
import { CordonError, ERROR_CODES } from '../../../shared/errors.ts';
import { COMMAND_KINDS, type CommandKind } from '../../../shared/protocol/command-kinds.ts';
import { alertName } from '../words/devices.ts';

const EVENT_NAMES: Readonly<Record<string, string>> = {
  'device.enrolled': 'Device enrolled',
  'device.revoked': 'Device revoked',
  'device.unenrolled': 'Device unenrolled',
  'device.deleted': 'Device record deleted after its retention period',
  'device.active': 'Device active again',
  'device.workspace-locked': 'Workspace locked',
  'device.workspace-unlocked': 'Workspace unlocked',
  'device.workspace-wiped': 'Workspace wiped',
  'device.order-enforced': 'Device enforced an order',
  'device.service-restored': 'Device restored a service',
  'lost-mode.ended-by-user': 'Lost mode ended by the user of the device',
  'lost-mode.expired': 'Lost mode expired',
  'lost-mode.ended-with-enrollment': 'Lost mode ended with the enrollment',
  'lost-mode.ended-earlier': 'Lost mode had ended before the server was restored',
  'tokens.use': 'Use an API token',
};

/** Kind of the target that states the sent command. The title states it too, so the list of targets omits it. */
export const COMMAND_KIND = 'command-kind';

const isCommandKind = (id: string): id is CommandKind => (COMMAND_KINDS as readonly string[]).includes(id);

/** Name of the sent command, such as “Wipe workspace”; null for other actions. */
function commandIn(targets: ActivityEntryView['targets']): string | null {
  const id = targets.find(({ kind }) => kind === COMMAND_KIND)?.id;
  return id === undefined ? null : isCommandKind(id) ? COMMAND_NAMES[id] : id;
}

export function actionName({
  action,
  title,
  targets,
}: Pick<ActivityEntryView, 'action' | 'title' | 'targets'>): string {
  const command = commandIn(targets);
  if (command !== null) return `Command “${command}” to ${action === 'commands.issue' ? 'a device' : 'many devices'}`;
  // Only the first sentence of a route's summary names the action. The further sentences explain the API.
  if (title !== null) return title.split('. ', 1)[0] ?? title;
  if (action.startsWith('alert.')) return `Alert: ${alertName(action.slice('alert.'.length))}`;
  return EVENT_NAMES[action] ?? action;
}

export interface OutcomeWords {
  readonly label: string;
  readonly color: 'green' | 'red' | 'yellow' | 'gray';
}

export function outcomeWords(outcome: string | null): OutcomeWords | null {
  switch (outcome) {
    case null:
      return { label: 'In progress', color: 'gray' };
    case 'ok':
      return null;
    case 'unknown':
      return { label: 'Outcome unknown', color: 'yellow' };
    case 'second_person_required':
      return { label: 'Waiting for a second person', color: 'yellow' };
  }
  const code = ERROR_CODES.find((known) => known === outcome);
  return { label: `Refused: ${code ? problemOf(new CordonError(code, '')).title : outcome}`, color: 'red' };
}

export function actorName({ actor }: Pick<ActivityEntryView, 'actor'>): string {
  if (actor.name !== null) return actor.name;
  if (actor.id !== null) return actor.id;
  return actor.kind === 'server' ? 'Server' : 'Not signed in';
}

/** Source of a request: address, credential and program. Null if the caller may not see it, or if there is none. */
export function sourceWords({ via, credential, address, agent }: ActivityEntryView): string | null {
  if (address === null && credential === null) return null;
  const through =
    via === null ? null : via === 'token' ? `API token ${credential ?? ''}` : `session ${credential ?? ''}`;
  return [address && `from ${address}`, through, agent && programName(agent)].filter(Boolean).join(' · ');
}

const BROWSERS = [
  ['Edge', /\bEdg\//],
  ['Firefox', /\bFirefox\//],
  ['Chrome', /\b(Headless)?Chrome\//],
  ['Safari', /\bSafari\//],
] as const;
const SYSTEMS = [
  ['Android', /\bAndroid\b/],
  ['iOS', /\b(iPhone|iPad)\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMac OS X\b/],
  ['Linux', /\bLinux\b/],
] as const;

/** Short name of a browser, such as “Firefox on Linux”. Programs of other kinds keep their own text. Exports have the full text. */
export function programName(agent: string): string {
  const browser = BROWSERS.find(([, sign]) => sign.test(agent))?.[0];
  if (browser === undefined) return agent;
  const system = SYSTEMS.find(([, sign]) => sign.test(agent))?.[0];
  return system === undefined ? browser : `${browser} on ${system}`;
}
