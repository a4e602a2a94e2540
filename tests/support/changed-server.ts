/**
 * The real server in this process, with one change: a test can replace frames and responses after the server's decision and before TLS. The
 * test can thereby send different data to each device, and withhold data.
 */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ServerFrame } from '../../shared/protocol/frames.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';

export interface ChangedServer {
  /** Returns the frames that the server sends in place of this frame. */
  frame: (device: DeviceId, frame: ServerFrame) => readonly ServerFrame[];
  /** Returns the JSON body that the server sends in place of this body. */
  answer: (device: DeviceId, path: string, json: unknown) => unknown;
  /** Returns the pieces that the server sends in place of an attachment's bytes. */
  file: (device: DeviceId, sealed: Buffer) => Iterable<Buffer>;
  /** Sends the device a frame that the server has not created. */
  tell(device: DeviceId, frame: ServerFrame): void;
  /** Removes all changes. */
  honest(): void;
  /** Restores the patched prototypes. */
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

  function changeLink(socket: WebSocket, stream: Duplex, device: DeviceId): void {
    const send = socket.send.bind(socket);
    const writeBytes = stream.write.bind(stream);
    const out = (frame: ServerFrame) => send(JSON.stringify(frame), { binary: false });
    links.set(device, out);
    socket.send = (data: unknown) => {
      for (const frame of changed.frame(device, JSON.parse(String(data)))) out(frame);
    };
    // The server writes short frames itself. `out` writes the header and the text of a frame as two chunks, which are never a whole frame.
    stream.write = (chunk: unknown, ...more: unknown[]): boolean => {
      const text = textOfFrame(chunk);
      if (text === null) return Reflect.apply(writeBytes, stream, [chunk, ...more]);
      socket.send(text);
      return true;
    };
  }

  WebSocketServer.prototype.handleUpgrade = new Proxy(handleUpgrade, {
    apply(target, self, [request, stream, head, then]) {
      const upgraded = (socket: WebSocket, of: IncomingMessage) => {
        const device = deviceOf(request);
        if (device) changeLink(socket, stream, device);
        then(socket, of);
      };
      return Reflect.apply(target, self, [request, stream, head, upgraded]);
    },
  });
  const isAsked = ({ req }: ServerResponse) => req?.url?.startsWith('/device/') === true;
  ServerResponse.prototype.writeHead = new Proxy(writeHead, {
    apply(target, self, [status, headers, ...more]) {
      // The changed body can have another length.
      const { 'Content-Length': _length, ...others } = headers ?? {};
      return Reflect.apply(target, self, isAsked(self) ? [status, others, ...more] : [status, headers, ...more]);
    },
  });
  /** Pieces of an attachment, collected until the server has written all of them. */
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
        // An empty list means: the following writes are the changed pieces.
        files.set(self, []);
        void writeFile(self, changed.file(device, Buffer.concat(pieces)));
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

/** Text of a whole unfragmented text frame without a mask (RFC 6455, section 5.2); null for other bytes. */
function textOfFrame(chunk: unknown): string | null {
  if (!Buffer.isBuffer(chunk) || chunk[0] !== 0x81) return null;
  const start = chunk[1] === 126 ? 4 : 2;
  const length = start === 4 ? chunk.readUInt16BE(2) : chunk[1];
  return chunk.length > start && chunk.length === start + Number(length) ? chunk.subarray(start).toString() : null;
}

/**
 * Writes without `pipeline`: the server's own pipeline is still attached to the response, and two pipelines exceed Node's limit of
 * listeners.
 */
async function writeFile(response: ServerResponse, pieces: Iterable<Buffer>): Promise<void> {
  const closed = once(response, 'close').catch(() => undefined);
  for (const piece of pieces) {
    // A device that has received enough closes the connection.
    if (response.destroyed) return;
    if (!response.write(piece)) await Promise.race([once(response, 'drain'), closed]);
  }
  response.end();
}

const isJson = (body: unknown) => typeof body === 'string' && body.startsWith('{');
