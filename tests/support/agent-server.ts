/**
 * The smallest server that an agent can use, for tests of the agent alone. Certificates, TLS and signed documents are real, and the test
 * sends the frames. End-to-end tests cover the decisions of the real server.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Authority } from '../../certs/authority.ts';
import { parseCsr } from '../../certs/csr.ts';
import { certsOnly } from '../../certs/pkcs7.ts';
import { encodeCanonical } from '../../shared/order/canonical.ts';
import { type DeviceRecord, type Envelope, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { signEnvelope } from '../../shared/order/dsse.ts';
import { formatActivationLink } from '../../shared/protocol/activation-link.ts';
import { ADDRESS_HEADER, type DeviceFrame, deviceFrameSchema, type ServerFrame } from '../../shared/protocol/frames.ts';
import { type DeviceId, deviceIdSchema, newDeviceId, randomBase32 } from '../../shared/protocol/ids.ts';
import { CRL_PATH } from '../../shared/protocol/public-paths.ts';
import {
  approverSetDocument,
  INSTALLATION,
  NOW,
  signedApproverSet,
  signedList,
  testKey,
  testPerson,
} from './signed-documents.ts';

export async function startAgentServer(authority: Authority) {
  const online = testKey();
  const people = [testPerson('ada'), testPerson('ben'), testPerson('cyd')];
  const approverSet = signedApproverSet(approverSetDocument(people, online), people);
  const codes = new Map<string, string>();
  /** Enrollment responses by used code. The server repeats a response to the same key. */
  const answers = new Map<string, { readonly key: string; readonly body: string }>();
  const received: DeviceFrame[] = [];
  const posted: Envelope[] = [];
  const sockets = new Set<WebSocket>();
  const serve = {
    list: signedList([], online),
    /** Withheld orders that a device can request beside the order list. */
    withheld: [] as Envelope[],
    home: 'PK',
    days: 30,
    /** Status and body that reject the next upgrades; null: the server accepts them. */
    refuse: null as { status: number; body: string; headers: string } | null,
    /** The simpleenroll request redeems the code. Then the server responds, closes the connection, or never responds. */
    answer: 'given' as 'given' | 'lost' | 'never',
    redeemed: 0,
    reports: 0,
    /** False: the server receives reports without an acknowledgment. */
    confirm: true,
    now: NOW + 3_600_000,
    /** Areas of the network address that the server reports to the device. */
    address: [] as string[],
    renewals: 0,
    /** Serial numbers on the revocation list, and the authority that signs the list. */
    revoked: [] as string[],
    revokedBy: authority,
    /** Serial numbers of the issued certificates, in order. */
    issued: [] as string[],
    upgrades: 0,
    resumed: 0,
    /** Uploads of logs. The server responds when the test calls `end`. */
    logs: [] as { readonly end: () => void }[],
  };

  const record = (device: DeviceId): Envelope => {
    const document: DeviceRecord = {
      installation: INSTALLATION,
      device,
      generation: 1,
      version: 1,
      home: serve.home,
      seat: null,
      group: 'embassy',
      exemptions: [],
      statement: null,
      issuedAt: new Date(NOW).toISOString(),
    };
    return signEnvelope(PAYLOAD_TYPES.record, encodeCanonical(document), [online]);
  };

  const issue = (device: string, csr: string): string => {
    const { spki } = parseCsr(Buffer.from(csr, 'base64'));
    const uris = [`urn:cordon:device:${device}:1`];
    const { der, serial } = authority.issue({ profile: 'device', spki, commonName: device, uris, days: serve.days });
    serve.issued.push(serial);
    return certsOnly([der]).toString('base64');
  };

  const problem = (response: ServerResponse, status: number, code: string) => {
    response.writeHead(status, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify({ code, detail: `refused: ${code}` }));
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await Array.fromAsync(request)).toString('utf8');
    if (request.url?.startsWith('/device/logs/')) {
      serve.logs.push({ end: () => response.writeHead(204).end() });
      return;
    }
    switch (request.url?.split('?')[0]) {
      case '/.well-known/est/cacerts':
        response.end(certsOnly([authority.issuingDer, authority.rootDer]).toString('base64'));
        return;
      case '/.well-known/est/simpleenroll': {
        const basic = Buffer.from(request.headers.authorization?.slice(6) ?? '', 'base64').toString();
        const [device = '', secret] = basic.split(':');
        if (codes.get(device) !== secret) return problem(response, 401, 'code_unknown');
        const key = parseCsr(Buffer.from(body, 'base64')).spki.toString('base64');
        const given = answers.get(device) ?? { key, body: issue(device, body) };
        if (given.key !== key) return problem(response, 409, 'code_used');
        answers.set(device, given);
        serve.redeemed += 1;
        if (serve.answer === 'never') return;
        if (serve.answer === 'lost') return void request.socket.destroy();
        response.end(given.body);
        return;
      }
      case '/.well-known/est/simplereenroll':
        serve.renewals += 1;
        response.end(issue(deviceOf(request), body));
        return;
      case CRL_PATH: {
        const [thisUpdate, nextUpdate] = [Date.now(), Date.now() + 3_600_000];
        const revoked = serve.revoked.map((serial) => ({ serial, at: thisUpdate, reason: 1 }));
        response.end(serve.revokedBy.crl({ number: 1, thisUpdate, nextUpdate, revoked }));
        return;
      }
      case '/orders/approver-sets':
        response.end(JSON.stringify([approverSet.envelope]));
        return;
      case '/orders/list':
        response.end(JSON.stringify(serve.list.envelope));
        return;
      case '/device/withheld':
        response.end(JSON.stringify(serve.withheld));
        return;
      case '/device/record':
        response.setHeader(ADDRESS_HEADER, JSON.stringify({ time: serve.now, areas: serve.address }));
        response.end(JSON.stringify(record(deviceOf(request))));
        return;
      case '/device/receipts':
        posted.push(...JSON.parse(body).envelopes);
        response.writeHead(204).end();
        return;
      default:
        problem(response, 404, 'not_found');
    }
  }

  const { keyPem, chainPem } = authority.serverIdentity();
  const tls = { key: keyPem, cert: chainPem, minVersion: 'TLSv1.3', ecdhCurve: 'X25519MLKEM768:X25519' } as const;
  const onRequest = (request: IncomingMessage, response: ServerResponse) => void answer(request, response);
  const publicServer = createServer(tls, onRequest);
  const deviceServer = createServer({ ...tls, requestCert: true, ca: authority.chainPem }, onRequest);
  const ws = new WebSocketServer({ noServer: true });
  deviceServer.on('upgrade', (request, socket, head) => {
    serve.upgrades += 1;
    if (tlsOf(request).isSessionReused()) serve.resumed += 1;
    if (serve.refuse) {
      const { status, body, headers } = serve.refuse;
      socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`);
      return;
    }
    ws.handleUpgrade(request, socket, head, (socketOf) => welcome(socketOf, deviceOf(request)));
  });

  function welcome(socket: WebSocket, device: DeviceId): void {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('message', (data) => {
      const frame = deviceFrameSchema.parse(JSON.parse(data.toString()));
      received.push(frame);
      if (frame.kind === 'hello') {
        const versions = { list: 1, record: 1, approverSet: 1, reports: serve.reports };
        send(
          { kind: 'welcome', time: serve.now, installation: INSTALLATION, device, generation: 1, ...versions },
          socket,
        );
      }
      if (frame.kind === 'report' && serve.confirm) {
        serve.reports = Math.max(serve.reports, frame.seq);
        send({ kind: 'reports-stored', through: frame.seq }, socket);
      }
    });
  }

  function send(frame: ServerFrame, to?: WebSocket): void {
    for (const socket of to ? [to] : sockets) socket.send(JSON.stringify(frame));
  }

  const listen = async (server: Server): Promise<number> => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return isAddress(address) ? address.port : 0;
  };
  const publicUrl = `https://127.0.0.1:${await listen(publicServer)}`;
  const deviceUrl = `wss://127.0.0.1:${await listen(deviceServer)}`;

  return {
    serve,
    received,
    posted,
    sockets,
    people,
    online,
    send,
    link(fingerprint = authority.fingerprint): string {
      const code = { id: newDeviceId(), secret: randomBase32(16) };
      codes.set(code.id, code.secret);
      return formatActivationLink({ publicUrl, deviceUrl, fingerprint, code });
    },
    async close() {
      for (const socket of sockets) socket.terminate();
      for (const server of [publicServer, deviceServer]) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}

const isAddress = (address: AddressInfo | string | null): address is AddressInfo =>
  address !== null && typeof address !== 'string';

function tlsOf(request: IncomingMessage): TLSSocket {
  if (!(request.socket instanceof TLSSocket)) throw new Error('there is no TLS under this request');
  return request.socket;
}

const deviceOf = (request: IncomingMessage): DeviceId =>
  deviceIdSchema.parse(tlsOf(request).getPeerCertificate().subject.CN);
