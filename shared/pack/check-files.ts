/** Every file of a pack against the signed manifest: what was changed, left out or added is named. */
import { CordonError } from '../errors.ts';
import type { Root } from '../order/approvers.ts';
import { parseDocument } from '../order/canonical.ts';
import { sha256 } from '../order/digest.ts';
import { type Envelope, envelopeSchema } from '../order/documents.ts';
import { payloadOf, signedBy, type VerifyingKey } from '../order/dsse.ts';
import { readBase64 } from '../strict-base64.ts';
import { type Findings, plural } from './findings.ts';
import { MANIFEST, type Manifest, manifestSchema, PACK_LIMITS, PACK_TYPE } from './format.ts';
import { readZip } from './zip.ts';
import type { ZipLimits } from './zip-limits.ts';

export type PackFiles = ReadonlyMap<string, Buffer>;

/** The files in the zip. Null when the zip exceeds a limit: then nobody parses any of them. */
export function filesOf(zip: Buffer, say: Findings, limits: ZipLimits = PACK_LIMITS): PackFiles | null {
  const { files, faults, refused } = readZip(zip, limits);
  for (const { near, detail } of faults) say.failed(near, `${near}: ${detail}.`);
  return refused ? null : new Map(files.map(({ name, bytes }) => [name, bytes]));
}

export interface Signed {
  readonly manifest: Manifest;
  /** The files that the manifest names, and no others. Null when one of them is missing or changed. */
  readonly files: PackFiles | null;
}

/** `roots`: every root in the chain, for its online keys. Null when no key of theirs signed the manifest, or it has another format. */
export function checkManifest(files: PackFiles, roots: readonly Root[], say: Findings): Signed | null {
  const bytes = files.get(MANIFEST);
  if (!bytes) {
    say.failed(MANIFEST, `${MANIFEST} is missing: nothing says which files belong to the pack.`);
    return null;
  }
  const manifest = say.try(MANIFEST, () => {
    const envelope = parseDocument(envelopeSchema, bytes);
    const keys = roots.flatMap(({ onlineKeys }) => onlineKeys);
    if (signerOf(envelope, keys) === null) {
      throw new CordonError('signature_invalid', `${MANIFEST} is not signed by an online key that the approvers name.`);
    }
    return parseDocument(manifestSchema, payloadOf(envelope, PACK_TYPE));
  });
  return manifest && { manifest, files: matching(files, manifest, say) };
}

function matching(files: PackFiles, manifest: Manifest, say: Findings): PackFiles | null {
  const before = say.failures;
  const named = new Set(manifest.files.map(({ name }) => name));
  const same = new Map<string, Buffer>();
  for (const { name, bytes, sha256: digest } of manifest.files) {
    const file = files.get(name);
    if (!file) say.failed(name, `${name} is missing: it was taken out of the pack.`);
    else if (same.has(name)) say.failed(MANIFEST, `${MANIFEST} names ${name} twice.`);
    else if (file.length !== bytes || sha256(file) !== digest) {
      say.failed(name, `${name} was changed: it is not the file that the manifest names.`);
    } else same.set(name, file);
  }
  const broken = say.failures > before;
  for (const name of files.keys()) {
    if (name !== MANIFEST && !named.has(name)) say.failed(name, `${name} was added: the manifest does not name it.`);
  }
  if (say.failures === before) {
    say.proven(
      `${plural(named.size, 'file')} are byte for byte what the server put together on ${manifest.madeAt}, and none is missing or added.`,
    );
  }
  return broken ? null : same;
}

/** A JSON file of the pack. Throws `not_found`, or `document_malformed`. */
export function readFile<S extends Parameters<typeof parseDocument>[0]>(files: PackFiles, name: string, schema: S) {
  return parseDocument(schema, need(files, name));
}

/** Throws `not_found`. */
export function need(files: PackFiles, name: string): Buffer {
  const bytes = files.get(name);
  if (!bytes) throw new CordonError('not_found', `${name} is missing.`);
  return bytes;
}

/** The key of the only signature; null when there are more, or it is of none of these, or has a second spelling. */
export function signerOf<K extends VerifyingKey>(envelope: Envelope, keys: readonly K[]): K | null {
  const [only, more] = envelope.signatures;
  if (!only || more || !readBase64(only.sig)) return null;
  const signers = signedBy(envelope, keys);
  return keys.find(({ keyid }) => signers.has(keyid)) ?? null;
}
