/**
 * Prepares a restored store for its fleet. Devices and outsiders have seen newer documents than the backup has, and refuse older ones.
 * - All version numbers increase.
 * - The public ledger continues from a kept copy, or is suspended.
 * - Revocations in the ledger copy or in the kept revocation list are repeated.
 * - Sessions, activation codes and other rows end, because they may have been used or canceled after the backup.
 */
import { randomBytes } from 'node:crypto';
import type { Authority } from '../../certs/authority.ts';
import type { ReadCrl } from '../../certs/read-crl.ts';
import { CordonError } from '../../shared/errors.ts';
import { openOwnCheckpoint, originOrder } from '../../shared/ledger/checkpoint.ts';
import type { LedgerEntry } from '../../shared/ledger/ledger-entry.ts';
import { GrowingTree, leafHash } from '../../shared/ledger/merkle.ts';
import { parseVerifierKey } from '../../shared/ledger/signed-note.ts';
import { encodeCanonical, parseDocument } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import {
  type DeviceRecord,
  deviceRecordSchema,
  type Envelope,
  orderListSchema,
  PAYLOAD_TYPES,
} from '../../shared/order/documents.ts';
import { payloadOf, signEnvelope } from '../../shared/order/dsse.ts';
import { continuationDigest, readLedgerContinuation } from '../../shared/order/ledger-continuation.ts';
import type { ContinuationRow } from './continuations.ts';
import type { Manifest } from './manifest.ts';
import type { DocumentRestore, LedgerRestore, PublishedEntry, RestoreWork, RevokedSince } from './ports.ts';
import type { RecoveryState } from './recovery-state.ts';
import { damaged } from './tar.ts';
import { ORDER_NUMBERS, versionJump } from './version-jump.ts';

const ENTRIES_AT_ONCE = 5_000;
const RECORDS_AT_ONCE = 500;

/** A copy of the public ledger whose signatures the installation's own key has verified. */
export interface LedgerCopy {
  readonly size: number;
  readonly root: Uint8Array;
  readonly note: string;
  /**
   * Continuations of the ledger (decisions by which the ledger goes on under a new name), oldest first. The last continuation created the
   * ledger's current name, which is the name in this copy's checkpoint.
   */
  readonly continuations: readonly Envelope[];
  entries(): AsyncIterable<{ readonly index: number; readonly body: Buffer; readonly entry: LedgerEntry }>;
}

export interface PreparationOptions {
  readonly manifest: Manifest;
  readonly authority: Pick<Authority, 'online' | 'crl'>;
  readonly ledger: LedgerCopy | null;
  readonly crl: ReadCrl | null;
  readonly now: number;
  readonly realNow: number;
  /**
   * Milliseconds. `list`: lifetime of a new order list. `crl`: lifetime of a new revocation list. `crlCovers`: time for which an expired
   * certificate stays in the revocation list.
   */
  readonly lifetimes: { readonly list: number; readonly crl: number; readonly crlCovers: number };
}

export async function prepareRestoredStore(work: RestoreWork, options: PreparationOptions): Promise<RecoveryState> {
  const { manifest, authority, ledger, crl, now, realNow } = options;
  const tree = await verifiedTree(work.ledger, manifest);
  const since = ledger ? await rejoin(work.ledger, tree, ledger, now) : null;

  let revoked = 0;
  for (const each of since?.revoked ?? []) if ((await work.certificates.revoke(each, null)) !== 'already') revoked += 1;
  for (const { serial, at, reason } of crl?.revoked ?? []) {
    const entryOf = (of: string) =>
      ({ kind: 'certificate.revoked', at: now, subject: null, public: { serial: of, reason } }) as const;
    const outcome = await work.certificates.revoke({ serial, at, reason, fingerprint: null, notAfter: null }, entryOf);
    if (outcome !== 'already') revoked += 1;
  }
  await work.certificates.expect(since?.issued ?? []);
  const withdrawn = await work.rows.withdraw(now, realNow);
  await work.rows.raiseOrderNumbers(ORDER_NUMBERS, new Date(now).getUTCFullYear());

  const jump = versionJump(manifest.realAt, realNow);
  const list = await moveList(work.documents, options, Math.max(manifest.versions.list, since?.list ?? 0) + jump);
  const crlNumber = Math.max(await work.documents.newestCrl(), since?.crl ?? 0, crl?.number ?? 0) + jump;
  await moveCrl(work.documents, options, crlNumber);
  const recordFloor = await moveRecords(work.documents, authority, jump, now);

  const state: RecoveryState = {
    id: randomBytes(8).toString('hex'),
    at: manifest.at,
    realAt: manifest.realAt,
    restoredAt: now,
    from: { ...manifest.versions, ledger: manifest.ledger.size },
    to: { list, crl: crlNumber },
    recordFloor,
    ledger: ledger ? 'rejoined' : 'suspended',
    rejoined: since?.count ?? 0,
    revocations: ledger && crl ? 'both' : ledger ? 'ledger' : crl ? 'crl' : 'unknown',
    revoked,
    missing: [...(since?.adopted.values() ?? [])],
    missingApprovers: (since?.approvers ?? 0) > manifest.versions.approvers ? (since?.approvers ?? 0) : 0,
    withdrawn,
    recalled: { devices: 0, newer: 0, revisions: 0, approvers: 0 },
    notContainedSize: 0,
    closedAt: null,
    resumed: null,
    notContained: null,
    continued: null,
    reportedLoss: 0,
    conversations: await work.rows.conversations(),
  };
  await work.ledger.append({
    kind: 'server.restored',
    at: now,
    subject: null,
    public: {
      recoveryPoint: manifest.at,
      backup: manifest.ledger.size,
      rejoined: state.rejoined,
      list,
      crl: crlNumber,
    },
  });
  await work.rows.save(state);
  return state;
}

