/**
 * Strict reader for DER (X.690) from outside. In BER, one value has several encodings, which two parsers may interpret differently. The
 * reader therefore refuses each encoding that is not DER. An element refers to the input and copies nothing.
 */

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  /** OpenSSL 1.0 and similar programs encode a name with an underscore as TeletexString. */
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

const CONSTRUCTED = 0x20;
const TAG_CLASS = 0xc0;
const TAG_NUMBER = 0x1f;
const CONTEXT_SPECIFIC = 0x80;
/** Tag number of the type BMPString, whose characters have two bytes each. */
const BMP_STRING = 0x1e;

/** Maximum nesting depth. Legitimate requests reach a depth of 9: a name in a SAN in an attribute. */
const MAX_DEPTH = 16;

export interface Element {
  /** First byte of the element: class, constructed bit and tag number. */
  readonly tag: number;
  /** Elements inside a constructed element; null for a primitive element. */
  readonly items: readonly Element[] | null;
  readonly source: Buffer;
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;
}

/** Reads exactly one element and all elements inside. Throws a plain `Error` with the reason; the caller adds the name of the structure. */
export function readDer(bytes: Buffer): Element {
  const element = readElement(bytes, 0, bytes.length, 0);
  if (element.end !== bytes.length) throw new Error('there are bytes after its end');
  return element;
}

function readElement(source: Buffer, start: number, limit: number, depth: number): Element {
  if (depth >= MAX_DEPTH) throw new Error('it is nested too deeply');
  const tag = source[start];
  const first = source[start + 1];
  if (start + 2 > limit || tag === undefined || first === undefined) throw new Error('it is cut short');
  // A tag number of 31 or more needs several bytes. Certificates and requests have no such tag.
  if ((tag & TAG_NUMBER) === TAG_NUMBER) throw new Error('a tag has more than one byte');
  let length = first;
  let contentStart = start + 2;
  if (first > 0x7f) {
    contentStart += first & 0x7f;
    if (contentStart > limit) throw new Error('it is cut short');
    length = longLength(source, start + 2, contentStart);
  }
  const end = contentStart + length;
  if (end > limit) throw new Error('it is cut short');
  if ((tag & CONSTRUCTED) === 0) {
    checkPrimitive(tag, source, contentStart, end);
    return { tag, items: null, source, start, contentStart, end };
  }
  if ((tag & TAG_CLASS) === 0 && tag !== TAG.sequence && tag !== TAG.set) {
    throw new Error('a constructed string is not DER');
  }
  const items: Element[] = [];
  for (let at = contentStart; at < end; ) {
    const item = readElement(source, at, end, depth + 1);
    items.push(item);
    at = item.end;
  }
  if (tag === TAG.set) checkSetOrder(items);
  return { tag, items, source, start, contentStart, end };
}

/**
 * Reads a length that has more than one byte (X.690, section 10.1). DER allows only the shortest encoding. A size of 0 bytes means an
 * indefinite length, which only BER allows.
 */
function longLength(source: Buffer, from: number, to: number): number {
  const size = to - from;
  if (size === 0) throw new Error('an indefinite length is not DER');
  if (size > 3) throw new Error('it is too long');
  const length = source.readUIntBE(from, size);
  if (length < 0x80 || length < 2 ** (8 * (size - 1))) throw new Error('a length in too many bytes is not DER');
  return length;
}

