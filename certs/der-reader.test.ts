import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildCsr, extensionRequest } from '../tests/support/build-csr.ts';
import { checkedByForge } from '../tests/support/forge-check.ts';
import {
  type Asn1,
  bits,
  bool,
  fromDer,
  implicit,
  integer,
  octets,
  oid,
  sequence,
  set,
  tagged,
  toDer,
  utf8,
} from './der.ts';
import { contentOf, type Element, encodingOf, oidOf, readDer, TAG } from './der-reader.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const attributes = extensionRequest({
  '2.5.29.19': sequence(),
  '2.5.29.15': bits(Buffer.from([0x80]), 7),
  '2.5.29.37': sequence(oid('1.3.6.1.5.5.7.3.2')),
  '2.5.29.17': sequence(implicit(6, Buffer.from('urn:cordon:device:dev_a:1'))),
});
const request = buildCsr({ privateKey, commonName: 'dev_a', attributes });

const bytesOf = (maxLength: number) => fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes));
/** A primitive element with any tag and content, which need not be DER. */
const raw = fc
  .tuple(fc.integer({ min: 0, max: 255 }), bytesOf(8))
  .map(([tag, content]) => fromRaw(Buffer.concat([Buffer.from([tag & 0xdf, content.length]), content])));

function fromRaw(der: Buffer): Asn1 {
  try {
    return fromDer(der);
  } catch {
    return octets(der);
  }
}

const { value: anyValue } = fc.letrec<{ value: Asn1; list: Asn1[] }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(
      bytesOf(200).map(octets),
      bytesOf(9).map((bytes) => integer(bytes)),
      fc.boolean().map(bool),
      fc.string().map(utf8),
      bytesOf(5).map((bytes) => bits(bytes)),
      fc.constantFrom('1.2.840.10045.4.3.2', '2.5.4.3', '2.999.3').map(oid),
      fc.tuple(fc.integer({ min: 0, max: 30 }), bytesOf(6)).map(([n, bytes]) => implicit(n, bytes)),
      raw,
    ),
    tie('list').map((items) => sequence(...items)),
    tie('list').map((items) => set(...items.toSorted((a, b) => Buffer.compare(toDer(a), toDer(b))))),
    fc.tuple(fc.integer({ min: 0, max: 30 }), tie('list')).map(([n, items]) => tagged(n, ...items)),
  ),
  list: fc.array(tie('value'), { maxLength: 4 }),
}));

/** Changes that leave most of the bytes, so that the reader sees damage at every depth. */
const mutation = fc.array(
  fc.tuple(fc.constantFrom('flip', 'replace', 'delete', 'insert', 'cut'), fc.nat(), fc.integer({ min: 0, max: 255 })),
  { maxLength: 3 },
);
type Mutations = typeof mutation extends fc.Arbitrary<infer List> ? List : never;

function mutated(der: Buffer, mutations: Mutations): Buffer {
  return mutations.reduce((bytes, [kind, position, byte]) => {
    const at = position % (bytes.length + 1);
    const before = bytes.subarray(0, at);
    const old = bytes[at] ?? 0;
    switch (kind) {
      case 'flip':
        return Buffer.concat([before, Buffer.from([old ^ (1 << (byte & 7))]), bytes.subarray(at + 1)]);
      case 'replace':
        return Buffer.concat([before, Buffer.from([byte]), bytes.subarray(at + 1)]);
      case 'delete':
        return Buffer.concat([before, bytes.subarray(at + 1)]);
      case 'insert':
        return Buffer.concat([before, Buffer.from([byte]), bytes.subarray(at)]);
      default:
        return Buffer.from(before);
    }
  }, der);
}

/** Tags and contents of all elements, in the sequence of the bytes. */
const flat = (element: Element): unknown[] =>
  element.items
    ? [element.tag, ...element.items.map(flat)]
    : [element.tag, contentOf(element, element.tag).toString('hex')];

function flatByForge({ tagClass, type, constructed, value }: Asn1): unknown[] {
  const tag = tagClass | type | (constructed ? 0x20 : 0);
  if (Array.isArray(value)) return [tag, ...value.map(flatByForge)];
  // node-forge decodes the characters of a BMPString.
  return [
    tag,
    Buffer.from(value, type === 30 ? 'utf16le' : 'latin1')
      [type === 30 ? 'swap16' : 'subarray']()
      .toString('hex'),
  ];
}

