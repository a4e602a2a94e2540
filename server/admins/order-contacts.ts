import { parseScopeArea } from '../../shared/areas/area-code.ts';
import type { AccountId } from '../../shared/protocol/ids.ts';
import { oneLine } from '../../shared/text/visible-text.ts';
import type { Account } from './ports.ts';
import { type Grant, isAllowed, requireAreas, scopeOf } from './roles.ts';

export interface OrderContact {
  readonly id: AccountId;
  readonly name: string;
  readonly email: string;
}

interface Mail {
  readonly subject: string;
  readonly text: string;
}

export function createOrderContacts(ports: {
  readonly accounts: () => Promise<readonly Account[]>;
  readonly send: ((mail: Mail & { readonly to: { name: string; address: string } }) => Promise<void>) | null;
}) {
  const { accounts, send } = ports;
  return {
    /** Active accounts whose role may record an answer to an authority, for orders in the given areas. */
    responsible: async (areas: readonly string[]): Promise<OrderContact[]> =>
      (await accounts()).filter(({ status, grants }) => status === 'active' && mayRecord(grants, areas)),
    mail: () =>
      send &&
      (({ name, email }: OrderContact, mail: Mail) => send({ to: { name: oneLine(name), address: email }, ...mail })),
    spellingsOf: async (people: ReadonlySet<string>): Promise<string[]> =>
      (await accounts()).filter(({ person }) => people.has(person)).flatMap(({ name, email }) => [name, email]),
  };
}

const mayRecord = (grants: readonly Grant[], areas: readonly string[]): boolean =>
  isAllowed(() => requireAreas(scopeOf('orders.record', grants), areas.map(parseScopeArea)));