function checkPrimitive(tag: number, source: Buffer, from: number, to: number): void {
  const first = source[from] ?? 0;
  const number = tag & TAG_NUMBER;
  // An implicit tag replaces the tag that shows the type. These two checks therefore apply to the tag numbers of INTEGER and BMPString in
  // every class.
  if (number === TAG.integer && to - from > 1) {
    const sign = (source[from + 1] ?? 0) >> 7;
    if (first === (sign === 0 ? 0 : 0xff)) throw new Error('an INTEGER in too many bytes is not DER');
  }
  if (number === BMP_STRING && (to - from) % 2 !== 0) throw new Error('a BMPString of half characters is not DER');
  if ((tag & TAG_CLASS) !== 0) return;
  switch (tag) {
    case TAG.sequence & TAG_NUMBER:
    case TAG.set & TAG_NUMBER:
      throw new Error('a primitive SEQUENCE or SET is not DER');
    case TAG.boolean:
      if (to - from !== 1 || (first !== 0 && first !== 0xff)) {
        throw new Error('a BOOLEAN that is neither 00 nor FF is not DER');
      }
      return;
    case TAG.integer:
      if (from === to) throw new Error('an INTEGER without a value is not DER');
      return;
    case TAG.bitString:
      checkUnusedBits(source, from, to);
  }
}

/** The first byte of a BIT STRING is the number of unused bits at its end. DER requires that these bits are 0 (X.690, section 11.2). */
function checkUnusedBits(source: Buffer, from: number, to: number): void {
  const unused = source[from] ?? 0;
  const last = source[to - 1] ?? 0;
  const isValid = to - from > 1 ? unused <= 7 && (last & ((1 << unused) - 1)) === 0 : to > from && unused === 0;
  if (!isValid) throw new Error('a BIT STRING with unused bits that are set is not DER');
}

function checkSetOrder(items: readonly Element[]): void {
  for (const [index, item] of items.entries()) {
    const next = items[index + 1];
    if (next && Buffer.compare(encodingOf(item), encodingOf(next)) > 0) {
      throw new Error('a SET that is not sorted is not DER');
    }
  }
}

// --- Readers. Each throws a plain `Error` for an element of another type. ---------------------------------------------------

export const encodingOf = ({ source, start, end }: Element): Buffer => source.subarray(start, end);

/** Items of a SEQUENCE. */
export const sequenceOf = (element: Element | undefined): readonly Element[] => itemsOf(element, TAG.sequence);
/** Items of a SET. */
export const setOf = (element: Element | undefined): readonly Element[] => itemsOf(element, TAG.set);

function itemsOf(element: Element | undefined, tag: number): readonly Element[] {
  if (element?.tag !== tag || !element.items) throw new Error('a SEQUENCE or SET is missing');
  return element.items;
}

/** Items of the constructed element with the tag [n]; null for another element. */
export const taggedItems = (element: Element | undefined, n: number): readonly Element[] | null =>
  element?.tag === (CONTEXT_SPECIFIC | CONSTRUCTED | n) ? element.items : null;

/** Content of a primitive element with the tag [n]; null for another element. */
export const implicitContent = (element: Element | undefined, n: number): Buffer | null =>
  element?.tag === (CONTEXT_SPECIFIC | n) ? element.source.subarray(element.contentStart, element.end) : null;

export function contentOf(element: Element | undefined, ...tags: readonly number[]): Buffer {
  if (!element || !tags.includes(element.tag)) throw new Error('a primitive value is missing or of another type');
  return element.source.subarray(element.contentStart, element.end);
}

/** Object identifier in dotted form (X.690, section 8.19). */
export function oidOf(element: Element | undefined): string {
  const bytes = contentOf(element, TAG.oid);
  let text = '';
  let arc = 0;
  let isStart = true;
  for (const byte of bytes) {
    if (isStart && byte === 0x80) throw new Error('an object identifier in too many bytes is not DER');
    arc = arc * 128 + (byte & 0x7f);
    if (!Number.isSafeInteger(arc)) throw new Error('an object identifier is too long');
    isStart = byte < 0x80;
    if (!isStart) continue;
    // The first encoded number contains the first two arcs (40 × first + second). The first arc is at most 2.
    const top = Math.min(Math.floor(arc / 40), 2);
    text += text === '' ? `${top}.${arc - 40 * top}` : `.${arc}`;
    arc = 0;
  }
  if (text === '' || !isStart) throw new Error('an object identifier is cut short');
  return text;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

export const textOf = (element: Element | undefined): string =>
  UTF8.decode(contentOf(element, TAG.utf8String, TAG.printableString, TAG.ia5String, TAG.teletexString));
