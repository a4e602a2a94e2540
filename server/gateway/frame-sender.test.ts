import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { until } from '../../tests/support/until.ts';
import { FrameSender } from './frame-sender.ts';

/** Sender over a real connection, and the texts that its client has received. */
async function connected() {
  const http = createServer();
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const accepted = new Promise<FrameSender>((resolve) => {
    http.on('upgrade', (request, stream, head) =>
      server.handleUpgrade(request, stream, head, (socket) => {
        resolve(new FrameSender({ socket, stream }, () => expect.unreachable('the client reads')));
      }),
    );
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
  onTestFinished(() => {
    client.terminate();
    http.close();
  });
  const received: string[] = [];
  client.on('message', (data) => received.push(data.toString()));
  return { sender: await accepted, received, client };
}

it('sends texts of all lengths in their order', async () => {
  const { sender, received } = await connected();
  const lengths = [0, 1, 124, 125, 126, 127, 1_000, 2_047, 2_048, 2_049, 65_535, 65_536, 200_000];
  const texts = lengths.flatMap((length) => ['x', 'ü', '€'].map((letter) => letter.repeat(length)));
  const sent = [...texts, '😀'.repeat(1_024), ...texts.toReversed()];
  for (const text of sent) sender.sendEncoded(text);
  await until(() => expect(received).toHaveLength(sent.length));
  expect(received).toEqual(sent);
});

it('sends nothing after the client has closed the connection', async () => {
  const { sender, received, client } = await connected();
  sender.sendTogether(() => {
    sender.sendEncoded('first');
    sender.sendBatched({ kind: 'new-mail' });
  });
  await until(() => expect(received).toEqual(['first', '{"kind":"new-mail"}']));
  client.close();
  await until(() => expect(sender.open).toBe(false));
  sender.sendEncoded('second');
  expect(received).toHaveLength(2);
});
