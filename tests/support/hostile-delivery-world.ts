/** Users with real agents and a real server whose owner changes the data that leaves it. Vitest hooks open and close both. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { z } from 'zod';
import { readMessagingCertificate } from '../../shared/order/messaging-certificate.ts';
import type { MemberProof } from '../../shared/protocol/device-http.ts';
import type { ServerFrame } from '../../shared/protocol/frames.ts';
import { epochOf } from '../../shared/seal/conversation.ts';
import { peek } from '../../shared/seal/message.ts';
import { type Captured, openCaptured } from './captured-server.ts';
import { type ChangedServer, changeServer } from './changed-server.ts';
import { type ChattingDevice, openChattingDevice } from './chatting-device.ts';
import { foundOrganization } from './organization.ts';
import { until } from './until.ts';

export type Mail = Extract<ServerFrame, { kind: 'mailbox-entry' }>;

export const WITHIN = 60_000;

export const isEntry = (frame: ServerFrame): frame is Mail => frame.kind === 'mailbox-entry';

/** The kind of the content of a mail. */
export function kindOf({ item }: Mail): string {
  if (item.type !== 'post') return item.type;
  const bytes = Buffer.from(item.body, 'base64');
  return bytes[0] === 0x7b ? 'request' : peek(bytes).type;
}

/** A further mail with the same content, or with another body. */
export const again = ({ seq, item }: Mail, body = item.type === 'post' ? item.body : ''): Mail => ({
  kind: 'mailbox-entry',
  seq: seq + 1,
  item: item.type === 'post' ? { ...item, id: crypto.randomUUID(), body } : item,
});

export const certificateOf = ({ certificate }: MemberProof) =>
  readMessagingCertificate(Buffer.from(certificate.payload, 'base64')).certificate;

export const eventually = (check: () => void | Promise<void>) => until(check, WITHIN, 100);

export function personOf({ agent }: ChattingDevice): string {
  const state = agent.messaging.state();
  if (state.state !== 'ready') throw new Error(`the device is ${state.state}`);
  return state.person;
}

export const start = ({ agent }: ChattingDevice, others: readonly ChattingDevice[], title: string | null = null) =>
  agent.messaging.start({ people: others.map(personOf), title });

export const say = ({ agent }: ChattingDevice, conversation: string, text: string) =>
  agent.messaging.send(conversation, { text, attachments: [] });

/** Sends a text and waits for the server's response. */
export async function sent(from: ChattingDevice, conversation: string, text: string): Promise<string> {
  const id = await say(from, conversation, text);
  await eventually(() => expect(from.agent.messaging.message(id).state).toBe('sent'));
  return id;
}

export const stateOf = ({ agent }: Pick<ChattingDevice, 'agent'>, conversation: string) =>
  agent.messaging.conversations().find(({ id }) => id === conversation)?.state;

export const shown = ({ agent }: ChattingDevice, conversation: string) =>
  stateOf({ agent }, conversation) ? agent.messaging.messages(conversation, { limit: 200 }) : [];

export const texts = (device: ChattingDevice, conversation: string) =>
  shown(device, conversation).flatMap(({ from, text }) => (from ? [text] : []));

/** Texts of the notes, which have no sender. */
export const notes = (device: ChattingDevice, conversation: string) =>
  shown(device, conversation).flatMap(({ from, text }) => (from ? [] : [text]));

export const epochAt = async (device: ChattingDevice, conversation: string) => {
  const group = (await device.records()).group(conversation);
  return group ? epochOf(group) : -1;
};

/** Waits until the device has sent all its posts. */
export const settled = ({ store, device }: ChattingDevice) =>
  eventually(() => expect(store.device(device).messaging.countPosts()).toBe(0));

/** Starts a conversation of these devices. All of them have joined and read the first message. */
export async function talk(first: ChattingDevice, ...others: readonly ChattingDevice[]): Promise<string> {
  const conversation = await start(first, others, others.length > 1 ? 'Plans' : null);
  await say(first, conversation, 'first');
  for (const device of others) await eventually(() => expect(texts(device, conversation)).toEqual(['first']));
  await settled(first);
  return conversation;
}

/** Registers the hooks. Called once, at the top of a test file. */
export function hostileDeliveryWorld() {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-hostile-'));
  const devices: ChattingDevice[] = [];
  let count = 0;
  let captured: Captured;
  let hostile: ChangedServer;
  let group: string;
  let stopCountersigning: () => Promise<void>;

  beforeAll(async () => {
    hostile = changeServer();
    captured = await openCaptured(Date.now());
    const { operator } = captured;
    group = await operator.group('embassies', 'SE');
    stopCountersigning = (await foundOrganization(operator.owner, operator.approvers)).keepCountersigning();
  });
  afterEach(async () => {
    hostile.honest();
    for (const device of devices.splice(0)) await device.close();
  });
  afterAll(async () => {
    await stopCountersigning?.();
    await captured?.remove();
    hostile.restore();
    rmSync(folder, { recursive: true, force: true });
  });

  async function enroll(name: string): Promise<ChattingDevice> {
    const { link } = await captured.operator.code({ user: name, group });
    const device = await openChattingDevice({
      name,
      folder: join(folder, `device-${count++}`),
      link,
      patience: 1_500,
      wall: () => captured.clock.now(),
    });
    devices.push(device);
    await eventually(() => expect(device.agent.messaging.state().state).toBe('ready'));
    return device;
  }
  const alerts = async ({ device }: ChattingDevice) => (await captured.alerts(device)).map(({ code }) => code);

  return {
    captured: () => captured,
    hostile: () => hostile,
    enroll,
    /** Enrolls devices of people whose names no other test uses. */
    async people<const N extends readonly string[]>(...names: N): Promise<{ [K in keyof N]: ChattingDevice }> {
      const test = count++;
      const made = await Promise.all(names.map((name) => enroll(`${name} ${test}`)));
      return made as { [K in keyof N]: ChattingDevice };
    },
    alerts,
    raises: (device: ChattingDevice, code: string) =>
      eventually(async () => expect(await alerts(device)).toContain(code)),
    async revoke({ device }: ChattingDevice): Promise<void> {
      const { operator } = captured;
      await operator.as(operator.owner, 'POST', `/devices/${device}/revoke`, z.unknown(), {});
    },
    /** The device's key package of last resort. */
    lastResortOf({ device }: ChattingDevice) {
      return captured.edit(async ({ db }) => {
        const found = db.selectFrom('key_packages').select(['generation', 'body']).where('device_id', '=', device);
        const { generation, body } = await found.where('last_resort', '=', 1).executeTakeFirstOrThrow();
        return { device, generation, body, lastResort: true };
      });
    },
  };
}
