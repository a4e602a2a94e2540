/** Writer of the PROXY protocol header of a load balancer: version 2 in binary, or version 1 as text. */
import { isIPv4 } from 'node:net';

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const PROXY_V2 = 0x21;
const TCP4 = 0x11;
/** The client's port has no meaning here. */
const SOURCE_PORT = 49_152;

const bytesOf = (ipv4: string) => Buffer.from(ipv4.split('.').map(Number));

export function proxyV1(source: string, port: number): Buffer {
  const [family, target] = isIPv4(source) ? ['TCP4', '127.0.0.1'] : ['TCP6', '::1'];
  return Buffer.from(`PROXY ${family} ${source} ${target} ${SOURCE_PORT} ${port}\r\n`);
}

/** IPv4 only: a simulated device with an IPv6 address uses version 1. */
export function proxyV2(source: string, port: number): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt8(PROXY_V2, 0);
  header.writeUInt8(TCP4, 1);
  header.writeUInt16BE(12, 2);
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(SOURCE_PORT, 0);
  ports.writeUInt16BE(port, 2);
  return Buffer.concat([SIGNATURE, header, bytesOf(source), bytesOf('127.0.0.1'), ports]);
}