function bothRead(der: Buffer): void {
  let own: Element;
  try {
    own = readDer(der);
  } catch {
    return;
  }
  const forge = checkedByForge(der);
  expect(flat(own)).toEqual(flatByForge(forge));
  expect(encodingOf(own).equals(der)).toBe(true);
}

describe('the strict reader', () => {
  it('reads a request as node-forge reads it', () => {
    expect(flat(readDer(request))).toEqual(flatByForge(checkedByForge(request)));
  });

  it('refuses everything that the check by node-forge refuses, in a damaged request', () => {
    fc.assert(
      fc.property(mutation, (mutations) => bothRead(mutated(request, mutations))),
      { numRuns: 3000 },
    );
  });

  it('refuses everything that the check by node-forge refuses, in any value and in a damaged one', () => {
    fc.assert(
      fc.property(anyValue, mutation, (value, mutations) => bothRead(mutated(toDer(value), mutations))),
      { numRuns: 3000 },
    );
  });

  it('refuses everything that the check by node-forge refuses, in any bytes', () => {
    const start = fc.constantFrom(...Object.values(TAG), 0x80, 0x82, 0x9e, 0xa0, 0x1e, 0x3e, 0x1f, 0);
    const bytes = fc.tuple(start, bytesOf(6)).map(([tag, rest]) => Buffer.concat([Buffer.from([tag]), rest]));
    const sized = fc
      .tuple(start, bytesOf(6))
      .map(([tag, rest]) => Buffer.concat([Buffer.from([tag, rest.length]), rest]));
    fc.assert(fc.property(fc.oneof(bytes, sized), bothRead), { numRuns: 5000 });
  });

  it.each([
    ['a length of two bytes where one is enough', '048101aa'],
    ['a length of three bytes where two are enough', '04820001aa'],
    ['an indefinite length', '308004000000'],
    ['an element longer than its parent', '3003040211'],
    ['bytes after the end', '050000'],
    ['a tag of two bytes', '1f8101aa'],
    ['a constructed OCTET STRING', '24030401aa'],
    ['a primitive SEQUENCE', '1000'],
    ['a BOOLEAN of 01', '010101'],
    ['a BOOLEAN of two bytes', '0102ffff'],
    ['an INTEGER with a spare zero', '02020001'],
    ['an INTEGER with a spare FF', '0202ffff'],
    ['an implicitly tagged INTEGER with a spare zero', '82020001'],
    ['an empty INTEGER', '0200'],
    ['a BMPString of half a character', '1e0161'],
    ['an empty BIT STRING', '0300'],
    ['a BIT STRING of 8 unused bits', '03020800'],
    ['a BIT STRING whose unused bits are set', '03020101'],
    ['a SET out of order', '3106040102040101'],
  ])('refuses %s', (_, hex) => {
    expect(() => readDer(Buffer.from(hex, 'hex'))).toThrow(Error);
    expect(() => checkedByForge(Buffer.from(hex, 'hex'))).toThrow(Error);
  });

  it.each([
    ['16 levels', 16, false],
    ['17 levels', 17, true],
  ])('reads %s: refused is %3$s', (_, levels, isRefused) => {
    let value = sequence();
    for (let level = 1; level < levels; level += 1) value = sequence(value);
    const read = () => readDer(toDer(value));
    if (isRefused) expect(read).toThrow('nested');
    else expect(read).not.toThrow();
  });
});

describe('an object identifier', () => {
  it.each(['1.2.840.113549.1.9.14', '2.5.4.3', '0.9.2342.19200300.100.1.1', '2.999.3'])('is read: %s', (dotted) => {
    const element = dotted === '2.999.3' ? Buffer.from('0603883703', 'hex') : toDer(oid(dotted));
    expect(oidOf(readDer(element))).toBe(dotted);
  });

  it.each([
    ['no bytes', '0600'],
    ['a number cut short', '06022a86'],
    ['a number in too many bytes', '06032a8001'],
    ['a number beyond 53 bits', '060b2affffffffffffffffff7f'],
  ])('is refused: %s', (_, hex) => {
    expect(() => oidOf(readDer(Buffer.from(hex, 'hex')))).toThrow('object identifier');
  });
});
