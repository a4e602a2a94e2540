import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { MAX_UNREAD } from '../../shared/protocol/frames.ts';
import { newDeviceId } from '../../shared/protocol/ids.ts';
import { until } from '../../tests/support/until.ts';
import { DeviceSession } from './session.ts';

/** Session over a real socket, and the device's end of the socket. */
async function open() {
  const http = createServer();
  const upgrader = new WebSocketServer({ server: http, perMessageDeflate: false });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const over = Promise.withResolvers<void>();
  const made = new Promise<DeviceSession>((resolve) => {
    upgrader.on('connection', (socket, request) => {
      const handlers = {
        frame: async () => undefined,
        idle: async () => undefined,
        closed: () => over.resolve(),
        failed: () => undefined,
      };
      const identity = { device: newDeviceId(), generation: 1 };
      const seen = { address: null, areas: [], use: 0 };
      resolve(new DeviceSession(identity, seen, { socket, stream: request.socket }, handlers));
    });
  });
  const { port } = http.address() as AddressInfo;
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  const got: string[] = [];
  client.on('message', (data) => got.push(data.toString()));
  onTestFinished(() => {
    client.terminate();
    http.closeAllConnections();
    http.close();
  });
  const [session] = await Promise.all([made, once(client, 'open')]);
  return { session, client, got, over: over.promise };
}

it('case 13: ends the session of a device that leaves too many bytes unread', async () => {
  const { session, client, over } = await open();
  client.pause();
  const frame = Buffer.alloc(1024 * 1024, 'x');
  // The kernel's buffers store some bytes too.
  const most = 4 * (MAX_UNREAD / frame.length);
  let sent = 0;
  for (; session.open && sent < most; sent += 1) {
    session.frames.sendEncoded(frame);
    await turn();
  }
  expect(sent).toBeGreaterThanOrEqual(MAX_UNREAD / frame.length);
  expect(sent).toBeLessThan(most);
  await over;
});

it('case 13: limits many unread small frames in the same way', async () => {
  const { session, client, over } = await open();
  client.pause();
  const frame = 'x'.repeat(50_000);
  let sent = 0;
  for (; session.open && sent < 2_000; sent += 1) {
    session.frames.sendEncoded(frame);
    await turn();
  }
  expect(sent).toBeLessThan(2_000);
  await over;
});

it('sends a large frame in fragments, and delivers all frames complete and in order', async () => {
  const { session, client, got } = await open();
  const frames = [
    'first',
    'ä'.repeat(1_000_000),
    'second',
    Buffer.from('ö'.repeat(500_000)),
    'third',
    'ü'.repeat(70_000),
  ];
  client.pause();
  for (const frame of frames) session.frames.sendEncoded(frame);
  client.resume();
  session.frames.sendEncoded('last');
  await until(() => expect(got.map((text) => text.length)).toEqual([5, 1_000_000, 6, 500_000, 5, 70_000, 4]));
  expect(got).toEqual([...frames.map(String), 'last']);
});
