/**
 * Evidence packs. A pack is one file with everything that the operator can prove about an order. Anyone can verify a pack without access to
 * the server (`shared/pack/verify-pack.ts`). The server itself signs only the manifest.
 */
import { CordonError } from '../../../shared/errors.ts';
import { type ApproverSet, readApproverSet } from '../../../shared/order/approvers.ts';
import { encodeCanonical } from '../../../shared/order/canonical.ts';
import { sha256 } from '../../../shared/order/digest.ts';
import { signEnvelope } from '../../../shared/order/dsse.ts';
import { MANIFEST, type Manifest, packTypeOf } from '../../../shared/pack/format.ts';
import type { PublicRoot } from '../../../shared/pack/public-root.ts';
import { ZipWriter } from '../../../shared/pack/zip.ts';
import { type AccountId, newPackId, type PackId } from '../../../shared/protocol/ids.ts';
import type { StoredCheckpoint } from '../../ledger/ledger.ts';
import { orderOf } from '../adoption/stored-orders.ts';
import { json } from './pack-file.ts';
import { PackFiles } from './pack-files.ts';
import type { MadePack, PackPorts } from './pack-ports.ts';
import { takeSnapshot } from './pack-snapshot.ts';
import { createNamesSealer, type NamesRequest, type SealedNames } from './sealed-names.ts';

const SHOWN = 50;

export interface Packs {
  /** Public keys that auditors need to verify packs; null before an approver set is adopted. */
  publicRoot(): PublicRoot | null;
  /**
   * Writes an evidence pack as a stream of bytes. `since` is the tree size of a checkpoint that the reader has: the pack proves that the
   * ledger only grew after this checkpoint. Throws `approvers_required` before an approver set is adopted, and `not_found` for an unknown
   * order or checkpoint.
   */
  make(
    order: string,
    by: AccountId,
    since?: number,
  ): Promise<{ readonly pack: PackId; readonly content: AsyncIterable<Buffer> }>;
  made(order: string): Promise<readonly MadePack[]>;
  /**
   * Names of the devices' users, by the handles (device pseudonyms) in a pack, encrypted for one recipient. Throws `not_found` for an
   * unknown pack, and `invalid_input` for an invalid recipient.
   */
  names(pack: PackId, request: Omit<NamesRequest, 'of'>): Promise<SealedNames>;
}

export function createPacks(ports: PackPorts): Packs {
  const { store, packs, ledger, installation, organization, clock } = ports;
  const names = createNamesSealer({ store: ports.names, orders: ports.orders, clock });
  let first: ApproverSet | null = null;

  function publicRoot(): PublicRoot | null {
    const [envelope] = ports.approverSets();
    first ??= envelope ? readApproverSet(envelope) : null;
    if (!first) return null;
    const { authority } = ports;
    return { installation, authority: authority.fingerprint, approvers: first.digest, ledger: ledger.firstVerifierKey };
  }

  async function* contentOf(order: string, pack: PackId, root: PublicRoot, since: StoredCheckpoint | null) {
    await ports.effect.recordExecutions();
    const snapshot = await takeSnapshot(order, ports);
    // Read the clock after the snapshot of the ledger, so that no ledger entry in the pack has a later time than the pack.
    const madeAt = new Date(clock.now()).toISOString();
    const content = new PackFiles(ports, { id: pack, order, root, since, snapshot, madeAt, organization });
    const zip = new ZipWriter();
    const files: Manifest['files'] = [];
    for await (const [name, written] of content.all()) {
      const bytes = Buffer.from(written);
      files.push({ name, bytes: bytes.length, sha256: sha256(bytes) });
      yield zip.add({ name, bytes });
    }
    const { cldr = '', tz = '' } = process.versions;
    const software = { cordon: ports.version, cldr, tz };
    const manifest: Manifest = { installation, order, pack, madeAt, organization, software, files };
    const type = packTypeOf(files.map(({ name }) => name));
    const envelope = signEnvelope(type, encodeCanonical(manifest), [ports.online]);
    yield zip.add({ name: MANIFEST, bytes: Buffer.from(json(envelope)) });
    yield zip.end();
  }

  return {
    publicRoot,
    make: async (order, by, since) => {
      await orderOf(ports.orders, order);
      const root = publicRoot();
      if (!root) throw new CordonError('approvers_required', 'There is no approver set yet.');
      const reason = ledger.resting();
      if (reason !== null) {
        throw new CordonError(
          'ledger_unavailable',
          `The public ledger is suspended after a restore, because ${reason}. No entry can be proved, so no pack can be made. Resume or continue the ledger first: cordon recovery show.`,
        );
      }
      const known = since === undefined ? null : await store.checkpointOver(since - 1);
      if (since !== undefined && known?.size !== since) {
        throw new CordonError(
          'not_found',
          `This ledger has no checkpoint of ${since} entries. Check that the checkpoint comes from this ledger.`,
        );
      }
      const pack = newPackId();
      await packs.recordPack({ pack, order, by, at: clock.now() });
      return { pack, content: contentOf(order, pack, root, known) };
    },
    made: (order) => packs.packs(order, SHOWN),
    names: async (pack, request) => {
      const handles = await packs.handles(request.order, pack);
      if (!handles) throw new CordonError('not_found', `No pack ${pack} of order ${request.order} was made.`);
      return names.seal({ ...request, of: 'pack' }, handles);
    },
  };
}
