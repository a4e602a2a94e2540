import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalAddress } from '../../shared/areas/special-addresses.ts';
import { parseProxyHeader } from './proxy-protocol.ts';

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const line = (text: string) => Buffer.from(`${text}\r\n`, 'latin1');

function v2(parts: { command?: number; family?: number; body?: Buffer; length?: number }): Buffer {
  const { command = 0x21, family = 0x11, body = Buffer.alloc(0) } = parts;
  const { length = body.length } = parts;
  const head = Buffer.from([command, family, length >> 8, length & 0xff]);
  return Buffer.concat([SIGNATURE, head, body]);
}
const tcp4 = (source: readonly number[], tlvs = Buffer.alloc(0)) =>
  v2({ body: Buffer.concat([Buffer.from([...source, 127, 0, 0, 1, 0xc0, 0, 0x20, 0xfb]), tlvs]) });
const tcp6 = (source: Buffer, tlvs = Buffer.alloc(0)) =>
  v2({ family: 0x21, body: Buffer.concat([source, Buffer.alloc(16), Buffer.from([0xc0, 0, 0x20, 0xfb]), tlvs]) });

/** A TLS ClientHello follows in the same packet. */
const TLS = Buffer.from([0x16, 3, 1, 2, 0, 1]);

const HEADERS: readonly (readonly [string, Buffer, string | null])[] = [
  ['v1 over IPv4', line('PROXY TCP4 39.32.1.2 127.0.0.1 49152 8443'), '39.32.1.2'],
  ['v1 over IPv6', line('PROXY TCP6 2A00:1450::0001 ::1 65535 0'), '2a00:1450::1'],
  ['v1 that does not know', line('PROXY UNKNOWN'), null],
  ['v1 that does not know, with more', line('PROXY UNKNOWN ffff:: :: 1 2 whatever'), null],
  ['v2 over IPv4', tcp4([39, 32, 1, 2]), '39.32.1.2'],
  ['v2 over IPv4 with TLVs', tcp4([39, 32, 1, 2], Buffer.from([0x04, 0, 3, 1, 2, 3])), '39.32.1.2'],
  ['v2 over IPv6', tcp6(Buffer.from('2a001450000000000000000000000001', 'hex')), '2a00:1450::1'],
  ['v2 over IPv6 of an IPv4 client', tcp6(Buffer.from('00000000000000000000ffff27200102', 'hex')), '39.32.1.2'],
  ["v2 LOCAL, the proxy's own check", v2({ command: 0x20, family: 0 }), null],
  ['v2 LOCAL whose addresses are to be ignored', v2({ command: 0x20, body: Buffer.alloc(12, 9) }), null],
  ['v2 UNSPEC', v2({ family: 0, body: Buffer.alloc(5) }), null],
  ['v2 over a UNIX socket', v2({ family: 0x31, body: Buffer.alloc(216) }), null],
];

describe('header of the PROXY protocol', () => {
  it.each(HEADERS)('%s is parsed, whatever follows it', (_, header, source) => {
    const expected = { kind: 'header', length: header.length, source };
    expect(parseProxyHeader(header)).toEqual(expected);
    expect(parseProxyHeader(Buffer.concat([header, TLS]))).toEqual(expected);
  });

  it.each(HEADERS)('%s is parsed if it arrives byte by byte', (_, header) => {
    for (let length = 0; length < header.length; length += 1) {
      expect(parseProxyHeader(header.subarray(0, length))).toEqual({ kind: 'incomplete' });
    }
  });
});

