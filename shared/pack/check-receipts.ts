/**
 * What devices have said, each signed by the key of a certificate that leads to the root certificate which the public root names. A receipt is
 * signed over the device's id, a random handle of this installation, so the id stands in it; whose device it is stands nowhere in a pack.
 */
import { X509Certificate } from 'node:crypto';
import type { z } from 'zod';
import { CordonError } from '../errors.ts';
import { type Envelope, RECEIPT_KINDS, type Receipt } from '../order/documents.ts';
import { keyidOf, type VerifyingKey } from '../order/dsse.ts';
import { readReceipt } from '../order/receipt.ts';
import { readBase64 } from '../strict-base64.ts';
import type { PackRevision } from './check-approvals.ts';
import { need, type PackFiles, readFile, signerOf } from './check-files.ts';
import { type Findings, plural } from './findings.ts';
import { AUTHORITY, MOST_OF_A_KIND, numbered, numberIn, receiptsSchema, SILENT, silentSchema } from './format.ts';
import type { PublicRoot } from './public-root.ts';

/** RFC 5280, section 4.2.1.12: only a device's certificate has it here. */
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

interface DeviceKey extends VerifyingKey {
  readonly device: string;
  readonly generation: number;
}

/** The certificates of one device by the id of their key. A device may have enrolled again with the key that it had. */
type DeviceKeys = ReadonlyMap<string, { readonly key: DeviceKey; readonly enrollments: ReadonlySet<string> }>;

const enrollmentOf = ({ device, generation }: Pick<DeviceKey, 'device' | 'generation'>) => `${device} ${generation}`;

function keysById(keys: readonly DeviceKey[]): DeviceKeys {
  const groups = Map.groupBy(keys, ({ keyid }) => keyid);
  return new Map(
    groups
      .entries()
      .flatMap(([keyid, group]) =>
        group.slice(0, 1).map((key) => [keyid, { key, enrollments: new Set(group.map(enrollmentOf)) }] as const),
      ),
  );
}

export interface ReceiptFacts {
  readonly pinned: PublicRoot;
  readonly order: string;
  readonly revisions: readonly PackRevision[];
  /** Revision → the first public list in which it stood. */
  readonly listed: ReadonlyMap<number, number>;
}

const fingerprint = (certificate: X509Certificate) => certificate.fingerprint256.replaceAll(':', '').toLowerCase();
const issued = (certificate: X509Certificate, by: X509Certificate) =>
  certificate.checkIssued(by) && certificate.verify(by.publicKey);

function readCertificate(bytes: Buffer, what: string): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch (cause) {
    throw new CordonError('document_malformed', `${what} is no certificate.`, {}, cause);
  }
}

/** The certificate that devices' certificates must be issued by. */
function checkAuthority(files: PackFiles, pinned: PublicRoot): X509Certificate {
  const root = readCertificate(need(files, AUTHORITY.root), AUTHORITY.root);
  if (fingerprint(root) !== pinned.authority) {
    throw new CordonError(
      'fingerprint_mismatch',
      `${AUTHORITY.root} is not the root certificate that the public root names.`,
    );
  }
  const issuing = readCertificate(need(files, AUTHORITY.issuing), AUTHORITY.issuing);
  if (!issuing.ca || !issued(issuing, root)) {
    throw new CordonError('certificate_wrong_profile', `${AUTHORITY.issuing} is not issued by the root certificate.`);
  }
  return issuing;
}

function deviceKey(der: string, issuing: X509Certificate): DeviceKey {
  const bytes = readBase64(der);
  const certificate = readCertificate(Buffer.from(bytes ?? []), 'what should be a device’s certificate');
  const [, device, generation] =
    /^URI:urn:cordon:device:(dev_[a-z2-7]{16}):([1-9][0-9]{0,9})$/.exec(certificate.subjectAltName ?? '') ?? [];
  const named = device !== undefined && certificate.subject === `CN=${device}`;
  const forDevices = certificate.keyUsage?.includes(CLIENT_AUTH) === true && !certificate.ca;
  if (!named || !forDevices || !issued(certificate, issuing)) {
    throw new CordonError(
      'certificate_wrong_profile',
      'a certificate is not one that this installation gave to a device',
    );
  }
  const key = certificate.publicKey;
  return { keyid: keyidOf(key), key, device, generation: Number(generation) };
}

/** Throws, saying why, unless the receipt is this device's word on this order. */
function checkReceipt(
  envelope: Envelope,
  keys: DeviceKeys,
  facts: ReceiptFacts,
  revisions: ReadonlySet<number>,
): Receipt {
  const receipt = readReceipt(envelope);
  const signer = keys.get(envelope.signatures[0]?.keyid ?? '');
  const key = signer && signerOf(envelope, [signer.key]);
  if (!key) {
    throw new CordonError('signature_invalid', 'a receipt is not signed by a certificate’s key of the device');
  }
  if (!signer.enrollments.has(enrollmentOf(receipt))) {
    throw new CordonError(
      'signature_invalid',
      `a receipt of ${receipt.device} is signed by another device, ${key.device}`,
    );
  }
  if (receipt.installation !== facts.pinned.installation || receipt.order !== facts.order) {
    throw new CordonError(
      'document_wrong_type',
      `a receipt is about order ${receipt.order} of ${receipt.installation}`,
    );
  }
  if (!revisions.has(receipt.revision)) {
    throw new CordonError('document_wrong_type', `a receipt is about revision ${receipt.revision}, which is not here`);
  }
  const listed = facts.listed.get(receipt.revision);
  if (listed !== undefined && receipt.listVersion < listed) {
    const said = `list ${receipt.listVersion} as the source of revision ${receipt.revision}, which stood in none before list ${listed}`;
    throw new CordonError('document_wrong_type', `a receipt names ${said}`);
  }
  return receipt;
}

