/**
 * EST (RFC 7030) on the public listener, for standard EST clients. A client enrolls with an activation code, and renews its certificate
 * with a TLS client certificate, over TLS 1.2 or later.
 *
 * TLS does not accept an expired certificate. For a recently expired one, the signature of the certificate signing request proves the
 * client's key instead. Bodies are base64, whatever their Content-Transfer-Encoding says (RFC 8951, section 3.1).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authority } from '../../certs/authority.ts';
import { certsOnly } from '../../certs/pkcs7.ts';
import { blockedBy, problemOf } from '../../shared/api/problems.ts';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { STATUS_CODES } from '../../shared/node-http.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Enrollment } from '../enrollment/enrollment.ts';
import type { Monitor } from '../monitoring/monitor.ts';

/** Maximum bytes of a request body: the largest request that `parseCsr` accepts, in base64 with line ends. */
const LARGEST_BODY = 12 * 1024;
/** Request target of an EST operation. As for all paths of the listener, upper case and a slash at the end are allowed. */
const TARGET = /^(?:https?:\/\/[^/?#]*)?\/\.well-known\/est\/(\w+)\/?(?:\?|$)/i;

export interface EstResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface EstIdentity {
  readonly device: DeviceId;
  readonly generation: number;
}

export interface EstPorts {
  readonly enrollment: Pick<Enrollment, 'redeem' | 'renew' | 'recover'>;
  readonly authority: Pick<Authority, 'rootDer' | 'issuingDer'>;
  /** Source address of the client, as location evidence: from the PROXY protocol header of a trusted proxy, or else from the socket. */
  readonly addressOf: (request: IncomingMessage) => string | null;
  /**
   * Identity from the TLS client certificate. Null if the client sent no certificate of this installation. Throws the reason for a refusal,
   * such as `certificate_revoked`.
   */
  readonly identityOf: (request: IncomingMessage) => Promise<EstIdentity | null>;
  readonly monitor: Pick<Monitor, 'enrollment'>;
  /** Web page of the operator, to which a refusal because of an order links. */
  readonly operatorUrl: string | null;
}

export interface Est {
  /**
   * Responds to a request for an EST operation and returns true. For every other request, returns false and does nothing. `failed`: called
   * for an internal error, if no response was sent.
   */
  handle(request: IncomingMessage, response: ServerResponse, failed: (error: unknown) => void): boolean;
  /** Handles a renewal request. `body`: undecoded body. Returns a refusal as a response, and throws other errors. */
  reenroll(request: { readonly identity: EstIdentity; readonly body: string }): Promise<EstResponse>;
}

/** EST operations below `/.well-known/est/`, each with its HTTP method. */
export const EST_OPERATIONS = ['GET cacerts', 'GET csrattrs', 'POST simpleenroll', 'POST simplereenroll'] as const;
type EstOperation = (typeof EST_OPERATIONS)[number];

/** Response without attributes, because the server requires none (RFC 7030, section 4.5.2). */
const NO_ATTRIBUTES: EstResponse = { status: 204, headers: {}, body: '' };

export function createEst({ enrollment, authority, addressOf, identityOf, operatorUrl, monitor }: EstPorts): Est {
  const { headers, ...authorities } = certificates([authority.issuingDer, authority.rootDer]);
  const cacerts: EstResponse = { ...authorities, headers: { ...headers, 'Cache-Control': 'public, max-age=3600' } };

  async function enroll(request: IncomingMessage): Promise<EstResponse> {
    const credentials = basicCredentials(request.headers.authorization);
    if (!credentials) {
      throw new CordonError(
        'code_unknown',
        'Sign in with the activation code: the id as user name, the secret as password.',
      );
    }
    // The body is read only after the credentials are checked, so that unauthenticated clients cannot fill the server's memory.
    const csr = decodeBody(await readText(request));
    const address = addressOf(request);
    const { device, certificate } = await enrollment.redeem({ ...credentials, csr, address });
    monitor.enrollment({ kind: 'enroll', device, address, code: null });
    return certificates([certificate]);
  }

  async function renew(request: IncomingMessage): Promise<EstResponse> {
    const identity = await identityOf(request);
    const csr = decodeBody(await readText(request));
    const address = addressOf(request);
    const { device, certificate } = identity
      ? await enrollment.renew({ identity, csr })
      : await enrollment.recover({ csr, address });
    monitor.enrollment({ kind: 'renew', device, address, code: null });
    return certificates([certificate]);
  }

  const operations = new Map<string, (request: IncomingMessage) => Promise<EstResponse>>(
    Object.entries({
      'GET cacerts': async () => cacerts,
      'GET csrattrs': async () => NO_ATTRIBUTES,
      'POST simpleenroll': enroll,
      'POST simplereenroll': renew,
    } satisfies Record<EstOperation, unknown>),
  );

  async function responseTo(
    request: IncomingMessage,
    operation: (request: IncomingMessage) => Promise<EstResponse>,
  ): Promise<EstResponse> {
    try {
      return await operation(request);
    } catch (error) {
      if (isCordonError(error)) {
        const kind = operation === enroll ? 'enroll' : 'renew';
        monitor.enrollment({ kind, device: null, address: addressOf(request), code: error.code });
      }
      if (isRefusal(error)) return refusal(error, operatorUrl);
      throw error;
    }
  }

  return {
    handle: (request, response, failed) => {
      const [, name = ''] = TARGET.exec(request.url ?? '') ?? [];
      const operation = operations.get(`${request.method === 'HEAD' ? 'GET' : request.method} ${name.toLowerCase()}`);
      if (!operation) return false;
      responseTo(request, operation)
        .then((made) => respond(response, made))
        .catch(failed);
      return true;
    },
    reenroll: async ({ identity, body }) => {
      try {
        const { certificate } = await enrollment.renew({ identity, csr: decodeBody(body) });
        monitor.enrollment({ kind: 'renew', device: identity.device, address: null, code: null });
        return certificates([certificate]);
      } catch (error) {
        if (isCordonError(error)) {
          monitor.enrollment({ kind: 'renew', device: identity.device, address: null, code: error.code });
        }
        if (isRefusal(error)) return refusal(error, operatorUrl);
        throw error;
      }
    },
  };
}

/** Response with certificates (RFC 7030, sections 4.1.3 and 4.2.3). */
function certificates(ders: readonly Buffer[]): EstResponse {
  const lines =
    certsOnly(ders)
      .toString('base64')
      .match(/.{1,76}/g) ?? [];
  return {
    status: 200,
    headers: {
      'Content-Type': 'application/pkcs7-mime; smime-type=certs-only',
      'Content-Transfer-Encoding': 'base64',
      'Cache-Control': 'no-store',
    },
    body: `${lines.join('\r\n')}\r\n`,
  };
}

/** True for a refusal, which becomes an EST response. The listener logs other errors and sends its own response. */
const isRefusal = (error: unknown): error is CordonError => isCordonError(error) && problemOf(error).status < 500;

function refusal(error: CordonError, operatorUrl: string | null): EstResponse {
  const problem = problemOf(error);
  const { retryAfter } = error.context;
  return {
    status: problem.status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      ...(problem.status === 401 && { 'WWW-Authenticate': 'Basic realm="Cordon enrollment", charset="UTF-8"' }),
      ...(typeof retryAfter === 'number' && { 'Retry-After': String(retryAfter) }),
      ...blockedBy(problem, operatorUrl),
    },
    body: JSON.stringify(problem),
  };
}

function respond(response: ServerResponse, { status, headers, body }: EstResponse): void {
  const length = body === '' ? {} : { 'Content-Length': Buffer.byteLength(body) };
  response.writeHead(status, STATUS_CODES[status] ?? '', { ...headers, ...length });
  response.end(body);
}

/** Credentials of HTTP Basic authentication (RFC 7617). Null if they are missing or malformed. */
function basicCredentials(header: string | undefined): { id: string; secret: string } | null {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+=*) *$/i.exec(header ?? '') ?? [];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? null : { id: text.slice(0, colon), secret: text.slice(colon + 1) };
}