/** Hashes every entry of the backup's ledger and compares the tree with the signed checkpoint. Throws `backup_damaged`. */
async function verifiedTree(work: LedgerRestore, { ledger, installation }: Manifest): Promise<GrowingTree> {
  const tree = await GrowingTree.open(0, async () => []);
  for (;;) {
    const entries = await work.entries(tree.size, ENTRIES_AT_ONCE);
    for (const { body, hash } of entries) {
      const computed = leafHash(Buffer.from(body));
      if (computed.toString('hex') !== hash) throw damaged(`ledger entry ${tree.size} does not match its hash`);
      tree.append(computed);
    }
    if (entries.length < ENTRIES_AT_ONCE) break;
  }
  if (tree.size !== ledger.size)
    throw damaged(`the ledger has ${tree.size} entries, and the manifest says ${ledger.size}`);
  if (ledger.checkpoint === null) return tree;
  const { publicKey } = await parseVerifierKey(ledger.key);
  // A checkpoint under any name of this ledger is accepted. After a continuation, the key has the ledger's new name, but the newest
  // checkpoint may still have the old name.
  const checkpoint = await openOwnCheckpoint(ledger.checkpoint, installation, publicKey);
  if (checkpoint.size !== tree.size || !tree.root().equals(checkpoint.root)) {
    throw damaged('the ledger’s entries do not match the signed checkpoint');
  }
  return tree;
}

interface Since {
  readonly count: number;
  readonly list: number;
  readonly crl: number;
  readonly approvers: number;
  readonly adopted: Map<string, RecoveryState['missing'][number]>;
  readonly issued: { serial: string; fingerprint: string; notAfter: number }[];
  readonly revoked: RevokedSince[];
}

/**
 * Appends the entries that were published after the backup, with exactly their published bytes. Throws `proof_invalid` if the copy does not
 * continue the backup's tree.
 */
async function rejoin(work: LedgerRestore, tree: GrowingTree, copy: LedgerCopy, now: number): Promise<Since> {
  const prefix = tree.size;
  if (copy.size < prefix) {
    throw new CordonError(
      'ledger_older',
      `The copy of the ledger has ${copy.size} entries, and the backup has ${prefix}. Give a copy that is newer than the backup, or none.`,
    );
  }
  const before = tree.root();
  const waiting = new Map((await work.waiting()).map(({ id, hash }) => [hash, id]));
  const since: Since = {
    count: copy.size - prefix,
    list: 0,
    crl: 0,
    approvers: 0,
    adopted: new Map(),
    issued: [],
    revoked: [],
  };
  const numbers = { list: 0, crl: 0, approvers: 0 };
  const own = await GrowingTree.open(0, async () => []);
  let entries: PublishedEntry[] = [];
  let hashes: Parameters<LedgerRestore['addPublished']>[1][number][] = [];
  const flush = async () => {
    await work.addPublished(entries, hashes);
    [entries, hashes] = [[], []];
  };
  for await (const { index, body, entry } of copy.entries()) {
    const hash = leafHash(body);
    const nodes = own.append(hash);
    if (own.size === prefix && !own.root().equals(before)) throw otherTree();
    if (index < prefix) continue;
    hashes.push(...nodes.map(({ node, hash: of }) => ({ ...node, hash: of.toString('hex') })));
    const hex = hash.toString('hex');
    const id = waiting.get(hex);
    // The store already has this entry, because it was committed before the backup and published after it. The store's entry stays, because
    // only the store has the salt and subject of its commitment.
    if (id !== undefined) await work.setIndex(id, index);
    else entries.push({ index, kind: entry.kind, at: entry.at, body: body.toString('utf8'), hash: hex });
    summarize(entry, since, numbers);
    if (entries.length >= ENTRIES_AT_ONCE) await flush();
  }
  await flush();
  if (own.size !== copy.size || !own.root().equals(copy.root)) throw otherTree();
  if (copy.size > prefix) await work.addCheckpoint(copy.size, copy.note, now);
  for (const envelope of copy.continuations) await work.addContinuation(rowOf(envelope, now));
  const revoked = new Set(since.revoked.map(({ serial }) => serial));
  return {
    ...since,
    ...numbers,
    issued: since.issued.filter(({ serial }) => !revoked.has(serial)),
    revoked: since.revoked.map((each) => {
      const issued = since.issued.find(({ serial }) => serial === each.serial);
      return { ...each, fingerprint: issued?.fingerprint ?? null, notAfter: issued?.notAfter ?? null };
    }),
  };
}

