/**
 * A hostile server with the real server's keys, address and certificate. Its owner chooses the frames. Agents cannot distinguish it from
 * the real server by TLS.
 */
import { once } from 'node:events';
import { createServer } from 'node:https';
import { TLSSocket } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Authority } from '../../certs/authority.ts';
import { type DeviceFrame, deviceFrameSchema, type ServerFrame } from '../../shared/protocol/frames.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { ReportItem } from '../../shared/protocol/report-item.ts';

export interface HostileServer {
  /** Reports received from each device. */
  readonly reported: ReadonlyMap<DeviceId, readonly ReportItem[]>;
  close(): Promise<void>;
}

export async function startHostileServer(given: {
  readonly authority: Authority;
  readonly installation: string;
  readonly port: number;
  readonly now: () => number;
  /** Returns the frames that follow the device's welcome. */
  readonly tell: (device: DeviceId) => readonly ServerFrame[];
  /** Whether the server acknowledges reports. A device deletes acknowledged reports. */
  readonly confirms: (device: DeviceId) => boolean;
}): Promise<HostileServer> {
  const reported = new Map<DeviceId, ReportItem[]>();
  const { keyPem, chainPem } = given.authority.serverIdentity();
  const listener = createServer({
    key: keyPem,
    cert: chainPem,
    minVersion: 'TLSv1.3',
    requestCert: true,
    ca: given.authority.chainPem,
  });
  const sockets = new WebSocketServer({ noServer: true });

  function serve(socket: WebSocket, device: DeviceId): void {
    const send = (frame: ServerFrame) => socket.send(JSON.stringify(frame));
    const answer = (frame: DeviceFrame) => {
      if (frame.kind === 'hello') {
        const { installation } = given;
        const newest = { list: frame.list, record: frame.record, approverSet: frame.approverSet, reports: 0 };
        send({ kind: 'welcome', time: given.now(), installation, device, generation: 1, ...newest });
        for (const each of given.tell(device)) send(each);
      }
      if (frame.kind === 'report') {
        reported.set(device, [...(reported.get(device) ?? []), frame.item]);
        if (given.confirms(device)) send({ kind: 'reports-stored', through: frame.seq });
      }
    };
    socket.on('message', (data) => answer(deviceFrameSchema.parse(JSON.parse(data.toString()))));
  }

  listener.on('upgrade', (request, socket, head) => {
    if (!(request.socket instanceof TLSSocket)) throw new Error('there is no TLS under this request');
    const device = deviceIdSchema.parse(request.socket.getPeerCertificate().subject.CN);
    sockets.handleUpgrade(request, socket, head, (upgraded) => serve(upgraded, device));
  });
  listener.listen(given.port, '127.0.0.1');
  await once(listener, 'listening');
  return {
    reported,
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      const closed = once(listener, 'close');
      listener.close();
      listener.closeAllConnections();
      await closed;
    },
  };
}
