/** Connects the disclosure desk with the modules that it needs: documents, people, orders, commands and the ledger. */

import type { InventoryKey } from '../../shared/disclosure/documents.ts';
import type { Admins } from '../admins/admins.ts';
import { PROVIDER_ROLES_LAST, withoutStaleRoles } from '../admins/provider-roles.ts';
import { isAllowed, scopeOf } from '../admins/roles.ts';
import { type Commands, DISCLOSURE_DESK } from '../commands/commands.ts';
import { createDisclosures, NOTICE_LIFE, type OrderHistory } from '../disclosures/disclosures.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Orders } from '../orders/orders.ts';
import { statementsOf, withheldIn } from '../public/statements.ts';
import { AuthorityStore } from '../store/authority-store.ts';
import { DisclosureStore } from '../store/disclosure-store.ts';
import { NoticeStore } from '../store/notice-store.ts';
import { PersonRecordStore } from '../store/person-record-store.ts';
import { TransparencyStore } from '../store/transparency-store.ts';
import type { Foundation } from './foundation.ts';

export interface DisclosureFoundation
  extends Pick<Foundation, 'database' | 'personKeys' | 'installation' | 'clock' | 'realNow' | 'bus'> {
  readonly config: Pick<Foundation['config'], 'organization' | 'statementDays'>;
  /** Published inventory of the server's keys. */
  readonly keys: readonly InventoryKey[];
}

export function connectDisclosures(
  base: DisclosureFoundation,
  {
    admins,
    orders,
    commands,
    ledger,
  }: {
    readonly admins: Pick<Admins, 'approverKeys' | 'accounts'>;
    readonly orders: Orders;
    readonly commands: Pick<Commands, 'issue'>;
    readonly ledger: Pick<Ledger, 'verifierKey' | 'proveEntry'>;
  },
) {
  const { config, database, keys, personKeys, installation, clock, realNow, bus } = base;
  const notices = new NoticeStore(database);
  return createDisclosures({
    stores: {
      disclosures: new DisclosureStore(database),
      authorities: new AuthorityStore(database),
      transparency: new TransparencyStore(database),
      records: new PersonRecordStore(database, personKeys),
    },
    documents: orders.documents,
    legal: {
      keys: async () =>
        (await admins.approverKeys()).map(({ keyid, person, publicKey, rpId }) => ({ keyid, person, publicKey, rpId })),
      people: orders.approverSets.people,
      legal: async () => legalPeople(await admins.accounts(), realNow()),
    },
    messages: {
      activeDevices: (person) => notices.activeDevices(person),
      isStored: (ids) => notices.isStored(ids),
      async send(id, device, text) {
        const command = { kind: 'message' as const, text };
        await commands.issue({ id, device, command, by: DISCLOSURE_DESK, expiresInSeconds: NOTICE_LIFE / 1000 });
      },
    },
    orders: { history: () => orderHistory(orders) },
    ledger,
    keys: () => keys,
    clock,
    bus,
    installation,
    organization: config.organization,
    statementDays: config.statementDays,
  });
}

/** People with an active account that may approve requests. Roles from the provider count only after a recent sign-in there (ADR 52). */
function legalPeople(accounts: Awaited<ReturnType<Admins['accounts']>>, now: number): ReadonlySet<string> {
  return new Set(
    accounts
      .map((account) => withoutStaleRoles(account, now, PROVIDER_ROLES_LAST.session))
      .filter(({ status, grants }) => status === 'active' && isAllowed(() => scopeOf('disclosures.approve', grants)))
      .map(({ person }) => person),
  );
}

async function orderHistory(orders: Pick<Orders, 'list' | 'adoption'>) {
  const envelope = orders.list.current()?.envelope;
  if (!envelope) return { orders: [], withheld: 0 };
  const history: OrderHistory[] = [];
  for (const { order, terms } of statementsOf(envelope)) {
    const { executions } = await orders.adoption.get(order);
    history.push({ areas: terms.areas, services: terms.services, executions });
  }
  return { orders: history, withheld: withheldIn(envelope).length };
}