function summarize(
  { kind, at, public: fields }: LedgerEntry,
  since: Since,
  numbers: { list: number; crl: number; approvers: number },
): void {
  const text = (name: string) => String(fields[name] ?? '');
  const number = (name: string) => Number(fields[name] ?? 0);
  switch (kind) {
    case 'certificate.issued':
      if (fields['profile'] === 'device') {
        since.issued.push({ serial: text('serial'), fingerprint: text('fingerprint'), notAfter: number('notAfter') });
      }
      return;
    case 'certificate.revoked':
      since.revoked.push({ serial: text('serial'), at, reason: number('reason'), fingerprint: null, notAfter: null });
      return;
    case 'order.adopted':
      if (/^[0-9a-f]{64}$/.test(text('digest'))) {
        since.adopted.set(text('order'), {
          order: text('order'),
          revision: number('revision'),
          digest: text('digest'),
        });
      }
      return;
    case 'order.list':
      numbers.list = Math.max(numbers.list, number('version'));
      return;
    case 'crl.issued':
      numbers.crl = Math.max(numbers.crl, number('number'));
      return;
    case 'approvers.adopted':
      numbers.approvers = Math.max(numbers.approvers, number('version'));
      return;
    default:
      return;
  }
}

function rowOf(envelope: Envelope, now: number): ContinuationRow {
  const { installation, newOrigin } = readLedgerContinuation(envelope);
  return {
    number: originOrder(installation, newOrigin) ?? 0,
    digest: continuationDigest(envelope),
    payload: Buffer.from(envelope.payload, 'base64').toString('utf8'),
    signatures: envelope.signatures,
    state: 'adopted',
    proposedAt: now,
    proposedBy: 'restore',
    adoptedAt: now,
  };
}

const otherTree = (): CordonError =>
  new CordonError(
    'proof_invalid',
    'The copy of the ledger does not begin with the entries of the backup. Give a copy of this installation that is newer than the backup, or none.',
  );

/** Signs the order list's content again under a higher version. Returns that version, or 0 if the store has no list. */
async function moveList(
  work: DocumentRestore,
  { authority: { online }, now, lifetimes }: PreparationOptions,
  version: number,
): Promise<number> {
  const before = await work.newestList();
  if (!before) return 0;
  const content = parseDocument(orderListSchema, payloadOf(before.envelope, PAYLOAD_TYPES.list));
  const expiresAt = now + lifetimes.list;
  const payload = encodeCanonical({
    ...content,
    version,
    previous: before.hash,
    issuedAt: new Date(now).toISOString(),
    expiresAt: new Date(expiresAt).toISOString(),
  });
  const hash = sha256(payload);
  await work.addList(
    { version, hash, envelope: signEnvelope(PAYLOAD_TYPES.list, payload, [online]), issuedAt: now, expiresAt },
    { kind: 'order.list', at: now, subject: null, public: { version, digest: hash, approverSet: content.approverSet } },
  );
  return version;
}

async function moveCrl(
  work: DocumentRestore,
  { authority, now, realNow, lifetimes }: PreparationOptions,
  number: number,
): Promise<void> {
  const revoked = await work.revokedNow(realNow - lifetimes.crlCovers);
  const [thisUpdate, nextUpdate] = [realNow, realNow + lifetimes.crl];
  const der = authority.crl({ number, thisUpdate, nextUpdate, revoked });
  const entries = revoked.length;
  await work.addCrl(
    { number, der, thisUpdate, nextUpdate, entries },
    { kind: 'crl.issued', at: now, subject: null, public: { number, entries, nextUpdate } },
  );
}

/** Signs all device records again under higher versions. Returns the highest version that a device may have seen. */
async function moveRecords(
  work: DocumentRestore,
  { online }: PreparationOptions['authority'],
  jump: number,
  now: number,
): Promise<number> {
  let floor = jump;
  let after = '';
  for (;;) {
    const rows = await work.records(after, RECORDS_AT_ONCE);
    const last = rows.at(-1);
    if (!last) return floor;
    after = last.device;
    const moved = rows.map(({ device, envelope }) => {
      const stored = parseDocument(deviceRecordSchema, payloadOf(envelope, PAYLOAD_TYPES.record));
      const record: DeviceRecord = { ...stored, version: stored.version + jump, issuedAt: new Date(now).toISOString() };
      floor = Math.max(floor, record.version);
      return {
        device,
        version: record.version,
        envelope: signEnvelope(PAYLOAD_TYPES.record, encodeCanonical(record), [online]),
      };
    });
    await work.saveRecords(moved);
  }
}
