/**
 * Name, version and architecture of an RPM package, from its header (rpm.org, "RPM V4 Package format"). An uploader can choose every byte of
 * the file, so the reader runs no program, compares each count and offset with a limit before it uses them, and reads only these values.
 */
import { CordonError } from '../../shared/errors.ts';
import { type PackageFacts, rpmFactsSchema } from '../../shared/software/own-package.ts';

export interface ByteSource {
  readonly size: number;
  /** Reads up to `length` bytes, fewer at the end of the file. */
  read(from: number, length: number): Promise<Buffer>;
}

const LEAD = 96;
/** First bytes of every RPM package. */
export const RPM_MAGIC = Buffer.from([0xed, 0xab, 0xee, 0xdb]);
const HEADER_MAGIC = Buffer.from([0x8e, 0xad, 0xe8, 0x01]);
/** Bytes before the index of a header, and bytes of one entry. */
const [INTRO, ENTRY] = [16, 16];
/** Limit of rpm itself for the entries of a header. */
const MOST_ENTRIES = 0xffff;
const LONGEST_TEXT = 256;

const TAG = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  arch: 1022,
  sourceRpm: 1044,
  source: 1106,
} as const;
const [INT32, STRING] = [4, 6];

const invalid = (why: string) =>
  new CordonError('invalid_input', `The file is not a complete RPM package (.rpm): ${why}. Choose another file.`);

interface Entry {
  readonly type: number;
  readonly offset: number;
  readonly count: number;
}

interface Header {
  readonly entries: number;
  /** First byte of the values. */
  readonly data: number;
  /** Byte after the values. */
  readonly end: number;
}

/** Reads the facts. Throws `invalid_input` if the file is no RPM package, or is a source package. */
export async function readRpmFacts(source: ByteSource): Promise<PackageFacts> {
  const lead = await exactly(source, 0, LEAD);
  if (!lead.subarray(0, RPM_MAGIC.length).equals(RPM_MAGIC)) throw invalid('it does not begin as one');
  const signature = await headerAt(source, LEAD);
  // Only the signature header is padded, to eight bytes.
  const header = await headerAt(source, Math.ceil(signature.end / 8) * 8);
  const index = await indexOf(source, header);
  if (lead.readUInt16BE(6) !== 0 || index.has(TAG.source) || !index.has(TAG.sourceRpm)) {
    throw new CordonError('invalid_input', 'The file is a source package. Build a binary package, and upload that.');
  }
  const text = (tag: number) => textOf(source, header, index.get(tag));
  const epoch = await epochOf(source, header, index.get(TAG.epoch));
  const version = `${await text(TAG.version)}-${await text(TAG.release)}`;
  const facts = rpmFactsSchema.safeParse({
    name: await text(TAG.name),
    version: epoch === 0 ? version : `${epoch}:${version}`,
    architecture: await text(TAG.arch),
  });
  if (facts.success) return facts.data;
  throw invalid(`its ${facts.error.issues[0]?.path.join('.')} is ${facts.error.issues[0]?.message}`);
}

async function exactly(source: ByteSource, from: number, length: number): Promise<Buffer> {
  const bytes = from + length <= source.size ? await source.read(from, length) : Buffer.alloc(0);
  if (bytes.length === length) return bytes;
  throw invalid('it ends within its header');
}

async function headerAt(source: ByteSource, from: number): Promise<Header> {
  const intro = await exactly(source, from, INTRO);
  if (!intro.subarray(0, HEADER_MAGIC.length).equals(HEADER_MAGIC)) throw invalid('it has no header');
  const [entries, size] = [intro.readUInt32BE(8), intro.readUInt32BE(12)];
  if (entries > MOST_ENTRIES) throw invalid('its header has too many entries');
  const data = from + INTRO + entries * ENTRY;
  if (data + size > source.size) throw invalid('it ends within its header');
  return { entries, data, end: data + size };
}

/** Entries of the tags that the reader needs. A tag with two values is refused, because rpm could read the other one. */
async function indexOf(source: ByteSource, { entries, data }: Header): Promise<ReadonlyMap<number, Entry>> {
  const wanted: readonly number[] = Object.values(TAG);
  const bytes = await exactly(source, data - entries * ENTRY, entries * ENTRY);
  const found = new Map<number, Entry>();
  for (let at = 0; at < bytes.length; at += ENTRY) {
    const tag = bytes.readUInt32BE(at);
    if (!wanted.includes(tag)) continue;
    if (found.has(tag)) throw invalid('its header has a value twice');
    const [type, offset, count] = [bytes.readUInt32BE(at + 4), bytes.readUInt32BE(at + 8), bytes.readUInt32BE(at + 12)];
    found.set(tag, { type, offset, count });
  }
  return found;
}

async function textOf(source: ByteSource, header: Header, entry: Entry | undefined): Promise<string> {
  if (entry?.type !== STRING || entry.count !== 1)
    throw invalid('its header lacks a name, a version or an architecture');
  const left = header.end - header.data - entry.offset;
  const bytes =
    left > 0 ? await source.read(header.data + entry.offset, Math.min(left, LONGEST_TEXT)) : Buffer.alloc(0);
  const end = bytes.indexOf(0);
  if (end < 0) throw invalid('its header has a text without an end');
  return bytes.toString('latin1', 0, end);
}

async function epochOf(source: ByteSource, header: Header, entry: Entry | undefined): Promise<number> {
  if (!entry) return 0;
  if (entry.type !== INT32 || entry.count !== 1 || header.data + entry.offset + 4 > header.end) {
    throw invalid('its epoch is not a number');
  }
  return (await exactly(source, header.data + entry.offset, 4)).readUInt32BE(0);
}
