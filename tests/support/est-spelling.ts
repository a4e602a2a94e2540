/**
 * A proxy between Debian's estclient and the real listener. The client understands only an `HTTP/1.0` status line, canonical header names,
 * and at most sixteen header fields. The proxy rewrites the line and the names, omits header fields for browsers, and changes nothing else.
 */
import { createServer } from 'node:https';
import { connect } from 'node:tls';

const FOR_BROWSERS =
  /^(x-|cross-origin-|content-security-policy|origin-agent-cluster|referrer-policy|strict-transport)/i;

export interface OldSpelling {
  readonly port: number;
  close(): void;
}

/** Starts the proxy. `to`: port of the listener on this machine. `identity`: certificate and key that the proxy presents to the client. */
export function oldSpelling(options: {
  readonly to: number;
  readonly ca: string;
  readonly identity: { readonly keyPem: string; readonly chainPem: string };
}): Promise<OldSpelling> {
  const { to, ca, identity } = options;
  const spelling = createServer({ key: identity.keyPem, cert: identity.chainPem }, (asked, response) => {
    const onward = connect({ port: to, host: '127.0.0.1', servername: 'localhost', ca });
    const headers = asked.rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${asked.rawHeaders[i + 1]}`] : []));
    const lines = headers.filter((line) => !/^connection:/i.test(line));
    onward.write(`${[`${asked.method} ${asked.url} HTTP/1.1`, ...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`);
    asked.on('data', (chunk: Buffer) => onward.write(chunk));
    const chunks: Buffer[] = [];
    onward.on('data', (chunk: Buffer) => chunks.push(chunk));
    onward.on('error', () => response.socket?.destroy());
    onward.on('end', () => {
      const whole = Buffer.concat(chunks).toString('latin1');
      const [head = '', ...rest] = whole.split('\r\n\r\n');
      const [status = '', ...fields] = head.split('\r\n');
      const canonical = fields
        .filter((field) => !FOR_BROWSERS.test(field))
        .map((field) => field.replace(/^[^:]+/, (name) => name.replace(/\b[a-z]/g, (c) => c.toUpperCase())));
      const old = [status.replace('HTTP/1.1', 'HTTP/1.0'), ...canonical].join('\r\n');
      response.socket?.end(Buffer.from(`${old}\r\n\r\n${rest.join('\r\n\r\n')}`, 'latin1'));
    });
  });
  return new Promise((resolve, reject) => {
    spelling.listen(0, '127.0.0.1', () => {
      const address = spelling.address();
      if (address === null || typeof address === 'string') return reject(new Error('no port'));
      resolve({
        port: address.port,
        close: () => {
          spelling.closeAllConnections();
          spelling.close();
        },
      });
    });
  });
}
