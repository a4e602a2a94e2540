/** Check of each file of an evidence pack against the signed manifest. */
import { CordonError } from '../errors.ts';
import type { ApproverSet } from '../order/approvers.ts';
import { parseDocument } from '../order/canonical.ts';
import { sha256 } from '../order/digest.ts';
import { type Envelope, envelopeSchema } from '../order/documents.ts';
import { payloadOf, signedBy, type VerifyingKey } from '../order/dsse.ts';
import { readBase64 } from '../strict-base64.ts';
import { type FilePosition, isBefore, positionOf } from './file-order.ts';
import { type Findings, plural } from './findings.ts';
import { MANIFEST, type Manifest, manifestSchema, PACK_LIMITS, PACK_TYPE, PACK_TYPES, packTypeOf } from './format.ts';
import { readZip } from './zip.ts';
import type { ZipLimits } from './zip-limits.ts';

export type PackFiles = ReadonlyMap<string, Buffer>;

/** Files in the zip; null if the zip exceeds a limit. In that case no file is parsed. */
export function filesOf(zip: Buffer, findings: Findings, limits: ZipLimits = PACK_LIMITS): PackFiles | null {
  const { files, faults, refused } = readZip(zip, limits);
  for (const { near, detail } of faults) findings.failed(near, `${near}: ${detail}.`);
  return refused ? null : new Map(files.map(({ name, bytes }) => [name, bytes]));
}

export interface Signed {
  readonly manifest: Manifest;
  /** Files of the manifest; null if one is missing or changed. */
  readonly files: PackFiles | null;
}

/**
 * Returns the manifest and the files that it lists. Returns null if the manifest is missing or malformed, or if no online key (key of the
 * server) in `approverSets` signed it. `files` is null if a listed file is missing or was changed.
 */
export function checkManifest(
  files: PackFiles,
  approverSets: readonly ApproverSet[],
  findings: Findings,
): Signed | null {
  const bytes = files.get(MANIFEST);
  if (!bytes) {
    findings.failed(MANIFEST, `${MANIFEST} is missing: the files of the pack cannot be determined.`);
    return null;
  }
  const manifest = findings.try(MANIFEST, () => {
    const envelope = parseDocument(envelopeSchema, bytes);
    const keys = approverSets.flatMap(({ onlineKeys }) => onlineKeys);
    if (signerOf(envelope, keys) === null) {
      throw new CordonError('signature_invalid', `${MANIFEST} is not signed by an online key of the approver set.`);
    }
    const type = PACK_TYPES.find((each) => each === envelope.payloadType) ?? PACK_TYPE;
    const read = parseDocument(manifestSchema, payloadOf(envelope, type));
    if (type === packTypeOf(read.files.map(({ name }) => name))) return read;
    throw new CordonError('document_wrong_type', `${MANIFEST} has another version than the files of the pack.`);
  });
  return manifest && { manifest, files: matching(files, manifest, findings) };
}

function matching(files: PackFiles, manifest: Manifest, findings: Findings): PackFiles | null {
  const before = findings.failures;
  const named = new Set(manifest.files.map(({ name }) => name));
  const same = new Map<string, Buffer>();
  for (const { name, bytes, sha256: digest } of manifest.files) {
    const file = files.get(name);
    if (!file) findings.failed(name, `${name} is missing: it was removed from the pack.`);
    else if (same.has(name)) findings.failed(MANIFEST, `${MANIFEST} lists ${name} twice.`);
    else if (file.length !== bytes || sha256(file) !== digest) {
      findings.failed(name, `${name} was changed: its hash differs from the manifest’s.`);
    } else same.set(name, file);
  }
  const broken = findings.failures > before;
  for (const name of files.keys()) {
    if (name !== MANIFEST && !named.has(name))
      findings.failed(name, `${name} was added: the manifest does not list it.`);
  }
  checkKinds(manifest, findings);
  checkOrder([...files.keys()], manifest, findings);
  if (findings.failures === before) {
    findings.proven(
      `${plural(named.size, 'file')} match the signed manifest byte for byte, in its order. No file is missing or added.`,
    );
  }
  return broken ? null : same;
}

function checkKinds(manifest: Manifest, findings: Findings): void {
  let last: { readonly name: string; readonly position: FilePosition } | null = null;
  for (const { name } of manifest.files) {
    const position = name === MANIFEST ? null : positionOf(name);
    if (!position) {
      findings.failed(
        name,
        `${name} is not a file of an evidence pack: the operator added it and signed the manifest again. No check covers its content. Do not use it as evidence.`,
      );
      continue;
    }
    if (last && isBefore(position, last.position)) {
      findings.failed(
        MANIFEST,
        `${MANIFEST} lists ${name} after ${last.name}. In a pack it comes before. Every server writes the files in one order, so the operator changed the manifest and signed it again.`,
      );
    }
    last = { name, position };
  }
}

/** Checks that the zip has its files in the manifest's order. `present`: names in the zip. */
function checkOrder(present: readonly string[], manifest: Manifest, findings: Findings): void {
  const names = new Set(present);
  const expected = [...manifest.files.map(({ name }) => name).filter((name) => names.has(name)), MANIFEST];
  const wanted = new Set(expected);
  const actual = present.filter((name) => wanted.has(name));
  const at = [...wanted].findIndex((name, index) => actual[index] !== name);
  const [found, signed] = [actual[at], [...wanted][at]];
  if (found === undefined || signed === undefined) return;
  findings.failed(
    found,
    `The zip has ${found} where the manifest has ${signed}. A pack has its files in the order of its manifest, so this pack was repacked.`,
  );
}

export function readFile<S extends Parameters<typeof parseDocument>[0]>(files: PackFiles, name: string, schema: S) {
  return parseDocument(schema, need(files, name));
}

export function need(files: PackFiles, name: string): Buffer {
  const bytes = files.get(name);
  if (!bytes) throw new CordonError('not_found', `${name} is missing.`);
  return bytes;
}

/** Returns the key of the envelope's only signature. Null for several signatures, an unknown key or irregular base64. */
export function signerOf<K extends VerifyingKey>(envelope: Envelope, keys: readonly K[]): K | null {
  const [only, more] = envelope.signatures;
  if (!only || more || !readBase64(only.sig)) return null;
  const signers = signedBy(envelope, keys);
  return keys.find(({ keyid }) => signers.has(keyid)) ?? null;
}
