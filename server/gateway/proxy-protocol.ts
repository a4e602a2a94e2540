/**
 * Parser for headers of the PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt 2020/03/05). A header contains the source
 * address of a forwarded connection. The caller decides whether to trust the proxy.
 */
import { isIP } from 'node:net';
import { canonicalAddress } from '../../shared/areas/special-addresses.ts';

export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'invalid'; readonly why: string }
  /**
   * Parser result for a complete header of `length` bytes. `source` is null for the proxy's own health checks (LOCAL) and for addresses
   * that are not IP (UNKNOWN, UNSPEC, UNIX).
   */
  | { readonly kind: 'header'; readonly length: number; readonly source: string | null };

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** Maximum length of a version 1 header line in bytes, including CRLF. */
const LONGEST_LINE = 107;
/** Maximum bytes of a version 2 header. The format allows 64 KiB of TLVs, but no proxy needs that much. */
const LONGEST_V2 = 16 + 4096;

const invalid = (why: string): ProxyHeader => ({ kind: 'invalid', why });

export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  if (bytes.length === 0) return { kind: 'incomplete' };
  const compared = Math.min(bytes.length, SIGNATURE.length);
  if (bytes.subarray(0, compared).equals(SIGNATURE.subarray(0, compared))) {
    return bytes.length < 16 ? { kind: 'incomplete' } : parseVersion2(bytes);
  }
  return parseVersion1(bytes);
}

function parseVersion1(bytes: Buffer): ProxyHeader {
  const start = 'PROXY ';
  const compared = Math.min(bytes.length, start.length);
  if (bytes.toString('latin1', 0, compared) !== start.slice(0, compared)) return invalid('no PROXY protocol header');
  const end = bytes.subarray(0, LONGEST_LINE).indexOf('\r\n');
  if (end < 0) return bytes.length >= LONGEST_LINE ? invalid('the line does not end') : { kind: 'incomplete' };
  const length = end + 2;
  const [, family, source = '', destination = '', sourcePort = '', destinationPort = '', ...rest] = bytes
    .toString('latin1', 0, end)
    .split(' ');
  // The PROXY protocol requires a parser to ignore the rest of an UNKNOWN line.
  if (family === 'UNKNOWN') return { kind: 'header', length, source: null };
  const version = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : 0;
  if (version === 0 || rest.length > 0) return invalid('the line is not PROXY TCP4|TCP6|UNKNOWN …');
  if (!isAddress(source, version) || !isAddress(destination, version)) {
    return invalid('an address is not of its family');
  }
  if (!isPort(sourcePort) || !isPort(destinationPort)) return invalid('a port is not a number up to 65535');
  return { kind: 'header', length, source: canonicalAddress(source) };
}

/** `isIP` also accepts an IPv6 address with a zone. A zone has no meaning on another machine. */
const isAddress = (text: string, version: number): boolean => isIP(text) === version && !text.includes('%');
const isPort = (text: string): boolean => /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;

function parseVersion2(bytes: Buffer): ProxyHeader {
  const versionAndCommand = bytes.readUInt8(12);
  const familyAndTransport = bytes.readUInt8(13);
  const length = 16 + bytes.readUInt16BE(14);
  if (versionAndCommand >> 4 !== 2) return invalid('the version is not 2');
  if (length > LONGEST_V2) return invalid('the header is too long');
  if (bytes.length < length) return { kind: 'incomplete' };
  const command = versionAndCommand & 0x0f;
  if (command === 0) return { kind: 'header', length, source: null };
  if (command !== 1) return invalid('the command is neither LOCAL nor PROXY');
  // Transport protocols of a version 2 header: unspecified, stream, datagram. A parser must reject other values.
  if ((familyAndTransport & 0x0f) > 2) return invalid('the transport is unknown');
  switch (familyAndTransport >> 4) {
    case 1:
      if (length < 16 + 12) return invalid('the addresses are cut off');
      return { kind: 'header', length, source: [...bytes.subarray(16, 20)].join('.') };
    case 2:
      if (length < 16 + 36) return invalid('the addresses are cut off');
      return { kind: 'header', length, source: ipv6Text(bytes.subarray(16, 32)) };
    case 0:
    case 3:
      return { kind: 'header', length, source: null };
    default:
      return invalid('the address family is unknown');
  }
}

/** Text form of an IPv6 address by RFC 5952, with IPv4-mapped addresses as IPv4. */
function ipv6Text(bytes: Buffer): string | null {
  const groups: string[] = [];
  for (let index = 0; index < 16; index += 2) groups.push(bytes.readUInt16BE(index).toString(16));
  return canonicalAddress(groups.join(':'));
}
