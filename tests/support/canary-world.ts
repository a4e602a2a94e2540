/** A server that records its traffic without TLS, devices that write to each other, and searches for a mark in all data of the server. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { expect } from 'vitest';
import { readTar } from '../../server/recovery/tar.ts';
import { openStream, temporaryIdentity } from '../../shared/age/stream.ts';
import { type Mark, newMark, type Search } from './canary.ts';
import { type ChattingDevice, openChattingDevice } from './chatting-device.ts';
import { openWorld, type World } from './e2e-world.ts';
import { foundOrganization } from './organization.ts';
import { recordedIn } from './recorded-traffic.ts';
import { until } from './until.ts';

export const WITHIN = 120_000;

export interface Town {
  readonly world: World;
  readonly folder: string;
  /** Folder with the recorded traffic. */
  readonly traffic: string;
  readonly sealed: Mark;
  /** A text for sealed data: it contains the mark and differs from every other text. */
  readonly canary: (what: string) => string;
  readonly devices: readonly ChattingDevice[];
  enroll(name: string): Promise<ChattingDevice>;
  close(): Promise<void>;
}

/** A server whose traffic is recorded. */
type Searched = Pick<Town, 'world' | 'traffic'>;

export async function openTown(environment: Record<string, string> = {}): Promise<Town> {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-canary-'));
  const traffic = join(folder, 'traffic');
  mkdirSync(traffic);
  const recorder = pathToFileURL(join(import.meta.dirname, 'record-tls.ts')).href;
  const world = await openWorld({
    NODE_OPTIONS: `--import ${recorder}`,
    CORDON_TEST_RECORD: traffic,
    CORDON_LOG: 'debug',
    ...environment,
  });
  const { owner, approvers } = world.operator;
  const organization = await foundOrganization(owner, approvers).catch(async (error: unknown) => {
    await world.remove();
    throw error;
  });
  const stop = organization.keepCountersigning(300);
  const sealed = newMark();
  const devices: ChattingDevice[] = [];
  let count = 0;
  return {
    world,
    folder,
    traffic,
    sealed,
    devices,
    canary: (what) => `${what}: "${sealed.text} ${count++} ${crypto.randomUUID()}"`,
    async enroll(name) {
      const { link } = await world.operator.code({ user: name, group: world.group, home: 'SE' });
      const device = await openChattingDevice({ name, folder: join(folder, `device-${devices.length}`), link });
      devices.push(device);
      return device;
    },
    async close() {
      await stop();
      for (const device of devices) await device.close();
      await world.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const ready = ({ agent, name }: ChattingDevice) =>
  until(() => expect(agent.messaging.state().state, name).toBe('ready'), WITHIN, 100);
export function personOf({ agent }: ChattingDevice): string {
  const state = agent.messaging.state();
  if (state.state !== 'ready') throw new Error(`the device is ${state.state}`);
  return state.person;
}
export const textsOf = ({ agent }: ChattingDevice, conversation: string): string[] =>
  agent.messaging
    .messages(conversation, { limit: 500 })
    .filter(({ from }) => from !== null)
    .map(({ text }) => text);
export const knows = ({ agent }: ChattingDevice, conversation: string) =>
  agent.messaging.conversations().some(({ id }) => id === conversation);
export const plain = (text: string) => ({ text, attachments: [] });
/** Waits until each device has exactly these texts in the conversation. */
export const hear = (devices: readonly ChattingDevice[], conversation: string, said: readonly string[]) =>
  until(
    () => {
      for (const device of devices) {
        expect(knows(device, conversation), `${device.name} is in it`).toBe(true);
        expect(textsOf(device, conversation).toSorted(), device.name).toEqual(said.toSorted());
      }
    },
    WITHIN,
    100,
  );

/** Response body for the owner. The request is repeated, because the server closes connections while its memory is searched. */
export const given = ({ world: { server, operator } }: Searched, method: string, path: string, body?: object) =>
  until(async () => {
    const headers = { authorization: `Bearer ${operator.owner.token}`, 'content-type': 'application/json' };
    const answer = await fetch(`${server.admin}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    expect(answer.status).toBe(200);
    return Buffer.from(await answer.arrayBuffer());
  });

/** Searches all data of the server except its memory. */
export async function lookEverywhere(town: Searched, search: Search): Promise<void> {
  const { server } = town.world;
  search.folder(join(server.home, '..'));
  search.look('log', Buffer.from(server.output()));
  search.look('metrics', await given(town, 'GET', '/metrics'));
  for (const { name, http, frames } of recordedIn(town.traffic)) {
    search.look(`traffic ${name}`, http);
    for (const frame of frames) search.look(`traffic ${name}`, frame);
  }
}
/** Searches the decrypted backup. */
export async function lookIntoBackup(town: Searched, search: Search): Promise<void> {
  const { identity, recipient } = await temporaryIdentity();
  const sealed = await given(town, 'POST', '/api/v1/backup', { recipient });
  for await (const { body } of readTar(await openStream(Readable.from([sealed]), { identity }))) {
    search.look('backup', body);
  }
}
export const lookIntoMemory = ({ world: { server } }: Pick<Town, 'world'>, search: Search) =>
  search.memory(server.process.pid ?? 0);

/** Bytes of the server's resident memory, as the kernel counts them. */
export const residentOf = ({ world: { server } }: Town): number => {
  const status = readFileSync(`/proc/${server.process.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
};

export const placesOf = ({ sightings }: Search) => new Set(sightings.map(({ place }) => place.split(' ')[0]));
export const mebibytes = ({ bytes }: Search) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
