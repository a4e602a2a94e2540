/** Reading and changing the files of an evidence pack, for tests of attacks on packs. */
import { encodeCanonical } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { type Envelope, type Revision, revisionSchema } from '../../shared/order/documents.ts';
import { type Signer, signEnvelope } from '../../shared/order/dsse.ts';
import { MANIFEST, numbered, PACK_TYPE } from '../../shared/pack/format.ts';
import { readZip, ZipWriter } from '../../shared/pack/zip.ts';

export type Files = Map<string, Buffer>;

export function zipped(files: Files): Buffer {
  const zip = new ZipWriter();
  return Buffer.concat([...[...files].map(([name, bytes]) => zip.add({ name, bytes })), zip.end()]);
}

export const unpack = (zip: Buffer): Files =>
  new Map(readZip(zip).files.map(({ name, bytes }) => [name, Buffer.from(bytes)]));

/** Rewrites and signs the manifest, as the owner of the server's online key can. */
export function resign(files: Files, online: Signer, type: string = PACK_TYPE): Buffer {
  const manifest = readJson<Envelope>(files, MANIFEST);
  const document = JSON.parse(Buffer.from(manifest.payload, 'base64').toString());
  files.delete(MANIFEST);
  document.files = [...files].map(([name, bytes]) => ({ name, bytes: bytes.length, sha256: sha256(bytes) }));
  writeJson(files, MANIFEST, signEnvelope(type, encodeCanonical(document), [online]));
  return zipped(files);
}

/** Each byte of the local headers of a zip's first files. */
export function* headerOffsets(zip: Buffer): Generator<number> {
  const writer = new ZipWriter();
  let from = 0;
  for (const { name, bytes } of readZip(zip).files.slice(0, 3)) {
    for (let at = from; at < from + 30 + name.length; at += 1) yield at;
    from += writer.add({ name, bytes }).length;
  }
}

export const readJson = <T>(files: Files, name: string): T => JSON.parse(String(files.get(name)));
export const writeJson = (files: Files, name: string, value: unknown) =>
  void files.set(name, Buffer.from(encodeCanonical(value)));
export const revisionEnvelope = (files: Files, number: number) =>
  readJson<Envelope>(files, numbered('revisions', number));
export const documentOf = ({ payload }: Envelope): Revision =>
  revisionSchema.parse(JSON.parse(Buffer.from(payload, 'base64').toString()));
