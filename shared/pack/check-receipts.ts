/**
 * Check of receipts in an evidence pack. The key of a device certificate must have signed each receipt. The certificate chain must end at
 * the root certificate whose hash is in the public root (document with the keys that auditors need). Receipts contain the random device id,
 * never a user's name.
 */
import { X509Certificate } from 'node:crypto';
import type { z } from 'zod';
import { CordonError } from '../errors.ts';
import { type Envelope, RECEIPT_KINDS, type Receipt } from '../order/documents.ts';
import { keyidOf, type VerifyingKey } from '../order/dsse.ts';
import { readReceipt } from '../order/receipt.ts';
import { readBase64 } from '../strict-base64.ts';
import { need, type PackFiles, readFile, signerOf } from './check-files.ts';
import { type Findings, plural } from './findings.ts';
import { AUTHORITY, MOST_OF_A_KIND, numbered, numberIn, receiptsSchema, SILENT, silentSchema } from './format.ts';
import type { PackRevision } from './pack-content.ts';
import type { PublicRoot } from './public-root.ts';
import { provesAffected, type ReceiptCounts, tallyReceipts } from './receipt-tally.ts';

/**
 * Extended key usage for TLS clients (RFC 5280, section 4.2.1.12). Of all certificates that an installation issues, only device
 * certificates contain this usage.
 */
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

interface DeviceKey extends VerifyingKey {
  readonly device: string;
  readonly generation: number;
}

/** Certificates of one device by key identifier. A device that enrolled again may have two certificates with one key. */
type DeviceKeys = ReadonlyMap<string, { readonly key: DeviceKey; readonly enrollments: ReadonlySet<string> }>;

const MOST_LISTS_NAMED = 10;

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
  /** Adopted revisions, oldest first. */
  readonly adopted: readonly PackRevision[];
  /** Version of the first public order list that contains each revision, by revision number. */
  readonly listed: ReadonlyMap<number, number>;
}

const fingerprint = (certificate: X509Certificate) => certificate.fingerprint256.replaceAll(':', '').toLowerCase();
const issued = (certificate: X509Certificate, by: X509Certificate) =>
  certificate.checkIssued(by) && certificate.verify(by.publicKey);

function readCertificate(bytes: Buffer, what: string): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch (cause) {
    throw new CordonError('document_malformed', `${what} is not a certificate.`, {}, cause);
  }
}

function checkAuthority(files: PackFiles, pinned: PublicRoot): X509Certificate {
  const root = readCertificate(need(files, AUTHORITY.root), AUTHORITY.root);
  if (fingerprint(root) !== pinned.authority) {
    throw new CordonError('fingerprint_mismatch', `${AUTHORITY.root} is not the root certificate of the public root.`);
  }
  const issuing = readCertificate(need(files, AUTHORITY.issuing), AUTHORITY.issuing);
  if (!issuing.ca || !issued(issuing, root)) {
    throw new CordonError('certificate_wrong_profile', `${AUTHORITY.issuing} is not issued by the root certificate.`);
  }
  return issuing;
}

function deviceKey(der: string, issuing: X509Certificate): DeviceKey {
  const bytes = readBase64(der);
  const certificate = readCertificate(Buffer.from(bytes ?? []), 'a device certificate');
  const [, device, generation] =
    /^URI:urn:cordon:device:(dev_[a-z2-7]{16}):([1-9][0-9]{0,9})$/.exec(certificate.subjectAltName ?? '') ?? [];
  const named = device !== undefined && certificate.subject === `CN=${device}`;
  const forDevices = certificate.keyUsage?.includes(CLIENT_AUTH) === true && !certificate.ca;
  if (!named || !forDevices || !issued(certificate, issuing)) {
    throw new CordonError(
      'certificate_wrong_profile',
      'a certificate is not a device certificate of this installation',
    );
  }
  const key = certificate.publicKey;
  return { keyid: keyidOf(key), key, device, generation: Number(generation) };
}

