/** The organization's countersignatures on messaging keys. A device whose messaging key is countersigned is a verified device. */
import { CordonError } from '../../shared/errors.ts';
import type { ApproverSet } from '../../shared/order/approvers.ts';
import { isCountersignature } from '../../shared/order/messaging-certificate.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { countersignaturesOf, type SettledApproverSet } from './organization-keys.ts';
import type { CountersignatureStore, KeyRow, LedgerPort, ListedKey, Log, MemberScope, NewSignature } from './ports.ts';

export interface Countersignature {
  readonly digest: string;
  readonly keyid: string;
  readonly signature: string;
}

export interface Countersigned {
  /** Number of valid signatures in the request, including signatures that were already stored. */
  readonly countersigned: number;
  readonly refused: readonly { readonly digest: string; readonly code: string; readonly detail: string }[];
}

export interface KeyPage {
  readonly keys: readonly (ListedKey & { readonly countersignedBy: readonly string[] })[];
  readonly cursor: string | null;
}

export interface ListKeys {
  readonly waiting: boolean;
  readonly lacking: string | null;
  readonly group: string | null;
  readonly scope: MemberScope;
  readonly cursor: string | null;
  readonly limit: number;
}

export interface CountersignaturesPorts {
  readonly store: CountersignatureStore;
  readonly settled: SettledApproverSet;
  readonly ledger: Pick<LedgerPort, 'sequence'>;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}

export function createCountersignatures({ store, settled, ledger, bus, clock, log }: CountersignaturesPorts) {
  async function list({ cursor, ...query }: ListKeys): Promise<KeyPage> {
    const approverSet = await settled();
    const found = await store.list({
      ...query,
      after: cursor === null ? null : readCursor(cursor),
      limit: query.limit + 1,
    });
    const keys = found.slice(0, query.limit);
    const last = keys.at(-1);
    return {
      keys: keys.map((key) => ({
        ...key,
        countersignedBy: countersignaturesOf(key, approverSet).map(({ keyid }) => keyid),
      })),
      cursor: found.length > keys.length && last ? `${last.certifiedAt} ${last.device}` : null,
    };
  }

  async function countersign(submitted: readonly Countersignature[], scope: MemberScope): Promise<Countersigned> {
    const organizationKeys = (await settled())?.organizationKeys ?? [];
    if (organizationKeys.length === 0) {
      throw new CordonError(
        'conflict',
        'The approver set names no organization key. Propose an approver set with one (cordon approvers propose --organization-key) and let approvers sign it.',
      );
    }
    const digests = [...new Set(submitted.map(({ digest }) => digest))];
    const present = await store.present(digests, scope);
    const { valid, refused } = judgeCountersignatures(submitted, present, organizationKeys);
    if (valid.length > 0) {
      const at = clock.now();
      await store.sign(valid.map(({ key, keyid, signature }) => organizationSignature(key, keyid, signature, at)));
      // Waits until the ledger has sequenced the entries, because devices request proofs as soon as they are notified of the change.
      await ledger
        .sequence()
        .catch((error: unknown) => log.error({ err: error }, 'ledger entries wait for the sequencer'));
      bus.publish({ kind: 'members', people: [...new Set(valid.map(({ key }) => key.person))] });
    }
    return { countersigned: valid.length, refused };
  }

  /** Number of keys that wait for a countersignature. `possible`: an organization key exists. */
  async function waiting(scope: MemberScope) {
    const approverSet = await settled();
    return { count: await store.waiting(scope), possible: (approverSet?.organizationKeys.length ?? 0) > 0 };
  }

  return { list, countersign, waiting };
}

interface ValidCountersignature {
  readonly key: KeyRow;
  readonly keyid: string;
  readonly signature: string;
}

/**
 * Checks each signature separately, so that an invalid signature does not block valid ones. `present`: keys of devices within the admin's
 * scope. The function is pure.
 */
function judgeCountersignatures(
  submitted: readonly Countersignature[],
  present: readonly KeyRow[],
  organizationKeys: ApproverSet['organizationKeys'],
): { readonly valid: readonly ValidCountersignature[]; readonly refused: Countersigned['refused'] } {
  const keys = new Map(present.map((key) => [key.digest, key]));
  const signers = new Map(organizationKeys.map((key) => [key.keyid, key]));
  const refused: Countersigned['refused'][number][] = [];
  const valid: ValidCountersignature[] = [];
  for (const { digest, keyid, signature } of submitted) {
    const refuse = (code: string, detail: string) => void refused.push({ digest, code, detail });
    const key = keys.get(digest);
    const signer = signers.get(keyid);
    if (!key)
      refuse('not_found', 'No device that your role includes has this key. The device has ended or enrolled again.');
    else if (!signer) refuse('approver_unknown', 'The approver set does not name this organization key.');
    else if (!isCountersignature(key.payload, signer, signature))
      refuse('signature_invalid', 'The signature does not match the exact bytes of this certificate.');
    else valid.push({ key, keyid, signature });
  }
  return { valid, refused };
}

function organizationSignature(key: KeyRow, keyid: string, signature: string, at: number): NewSignature {
  const entry = {
    kind: 'messaging-key.countersigned',
    at,
    subject: key.device,
    public: { digest: key.digest, keyid },
  } as const;
  return { key, keyid, role: 'organization', signature, entry };
}

function readCursor(text: string): { certifiedAt: number; device: string } {
  const [, certifiedAt, device] = /^(\d{1,15}) (dev_[a-z2-7]{16})$/.exec(text) ?? [];
  if (certifiedAt !== undefined && device !== undefined) return { certifiedAt: Number(certifiedAt), device };
  throw new CordonError('invalid_input', 'The cursor belongs to another list. Start without a cursor.', {
    field: 'cursor',
  });
}
