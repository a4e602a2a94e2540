/** Real SNTP server (RFC 4330) in this process. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** Starts the server. `offset`: milliseconds by which its clock is ahead. `change`: changes each response. */
export async function startNtpServer(
  offset: () => number,
  change: (answer: Buffer) => void = () => undefined,
): Promise<{ readonly address: string; readonly close: () => void }> {
  const socket = createSocket('udp4');
  socket.on('message', (request, { port, address }) => {
    const answer = Buffer.alloc(48);
    answer[0] = 0x24;
    answer[1] = 2;
    request.copy(answer, 24, 40, 48);
    for (const at of [32, 40]) {
      const now = Date.now() + offset();
      answer.writeUInt32BE((Math.floor(now / 1000) + 2_208_988_800) % 2 ** 32, at);
      answer.writeUInt32BE(Math.floor(((now % 1000) / 1000) * 2 ** 32), at + 4);
    }
    change(answer);
    socket.send(answer, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { address: `127.0.0.1:${socket.address().port}`, close: () => socket.close() };
}