/**
 * Returns a receipt after verification. Throws an error with the reason unless a certified key of the device signed the receipt, and the
 * receipt is about the expected order.
 */
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
    throw new CordonError('signature_invalid', 'a receipt is not signed by a certified key of the device');
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
    throw new CordonError(
      'document_wrong_type',
      `a receipt is about revision ${receipt.revision}, which the pack lacks`,
    );
  }
  const listed = facts.listed.get(receipt.revision);
  if (listed !== undefined && receipt.listVersion < listed) {
    const named = `list ${receipt.listVersion} as the source of revision ${receipt.revision}, which stood in none before list ${listed}`;
    throw new CordonError('document_wrong_type', `a receipt names ${named}`);
  }
  return receipt;
}

export interface CheckedReceipts {
  readonly counts: ReceiptCounts;
  /** For each device pseudonym, the revisions that made the device wipe itself, according to the device's receipts. */
  readonly wiped: ReadonlyMap<string, ReadonlySet<number>>;
  /**
   * Numbers of all affected devices, and of affected devices that never sent a receipt, by the server's statement. Null if the file with
   * these numbers is missing or malformed.
   */
  readonly silent: { readonly affected: number; readonly silent: number } | null;
}

export function checkReceipts(files: PackFiles, facts: ReceiptFacts, findings: Findings): CheckedReceipts {
  const before = findings.failures;
  const issuing = findings.try(AUTHORITY.root, () => checkAuthority(files, facts.pinned));
  const revisions = new Set(facts.revisions.map(({ number }) => number));
  const handles = new Set<string>();
  const ids = new Set<string>();
  const devices = new Map<Receipt['kind'], Set<string>>(RECEIPT_KINDS.map((kind) => [kind, new Set()]));
  const wiped = new Map<string, ReadonlySet<number>>();
  const provenAffected: string[] = [];
  const lists = new Map<number, number>();
  const tally = tallyReceipts(
    new Map(facts.adopted.map(({ number, revision }) => [number, Date.parse(revision.terms.effective)])),
  );
  let count = 0;
  let omitted = 0;
  let repeating = 0;
  const numbers = [...files.keys()].flatMap((name) => numberIn('receipts', name) ?? []).sort((a, b) => a - b);
  for (const number of numbers) {
    const name = numbered('receipts', number);
    for (const group of findings.try(name, () => readFile(files, name, receiptsSchema)) ?? []) {
      const receipts = findings.try(name, () => receiptsOf(group, issuing, facts, revisions), group.device);
      const id = receipts?.[0]?.device;
      if (handles.has(group.device)) findings.failed(name, `${name} lists ${group.device} twice.`);
      if (id !== undefined && ids.has(id))
        findings.failed(name, `${name}: the device ${group.device} already has another handle.`);
      handles.add(group.device);
      if (id !== undefined) ids.add(id);
      count += receipts?.length ?? 0;
      omitted += group.omitted ?? 0;
      if (group.omitted !== undefined) repeating += 1;
      for (const { kind, listVersion } of receipts ?? []) {
        devices.get(kind)?.add(group.device);
        lists.set(listVersion, (lists.get(listVersion) ?? 0) + 1);
      }
      if (receipts && receipts.length > 0) tally.add(receipts.map((each) => ({ ...each, at: Date.parse(each.at) })));
      if (provesAffected(receipts ?? [])) provenAffected.push(group.device);
      const wipes = (receipts ?? []).filter(({ kind }) => kind === 'wiped').map(({ revision }) => revision);
      if (wipes.length > 0) wiped.set(group.device, new Set(wipes));
    }
  }
  if (findings.failures === before) {
    const kinds = RECEIPT_KINDS.map((kind) => `${devices.get(kind)?.size} ${kind}`).join(', ');
    findings.proven(
      `${plural(count, 'receipt')} of ${plural(handles.size, 'device')} about this order (devices by kind: ${kinds}), each signed by a key that this installation certified for the device.`,
    );
  }
  if (omitted > 0) {
    findings.unproven(
      `The content of ${plural(omitted, 'more receipt')} of ${plural(repeating, 'device')}. For a device with many receipts of one kind, the pack has the first ${MOST_OF_A_KIND / 2} and the last ${MOST_OF_A_KIND / 2}. The server states that it keeps all.`,
    );
  }
  reportMissingLists(lists, files, findings);
  const silent = checkAffected(files, { responded: handles, provenAffected }, findings);
  return { counts: tally.counts(), wiped, silent };
}

