/** Stores whose newest published document is read only after the high-water mark covers it (ADR 84). */
import type { StoredCrl } from '../enrollment/revocation-list.ts';
import type { StoredCheckpoint } from '../ledger/ledger.ts';
import type { StoredList } from '../orders/adoption/order-list.ts';
import type { ListChange } from '../orders/ports.ts';
import type { MarkKeeper } from '../startup/mark-keeper.ts';
import { AdoptionStore } from '../store/adoption-store.ts';
import type { Database } from '../store/database.ts';
import { LedgerStore } from '../store/ledger-store.ts';
import { RevocationStore } from '../store/revocation-store.ts';

type Cover = MarkKeeper['cover'];

export class CoveredLedgerStore extends LedgerStore {
  readonly #cover: Cover;

  constructor(database: Database, cover: Cover) {
    super(database);
    this.#cover = cover;
  }

  override async newest(): Promise<StoredCheckpoint | null> {
    const newest = await super.newest();
    if (newest) await this.#cover('ledger', newest.size);
    return newest;
  }
}

export class CoveredAdoptionStore extends AdoptionStore {
  readonly #cover: Cover;

  constructor(database: Database, cover: Cover) {
    super(database);
    this.#cover = cover;
  }

  override async list(): Promise<StoredList | null> {
    const list = await super.list();
    if (list) await this.#cover('list', list.version);
    return list;
  }

  override async appendList(change: ListChange): Promise<void> {
    await super.appendList(change);
    await this.#cover('list', change.list.version);
  }
}

export class CoveredRevocationStore extends RevocationStore {
  readonly #cover: Cover;

  constructor(database: Database, cover: Cover) {
    super(database);
    this.#cover = cover;
  }

  override async newestCrl(): Promise<StoredCrl | null> {
    const newest = await super.newestCrl();
    if (newest) await this.#cover('crl', newest.number);
    return newest;
  }
}
