/**
 * Encrypted files that name the users behind device pseudonyms in impact previews and evidence packs (files for auditors). Each file has
 * one recipient. The file's ledger entry contains the recipient as a salted hash. For an order that is withheld from the public, the entry
 * shows only the file's hash.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { parseRecipient, sealTo } from '../../../shared/age/seal-to.ts';
import { csvLine } from '../../../shared/csv.ts';
import type { EntryDraft } from '../../../shared/ledger/ledger-entry.ts';
import { withholdParticulars } from '../../../shared/ledger/withheld-particulars.ts';
import { sha256 } from '../../../shared/order/digest.ts';
import { withheldAt } from '../../../shared/order/stub.ts';
import type { AccountId, DeviceId } from '../../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import { readPayload } from '../adoption/revision-payload.ts';
import { slices } from '../impact/rehearsal.ts';
import type { OrderStore } from '../ports.ts';

const SLICE = 500;
/** Without a byte order mark, spreadsheet programs do not read the file as UTF-8. */
const BYTE_ORDER_MARK = '\ufeff';

export interface NamesStore {
  /** Names of the users of the devices. Devices whose enrollment has ended are included. */
  usersOf(devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, string>>;
  recordNames(entry: EntryDraft<'names.sealed'>): Promise<void>;
}

export interface NamesRequest {
  readonly order: string;
  readonly revision: number;
  readonly of: 'rehearsal' | 'pack';
  /** Recipient of the file. `key` is an age recipient (`age1…`). */
  readonly recipient: { readonly name: string; readonly key: string };
  readonly by: AccountId;
}

export interface SealedNames {
  /**
   * Encrypted file (age format) that tells its recipient which device and user each device pseudonym stands for. The decrypted file is CSV
   * in UTF-8 with the columns handle (pseudonym), device and name (of the user).
   */
  readonly bytes: Uint8Array;
  readonly devices: number;
}

export interface NamesSealer {
  seal(request: NamesRequest, handles: ReadonlyMap<DeviceId, string>): Promise<SealedNames>;
}

export function createNamesSealer({
  store,
  orders,
  clock,
}: {
  readonly store: NamesStore;
  readonly orders: Pick<OrderStore, 'revisions'>;
  readonly clock: Clock;
}): NamesSealer {
  /**
   * True if the given revision or the adopted revision is withheld. An order with a withheld adopted revision thus remains withheld while a
   * public revision of it is pending.
   */
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
        kind: 'names.sealed',
        at,
        ...((await withheld(order, revision, at))
          ? { ...withholdParticulars({ ...particulars, subject }), public: { digest } }
          : { subject, public: { ...particulars, digest } }),
      });
      return { bytes, devices };
    },
  };
}
