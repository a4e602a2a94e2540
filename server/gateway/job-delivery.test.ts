import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { CommandWindow } from '../../shared/protocol/command-window.ts';
import { serverFrameSchema } from '../../shared/protocol/frames.ts';
import { type DeviceId, newCommandId, newDeviceId } from '../../shared/protocol/ids.ts';
import { createJobDelivery, frameEncoder, type JobSession } from './job-delivery.ts';

const COMMAND = { kind: 'restart-agent' } as const;

it('encodes the same frame as JSON.stringify', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.nat(),
      fc.option(fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 3 })),
      (text, expires, bytes) => {
        const id = newCommandId();
        const shares = bytes?.map((each) => Buffer.from(each).toString('base64')) ?? null;
        const command = { kind: 'message' as const, text };
        const frame = { kind: 'command', id, command, ...(shares && { shares }), expires };
        expect(frameEncoder(command, expires)({ id, shares })).toBe(JSON.stringify(frame));
      },
    ),
  );
  const id = newCommandId();
  const terms = { priority: 'high', window: { from: '22:00', to: '04:00' } } as const;
  const timed = { kind: 'command', id, command: COMMAND, expires: 1, ...terms };
  expect(frameEncoder(COMMAND, 1, terms)({ id, shares: null })).toBe(JSON.stringify(timed));
  const locked = frameEncoder(COMMAND, 1)({ id: newCommandId(), shares: [Buffer.alloc(32).toString('base64')] });
  expect(serverFrameSchema.safeParse(JSON.parse(locked)).success).toBe(true);
});

/** Delivery over sessions that record what they send. `pages`: devices of the job, page by page. */
function deliveryOf(
  pages: readonly (readonly DeviceId[])[],
  live: readonly { device: DeviceId; generation: number; knowsJobs?: boolean }[],
  window: CommandWindow | null = null,
) {
  const sent: string[] = [];
  const known = new Set<string>();
  const sessions = new Map(
    live.map(({ device, generation, knowsJobs = true }): [DeviceId, JobSession] => [
      device,
      {
        generation,
        knowsJobs,
        knowsCommand: () => true,
        documents: { addCommand: (id: string) => !known.has(id) && known.add(id) !== undefined },
        frames: { sendEncoded: (frame) => void sent.push(`${device} ${JSON.parse(frame.toString()).id}`) },
      },
    ]),
  );
  let open = true;
  const asked: (DeviceId | null)[] = [];
  const deliver = createJobDelivery({
    sessions: { live: (device) => sessions.get(device) },
    commands: {
      openJob: async (id) =>
        open ? { id, command: COMMAND, expiresAt: 1, lockSecret: null, priority: null, window } : null,
      waitingFor: async (_job, after) => {
        asked.push(after);
        const at = after === null ? 0 : pages.findIndex((page) => page.at(-1) === after) + 1;
        return open ? (pages[at] ?? []).map((device) => ({ device, generation: 1 })) : [];
      },
      commandsOf: async ({ id }, members) =>
        members.map(({ device }) => ({ id: `${id} ${device}` as typeof id, shares: null })),
    },
  });
  return { deliver, sent, asked, end: () => (open = false) };
}

it('sends the command once to each connected device of the enrollment', async () => {
  const [a, b, c, d] = [newDeviceId(), newDeviceId(), newDeviceId(), newDeviceId()] as const;
  const live = [
    { device: a, generation: 1 },
    { device: b, generation: 2 },
    { device: d, generation: 1 },
  ];
  const { deliver, sent, asked } = deliveryOf(
    [
      [a, b],
      [c, d],
    ],
    live,
  );
  const job = newCommandId();
  await deliver(job);
  expect(sent).toEqual([a, d].map((device) => `${device} ${job} ${device}`));
  expect(asked).toEqual([null, b, d]);
  await deliver(job);
  expect(sent).toHaveLength(2);
});

it('stops between two pages when the job has ended', async () => {
  const [a, b] = [newDeviceId(), newDeviceId()];
  const { deliver, sent, end } = deliveryOf(
    [[a], [b]],
    [a, b].map((device) => ({ device, generation: 1 })),
  );
  const delivered = deliver(newCommandId());
  setImmediate(end);
  await delivered;
  expect(sent.length).toBeLessThan(2);
  await deliver(newCommandId());
  expect(sent.length).toBeLessThan(2);
});

it('sends a command with a window only to agents that know windows', async () => {
  const [old, current] = [newDeviceId(), newDeviceId()];
  const live = [
    { device: old, generation: 1, knowsJobs: false },
    { device: current, generation: 1 },
  ];
  const { deliver, sent } = deliveryOf([[old, current]], live, { from: '22:00', to: '04:00' });
  const job = newCommandId();
  await deliver(job);
  expect(sent).toEqual([`${current} ${job} ${current}`]);
});