/**
 * Reports order lists that receipts name but the evidence pack lacks. A pack has only the first order list with each revision, and a device
 * may name a later list.
 */
function reportMissingLists(lists: ReadonlyMap<number, number>, files: PackFiles, findings: Findings): void {
  const absent = [...lists.keys()].filter((version) => !files.has(numbered('lists', version))).sort((a, b) => a - b);
  if (absent.length === 0) return;
  const count = absent.reduce((sum, version) => sum + (lists.get(version) ?? 0), 0);
  const shown = absent.slice(0, MOST_LISTS_NAMED).join(', ');
  const more = absent.length > MOST_LISTS_NAMED ? `, and ${absent.length - MOST_LISTS_NAMED} more` : '';
  findings.unproven(
    `The content of ${plural(absent.length, 'order list')} (${shown}${more}) that ${plural(count, 'receipt')} name and this pack lacks. The devices state that these lists contained the order. The ledger has an entry with the digest of each list: copy the whole ledger and ask the operator for the list.`,
  );
}

/** Verified receipts of one device; empty without a certificate of the issuing CA. Throws an error if any receipt is invalid. */
function receiptsOf(
  { certificates, receipts }: z.infer<typeof receiptsSchema>[number],
  issuing: X509Certificate | null,
  facts: ReceiptFacts,
  revisions: ReadonlySet<number>,
): Receipt[] {
  if (!issuing) return [];
  const keys = certificates.map((der) => deviceKey(der, issuing));
  if (new Set(keys.map(({ device }) => device)).size > 1) {
    throw new CordonError('document_wrong_type', 'its certificates belong to different devices');
  }
  if (new Set(receipts.map(({ payload }) => payload)).size < receipts.length) {
    throw new CordonError('document_wrong_type', 'a receipt occurs twice');
  }
  const byId = keysById(keys);
  return receipts.map((envelope) => checkReceipt(envelope, byId, facts, revisions));
}

/** Compares the server's numbers of affected devices with the listed device pseudonyms and with the signed receipts. */
function checkAffected(
  files: PackFiles,
  {
    responded,
    provenAffected,
  }: { readonly responded: ReadonlySet<string>; readonly provenAffected: readonly string[] },
  findings: Findings,
): CheckedReceipts['silent'] {
  const read = findings.try(SILENT, () => readFile(files, SILENT, silentSchema));
  if (!read) return null;
  const { affected, silent } = read;
  const twice = silent.find((handle, index) => responded.has(handle) || handle <= (silent[index - 1] ?? ''));
  if (twice !== undefined) findings.failed(SILENT, `${SILENT}: ${twice} has responded, or occurs twice.`);
  const least = provenAffected.length + silent.length;
  const figure = `${SILENT}: the number of affected devices is ${affected}`;
  if (affected < least) {
    const [first] = provenAffected;
    const such = first === undefined ? '' : `, such as ${first},`;
    findings.failed(
      SILENT,
      `${figure}. It must be ${least} or more: ${plural(provenAffected.length, 'device')}${such} signed that it enforced the order, and the same file lists ${plural(silent.length, 'device')} that never responded. The operator understates the effect of the order.`,
    );
  } else if (affected - silent.length > responded.size) {
    findings.failed(
      SILENT,
      `${figure}, and it lists ${silent.length} of them that never responded. The other ${affected - silent.length} must have responded, and the pack has receipts of ${plural(responded.size, 'device')}. Devices or their receipts are missing.`,
    );
  }
  findings.unproven(
    `The number of affected devices, and the devices that never responded: ${plural(affected, 'device')} and ${plural(silent.length, 'device')} by the server’s own statement. A device is affected if the order blocked one of its services at the effective time or when the pack was made. A device that signed that it enforced the order is also affected. An offline device with an expired location counts at its last known location. A device that was affected in between and never responded is not counted. The pack does not show whether the server lost or withheld a receipt.`,
  );
  return { affected, silent: silent.length };
}
