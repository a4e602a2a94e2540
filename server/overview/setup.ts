/** Steps from a new installation to an installation that can carry out an order, in sequence. The functions are pure. */
import type { Overview } from '../../shared/api/overview.ts';

export type Setup = NonNullable<Overview['setup']>;

export interface SetupFacts {
  /** People who have an active account with password and authenticator. */
  readonly people: number;
  readonly approversAdopted: boolean;
  readonly codeCreated: boolean;
  readonly deviceConnected: boolean;
  readonly backupScheduled: boolean;
}

export function setupOf(facts: SetupFacts): Setup {
  return [
    { step: 'owner_secured', done: facts.people >= 1 },
    { step: 'second_person', done: facts.people >= 2 },
    { step: 'approver_set', done: facts.approversAdopted },
    { step: 'activation_code', done: facts.codeCreated },
    { step: 'device_connected', done: facts.deviceConnected },
    { step: 'backup_scheduled', done: facts.backupScheduled },
  ];
}
