/**
 * The names behind handles. What lists people by country (a rehearsal, an evidence pack) carries handles alone; who they are is a file of its own,
 * sealed to one named recipient before it leaves this process. That it was made, for what and of how many, is in the ledger, and to whom behind a
 * commitment, which hides all of it but the file's hash while the order is kept from the public; no file is given out whose leaf is not stored.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { parseRecipient, sealTo } from '../../shared/age/seal-to.ts';
import { csvLine } from '../../shared/csv.ts';
import { keepParticulars } from '../../shared/ledger/kept-particulars.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { withheldAt } from '../../shared/order/stub.ts';
import type { AccountId, DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import type { OrderStore } from './ports.ts';
import { slices } from './rehearsal.ts';
import { readPayload } from './views.ts';

const SLICE = 500;
/** Spreadsheets take a file without it for one of their country's old character sets. */
const BYTE_ORDER_MARK = '\ufeff';

export interface NamesStore {
  /** For whom each was enrolled, whatever has become of it. */
  usersOf(devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, string>>;
  recordNames(leaf: LeafDraft<'names.sealed'>): Promise<void>;
}

export interface NamesRequest {
  readonly order: string;
  readonly revision: number;
  /** What carries the handles. */
  readonly of: 'rehearsal' | 'pack';
  /** `key`: an age recipient (`age1…`). */
  readonly recipient: { readonly name: string; readonly key: string };
  readonly by: AccountId;
}

export interface SealedNames {
  /** An age file; in it UTF-8 CSV: handle, device, name. */
  readonly bytes: Uint8Array;
  readonly devices: number;
}

export interface Annexes {
  /** Throws `invalid_input` for what is no recipient. */
  seal(request: NamesRequest, handles: ReadonlyMap<DeviceId, string>): Promise<SealedNames>;
}

export function createAnnexes({
  store,
  orders,
  clock,
}: {
  readonly store: NamesStore;
  readonly orders: Pick<OrderStore, 'revisions'>;
  readonly clock: Clock;
}): Annexes {
  /** A mere proposal can be, and an order that is stays so while a public revision of it waits. */
  async function withheld(order: string, revision: number, now: Instant): Promise<boolean> {
    const rows = await orders.revisions(order);
    const adopted = rows.findLast(({ state }) => state === 'adopted');
    return rows.some(
      (row) => (row === adopted || row.revision === revision) && withheldAt(readPayload(row.payload), now),
    );
  }

  return {
    async seal({ order, revision, of, recipient, by }, handles) {
      const key = parseRecipient(recipient.key);
      const lines = [BYTE_ORDER_MARK + csvLine(['handle', 'device', 'name'])];
      for (const some of slices([...handles], SLICE)) {
        const users = await store.usersOf(some.map(([device]) => device));
        lines.push(some.map(([device, handle]) => csvLine([handle, device, users.get(device) ?? null])).join(''));
        await turn();
      }
      const bytes = await sealTo(key, Buffer.from(lines.join('')));
      const devices = handles.size;
      const at = clock.now();
      const subject = `${by} for ${recipient.key.trim()} ${recipient.name}`;
      const digest = sha256(bytes);
      const particulars = { order, revision, of, devices };
      await store.recordNames({
        ...{ kind: 'names.sealed', at },
        ...((await withheld(order, revision, at))
          ? { ...keepParticulars({ ...particulars, subject }), public: { digest } }
          : { subject, public: { ...particulars, digest } }),
      });
      return { bytes, devices };
    },
  };
}