/** Reads the body of a request. Base64 is ASCII, so the parameter `charset` of the content type has no meaning. */
function readText(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    // A destroyed request emits neither `end` nor `error`, so the promise is rejected here.
    if (request.destroyed) return reject(unreadable());
    const encoding = request.headers['content-encoding'] ?? 'identity';
    if (encoding.toLowerCase() !== 'identity') return reject(unreadable());
    if (Number(request.headers['content-length'] ?? 0) > LARGEST_BODY) return reject(tooLarge());
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      // The rest of a large body is discarded, because a client reads the response only after it has sent the body.
      if (size > LARGEST_BODY) reject(tooLarge());
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(Buffer.concat(chunks).toString('latin1')));
    request.on('error', (error) => reject(unreadable(error)));
  });
}

const tooLarge = () => new CordonError('too_large', `A request may have at most ${LARGEST_BODY} bytes.`);
const unreadable = (cause?: Error) =>
  new CordonError('invalid_input', 'The body cannot be read. Send base64 without compression.', {}, cause);

function decodeBody(body: string): Buffer {
  if (body.length > LARGEST_BODY) throw tooLarge();
  const base64 = body.replace(/\s+/g, '');
  const bytes = Buffer.from(base64, 'base64');
  // Node's base64 decoder ignores invalid characters. Encode the bytes again to detect them.
  if (base64 === '' || bytes.toString('base64') !== base64) {
    throw new CordonError('csr_malformed', 'The body must be a PKCS#10 request in base64 and nothing else.');
  }
  return bytes;
}
