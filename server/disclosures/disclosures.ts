/**
 * Disclosure desk (ADR 54): answers lawful requests about one account at a time, refuses everything wider, and reports both in public. No
 * other module reads the encrypted records of people.
 */
import type { DisclosureDetail } from '../../shared/api/disclosures.ts';
import type { InventoryKey } from '../../shared/disclosure/documents.ts';
import { CordonError } from '../../shared/errors.ts';
import { createSerialQueue } from '../../shared/loops/serial-queue.ts';
import type { DisclosureId, PersonId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { createAuthorities } from './authorities.ts';
import { inventoryDigest } from './key-inventory.ts';
import { createNotices } from './notices.ts';
import type {
  AuthorityStore,
  DisclosureStore,
  DocumentsPort,
  LegalPeople,
  NoticePort,
  PersonRecords,
} from './ports.ts';
import { createPreview } from './preview.ts';
import { createProduction } from './production.ts';
import { createRefusals } from './refusals.ts';
import type { Viewer } from './request-views.ts';
import { createRequests } from './requests.ts';
import { createStatements } from './statements.ts';
import { createTransparency } from './transparency.ts';
import type { OrdersPort, ProofPort, TransparencyStore } from './transparency-ports.ts';

export { APPROVALS } from './approval-decision.ts';
export { keyInventory } from './key-inventory.ts';
export { NOTICE_LIFE } from './notices.ts';
export type { DocumentsPort, LegalPeople } from './ports.ts';
export type { Viewer } from './request-views.ts';
export type { OrderHistory } from './transparency-ports.ts';

export interface DisclosuresPorts {
  readonly stores: {
    readonly disclosures: DisclosureStore;
    readonly authorities: AuthorityStore;
    readonly transparency: TransparencyStore;
    readonly records: PersonRecords;
  };
  readonly documents: DocumentsPort;
  readonly legal: LegalPeople;
  readonly messages: NoticePort;
  readonly orders: OrdersPort;
  readonly ledger: ProofPort;
  readonly keys: () => readonly InventoryKey[];
  readonly clock: Clock;
  readonly bus: Pick<Bus, 'publish' | 'subscribe'>;
  readonly installation: string;
  readonly organization: string;
  readonly statementDays: number;
}

export type Disclosures = ReturnType<typeof createDisclosures>;

export function createDisclosures(ports: DisclosuresPorts) {
  const { stores, documents, legal, messages, orders, ledger, keys, clock, bus, installation, organization } = ports;
  const { disclosures: store } = stores;
  const changed = () => bus.publish({ kind: 'disclosures' });
  const queue = createSerialQueue();
  const refusals = createRefusals({ store, clock, keyInventory: () => inventoryDigest(keys()), changed });
  const requests = createRequests({
    store,
    authorities: stores.authorities,
    documents,
    legal,
    refusals,
    clock,
    installation,
    changed,
  });
  const production = createProduction({
    store,
    authorities: stores.authorities,
    records: stores.records,
    legal,
    clock,
  });
  const preview = createPreview({ store, records: stores.records, legal, clock });
  const statements = createStatements({
    store: stores.transparency,
    legal,
    clock,
    installation,
    organization,
    keys,
    days: ports.statementDays,
    changed,
  });
  const notices = createNotices({ store, messages, clock, bus, changed });

  return {
    authorities: createAuthorities({
      store: stores.authorities,
      names: store.names.bind(store),
      legal,
      clock,
      changed,
    }),
    refusals: { page: refusals.page },
    documents,
    requests: {
      ...requests,
      draft: (...args: Parameters<typeof requests.draft>) => queue(() => requests.draft(...args)),
      narrow: (...args: Parameters<typeof requests.narrow>) => queue(() => requests.narrow(...args)),
      approve: (...args: Parameters<typeof requests.approve>) => queue(() => requests.approve(...args)),
    },
    async preview(by: PersonId, id: DisclosureId, page: { readonly offset: number; readonly limit: number }) {
      const record = await queue(async () => {
        const found = await requests.find(id);
        await preview.admit(found, by);
        return found;
      });
      return preview.read(record, page);
    },

    async produce(viewer: Viewer, id: DisclosureId): Promise<DisclosureDetail> {
      await queue(async () => production.produce(await requests.find(id), viewer.person));
      changed();
      notices.wake();
      return requests.show(id, viewer);
    },

    /** Returns the sealed file. The download can be repeated, because only the authority can decrypt the file. */
    async sealedFile(id: DisclosureId): Promise<Buffer> {
      await requests.find(id);
      const content = await store.sealed(id);
      if (content) return content;
      throw new CordonError(
        'disclosure_not_approved',
        'The request has no production yet. Produce it: cordon disclosures produce.',
      );
    },

    statements: {
      ...statements,
      propose: (...args: Parameters<typeof statements.propose>) => queue(() => statements.propose(...args)),
      sign: (...args: Parameters<typeof statements.sign>) => queue(() => statements.sign(...args)),
    },
    transparency: createTransparency({
      store: stores.transparency,
      orders,
      ledger,
      clock,
      installation,
      organization,
      keys,
    }),
    start: notices.start,
    runNotices: notices.run,
  };
}
