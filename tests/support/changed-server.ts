/**
 * The real server in this process, whose owner has changed its program in one place: what leaves it for devices, frames and answers, once it is
 * decided and before TLS. So a test tells one device what it tells no other, and keeps whatever it wants to itself.
 */
import type { IncomingMessage } from 'node:http';
import { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { TLSSocket } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ServerFrame } from '../../shared/protocol/frames.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';

export interface ChangedServer {
  /** What goes to a device instead of a frame. */
  frame: (device: DeviceId, frame: ServerFrame) => readonly ServerFrame[];
  /** What a device is answered instead of this JSON. */
  answer: (device: DeviceId, path: string, json: unknown) => unknown;
  /** What it gets instead of a file's bytes. */
  file: (device: DeviceId, sealed: Buffer) => Iterable<Buffer>;
  /** A frame that the server's own program knows nothing of. */
  tell(device: DeviceId, frame: ServerFrame): void;
  /** It is honest again. */
  honest(): void;
  /** The program is as it was. */
  restore(): void;
}

function deviceOf({ socket }: IncomingMessage): DeviceId | null {
  if (!(socket instanceof TLSSocket)) return null;
  return deviceIdSchema.safeParse(socket.getPeerCertificate().subject?.CN).data ?? null;
}

export function changeServer(): ChangedServer {
  const links = new Map<DeviceId, (frame: ServerFrame) => void>();
  const { handleUpgrade } = WebSocketServer.prototype;
  const { end, write, writeHead } = ServerResponse.prototype;
  const changed: ChangedServer = {
    frame: (_device, frame) => [frame],
    answer: (_device, _path, json) => json,
    file: (_device, sealed) => [sealed],
    tell: (device, frame) => links.get(device)?.(frame),
    honest() {
      changed.frame = (_device, frame) => [frame];
      changed.answer = (_device, _path, json) => json;
      changed.file = (_device, sealed) => [sealed];
    },
    restore() {
      WebSocketServer.prototype.handleUpgrade = handleUpgrade;
      Object.assign(ServerResponse.prototype, { end, write, writeHead });
    },
  };

  function changeLink(socket: WebSocket, device: DeviceId): void {
    const send = socket.send.bind(socket);
    const out = (frame: ServerFrame) => send(JSON.stringify(frame), { binary: false });
    links.set(device, out);
    socket.send = (data: unknown) => {
      for (const frame of changed.frame(device, JSON.parse(String(data)))) out(frame);
    };
  }

  WebSocketServer.prototype.handleUpgrade = new Proxy(handleUpgrade, {
    apply(target, self, [request, stream, head, then]) {
      const upgraded = (socket: WebSocket, of: IncomingMessage) => {
        const device = deviceOf(request);
        if (device) changeLink(socket, device);
        then(socket, of);
      };
      return Reflect.apply(target, self, [request, stream, head, upgraded]);
    },
  });
  const isAsked = ({ req }: ServerResponse) => req?.url?.startsWith('/device/') === true;
  ServerResponse.prototype.writeHead = new Proxy(writeHead, {
    apply(target, self, [status, headers, ...more]) {
      // The length is not what it was.
      const { 'Content-Length': _length, ...others } = headers ?? {};
      return Reflect.apply(target, self, isAsked(self) ? [status, others, ...more] : [status, headers, ...more]);
    },
  });
  /** The pieces of a file that the server has written, until it has written all. */
  const files = new WeakMap<ServerResponse, Buffer[]>();
  const isFile = (response: ServerResponse) =>
    response.statusCode === 200 &&
    response.req?.method === 'GET' &&
    response.req.url?.startsWith('/device/attachments/') === true;
  ServerResponse.prototype.write = new Proxy(write, {
    apply(target, self, given) {
      const pieces = files.get(self);
      if (!isFile(self) || pieces?.length === 0) return Reflect.apply(target, self, given);
      files.set(self, [...(pieces ?? []), Buffer.from(given[0])]);
      return true;
    },
  });
  ServerResponse.prototype.end = new Proxy(end, {
    apply(target, self, given) {
      const device = isAsked(self) ? deviceOf(self.req) : null;
      const pieces = files.get(self);
      if (device && pieces && pieces.length > 0) {
        // From here on the pieces are the changed ones.
        files.set(self, []);
        // A device that has received enough goes away.
        pipeline(changed.file(device, Buffer.concat(pieces)), self).catch(() => undefined);
        return self;
      }
      if (!device || self.statusCode !== 200 || !isJson(given[0])) return Reflect.apply(target, self, given);
      const answered = Promise.resolve(changed.answer(device, self.req.url ?? '', JSON.parse(String(given[0]))));
      void answered.then((json) => Reflect.apply(target, self, [JSON.stringify(json)]));
      return self;
    },
  });
  return changed;
}

const isJson = (body: unknown) => typeof body === 'string' && body.startsWith('{');
