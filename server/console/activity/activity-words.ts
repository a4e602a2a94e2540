/** Words of the activity log: actions, outcomes and sources of an entry. */
import type { ActivityEntryView } from '../../../shared/api/activity.ts';
import { problemOf } from '../../../shared/api/problems.ts';
import { CordonError, ERROR_CODES } from '../../../shared/errors.ts';
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

export function actionName({ action, title }: Pick<ActivityEntryView, 'action' | 'title'>): string {
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
  return [address && `from ${address}`, through, agent].filter(Boolean).join(' · ');
}