describe('case 12: invalid header', () => {
  const cases: readonly (readonly [string, Buffer])[] = [
    ['TLS without a header', TLS],
    ['HTTP', line('GET / HTTP/1.1')],
    ['lower case', line('proxy TCP4 1.2.3.4 127.0.0.1 1 2')],
    ['almost the signature', Buffer.concat([SIGNATURE.subarray(0, 11), Buffer.from([0x0b])])],
    ['an unknown family', line('PROXY UDP4 1.2.3.4 127.0.0.1 1 2')],
    ['an IPv6 address that is said to be IPv4', line('PROXY TCP4 ::1 ::1 1 2')],
    ['an IPv4 address that is said to be IPv6', line('PROXY TCP6 1.2.3.4 1.2.3.4 1 2')],
    ['a zone', line('PROXY TCP6 fe80::1%eth0 ::1 1 2')],
    ['a name', line('PROXY TCP4 localhost 127.0.0.1 1 2')],
    ['an address with leading zeros', line('PROXY TCP4 039.032.001.002 127.0.0.1 1 2')],
    ['a port beyond 65535', line('PROXY TCP4 1.2.3.4 127.0.0.1 65536 2')],
    ['a port with a sign', line('PROXY TCP4 1.2.3.4 127.0.0.1 +1 2')],
    ['a port with leading zeros', line('PROXY TCP4 1.2.3.4 127.0.0.1 01 2')],
    ['no ports', line('PROXY TCP4 1.2.3.4 127.0.0.1')],
    ['one word more', line('PROXY TCP4 1.2.3.4 127.0.0.1 1 2 3')],
    ['two spaces', line('PROXY  TCP4 1.2.3.4 127.0.0.1 1 2')],
    ['a line that never ends', Buffer.from(`PROXY UNKNOWN ${'x'.repeat(200)}`)],
    ['a line that ends one byte late', line(`PROXY UNKNOWN ${'x'.repeat(107 - 14 - 1)}`)],
    ['version 1 in binary', v2({ command: 0x11 })],
    ['version 3 in binary', v2({ command: 0x31 })],
    ['a command that nobody defined', v2({ command: 0x22 })],
    ['a family that nobody defined', v2({ family: 0x41, body: Buffer.alloc(216) })],
    ['a transport that nobody defined', v2({ family: 0x13, body: Buffer.alloc(12) })],
    ['IPv4 addresses cut off', v2({ body: Buffer.alloc(11) })],
    ['IPv6 addresses cut off', v2({ family: 0x21, body: Buffer.alloc(35) })],
    ['a length bomb, refused before it is read', v2({ length: 0xffff })],
  ];
  it.each(cases)('%s is refused', (_, bytes) => {
    expect(parseProxyHeader(bytes)).toMatchObject({ kind: 'invalid', why: expect.any(String) });
  });

  it('accepts the longest line that the specification allows', () => {
    expect(parseProxyHeader(line(`PROXY UNKNOWN ${'x'.repeat(107 - 14 - 2)}`))).toMatchObject({ length: 107 });
  });
});

describe('properties', () => {
  it('parses every header that a proxy writes, in both versions', () => {
    const port = fc.integer({ min: 0, max: 65_535 });
    fc.assert(
      fc.property(fc.ipV4(), port, fc.uint8Array({ maxLength: 64 }), (source, from, tlvs) => {
        const text = parseProxyHeader(line(`PROXY TCP4 ${source} 127.0.0.1 ${from} 8443`));
        const binary = parseProxyHeader(tcp4(source.split('.').map(Number), Buffer.from(tlvs)));
        expect([text, binary]).toMatchObject([{ source }, { source, length: 28 + tlvs.length }]);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const groups = Buffer.from(bytes).toString('hex').match(/.{4}/g) ?? [];
        const source = canonicalAddress(groups.join(':'));
        const text = parseProxyHeader(line(`PROXY TCP6 ${groups.join(':')} ::1 1 8443`));
        expect([text, parseProxyHeader(tcp6(Buffer.from(bytes)))]).toMatchObject([{ source }, { source }]);
      }),
    );
  });

  it('never throws, never needs more bytes than its limit, and never changes a result after more bytes', () => {
    const start = fc.constantFrom(Buffer.alloc(0), SIGNATURE, Buffer.from('PROXY '), Buffer.from('PROXY TCP4 '));
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 50 }), (head, body, more) => {
        const bytes = Buffer.concat([head, body]);
        const parsed = parseProxyHeader(bytes);
        if (parsed.kind === 'incomplete') expect(bytes.length).toBeLessThan(16 + 4096);
        else expect(parseProxyHeader(Buffer.concat([bytes, more]))).toEqual(parsed);
      }),
    );
  });
});