/** Gives the handles of devices that say that they wiped themselves, and by which revisions. */
export function checkReceipts(
  files: PackFiles,
  facts: ReceiptFacts,
  say: Findings,
): ReadonlyMap<string, ReadonlySet<number>> {
  const before = say.failures;
  const issuing = say.try(AUTHORITY.root, () => checkAuthority(files, facts.pinned));
  const revisions = new Set(facts.revisions.map(({ number }) => number));
  const handles = new Set<string>();
  const ids = new Set<string>();
  const devices = new Map<Receipt['kind'], Set<string>>(RECEIPT_KINDS.map((kind) => [kind, new Set()]));
  const wiped = new Map<string, ReadonlySet<number>>();
  let count = 0;
  let omitted = 0;
  let repeating = 0;
  const numbers = [...files.keys()].flatMap((name) => numberIn('receipts', name) ?? []).sort((a, b) => a - b);
  for (const number of numbers) {
    const name = numbered('receipts', number);
    for (const group of say.try(name, () => readFile(files, name, receiptsSchema)) ?? []) {
      const receipts = say.try(name, () => receiptsOf(group, issuing, facts, revisions), group.device);
      const id = receipts?.[0]?.device;
      if (handles.has(group.device)) say.failed(name, `${name}: ${group.device} stands here twice.`);
      if (id !== undefined && ids.has(id))
        say.failed(name, `${name}: ${group.device} is a device that has another handle.`);
      handles.add(group.device);
      if (id !== undefined) ids.add(id);
      count += receipts?.length ?? 0;
      omitted += group.omitted ?? 0;
      if (group.omitted !== undefined) repeating += 1;
      for (const { kind } of receipts ?? []) devices.get(kind)?.add(group.device);
      const wipes = (receipts ?? []).filter(({ kind }) => kind === 'wiped').map(({ revision }) => revision);
      if (wipes.length > 0) wiped.set(group.device, new Set(wipes));
    }
  }
  if (say.failures === before) {
    const kinds = RECEIPT_KINDS.map((kind) => `${devices.get(kind)?.size} ${kind}`).join(', ');
    say.proven(
      `${plural(count, 'receipt')} of ${plural(handles.size, 'device')} on this order (devices that say: ${kinds}), each signed by a key that this installation certified for the device.`,
    );
  }
  if (omitted > 0) {
    say.unproven(
      `What ${plural(repeating, 'device')} said in ${plural(omitted, 'more receipt')}: of a device that says the same kind of thing again and again, the pack has the first ${MOST_OF_A_KIND / 2} and the last ${MOST_OF_A_KIND / 2}. The server keeps all, by its own word.`,
    );
  }
  checkSilent(files, handles, say);
  return wiped;
}

/** All of one device, or none of them. */
function receiptsOf(
  { certificates, receipts }: z.infer<typeof receiptsSchema>[number],
  issuing: X509Certificate | null,
  facts: ReceiptFacts,
  revisions: ReadonlySet<number>,
): Receipt[] {
  if (!issuing) return [];
  const keys = certificates.map((der) => deviceKey(der, issuing));
  if (new Set(keys.map(({ device }) => device)).size > 1) {
    throw new CordonError('document_wrong_type', 'its certificates are those of different devices');
  }
  if (new Set(receipts.map(({ payload }) => payload)).size < receipts.length) {
    throw new CordonError('document_wrong_type', 'a receipt stands here twice');
  }
  const byId = keysById(keys);
  return receipts.map((envelope) => checkReceipt(envelope, byId, facts, revisions));
}

function checkSilent(files: PackFiles, answered: ReadonlySet<string>, say: Findings): void {
  const read = say.try(SILENT, () => readFile(files, SILENT, silentSchema));
  if (!read) return;
  const { reached, silent } = read;
  const twice = silent.find((handle, index) => answered.has(handle) || handle <= (silent[index - 1] ?? ''));
  if (twice !== undefined) say.failed(SILENT, `${SILENT}: ${twice} has answered, or stands here twice.`);
  say.unproven(
    `Whom the order reached and who never answered: ${plural(reached, 'device')} and ${plural(silent.length, 'device')} by the server’s own word, of those whom it denied something when it came into force or would when the pack was made. Who came under it in between, and was gone before the pack was made, is not among them. A receipt that the server lost, or never passed on, looks the same.`,
  );
}
