/**
 * The names behind handles. What lists people by country (a rehearsal, an evidence pack) carries handles alone; who they are is a file of its own,
 * sealed to one named recipient before it leaves this process. That it was made, for what and of how many, is in the ledger, and to whom behind a
 * commitment; no file is given out whose leaf is not stored.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { parseRecipient, sealTo } from '../../shared/age/seal-to.ts';
import { csvLine } from '../../shared/csv.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { AccountId, DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { slices } from './rehearsal.ts';

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

export function createAnnexes({ store, clock }: { readonly store: NamesStore; readonly clock: Clock }): Annexes {
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
      await store.recordNames({
        kind: 'names.sealed',
        at: clock.now(),
        subject: `${by} for ${recipient.key.trim()} ${recipient.name}`,
        public: { order, revision, of, devices, digest: sha256(bytes) },
      });
      return { bytes, devices };
    },
  };
}
