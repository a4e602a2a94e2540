/**
 * Many devices in one process. Each device has a certificate and the agent's real connection with TLS, reconnects and delays. A device
 * stores only the version of each document and acknowledges it, without enforcement. It stores each command once, and reports a result
 * until the server has stored the report. One of 33 devices reports a failure.
 */
import { dialDirect } from '../../agent/link/dial.ts';
import { createLink, type Link, type LinkState } from '../../agent/link/link.ts';
import { type SecureDial, secureDial } from '../../agent/link/tls.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import type { DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import type { CommandId } from '../../shared/protocol/ids.ts';
import type { Code } from '../bench/bench-device.ts';
import { BenchDevice } from '../bench/bench-device.ts';
import { inParallel } from '../bench/measure.ts';
import { serve } from '../replay/rpc.ts';

/** Sums over all devices of this process since its start. */
export interface HerdState {
  readonly connected: number;
  /** Number of devices that have stored each version of the order list. */
  readonly lists: Readonly<Record<number, number>>;
  /** Number of upgrades that the server rejected with status 503. */
  readonly busy: number;
  /** Number of devices by the number of commands that they ran. */
  readonly runs: Readonly<Record<number, number>>;
  /** Number of devices that report failures. */
  readonly failing: number;
  /** Device states that must not occur, with their reason. */
  readonly lost: readonly string[];
}

interface Opening {
  readonly rootPem: string;
  /**
   * Number of devices that may do a TLS handshake at the same time; null for no limit. All devices of this process share one core. Without
   * a limit on a busy machine, most handshakes end by timeout, which wastes the work of both sides.
   */
  readonly most: number | null;
}

const herd: {
  readonly link: Link;
  readonly has: { list: number; record: number; approverSet: number };
  readonly ran: ReadonlySet<string>;
}[] = [];
const devices: BenchDevice[] = [];
let busy = 0;
/** Each device whose number is a multiple of this one reports failures. */
const FAILING = 33;
const RUN_TIME = 1_500;
const lost: string[] = [];

/** Cache of the order list. All devices receive the same list, so the process parses it once. */
let newest: { readonly payload: string; readonly version: number } | null = null;
function versionOf({ payload }: Envelope): number {
  if (newest?.payload === payload) return newest.version;
  const { version }: { version: number } = JSON.parse(Buffer.from(payload, 'base64').toString());
  newest = { payload, version };
  return version;
}

/** Commands and reports of one device. A command runs for up to `RUN_TIME` milliseconds. */
function answering(fails: boolean, send: (frame: DeviceFrame) => void) {
  const ran = new Set<string>();
  const outbox = new Map<number, DeviceFrame>();
  let seq = 0;
  const confirmed = (through: number) => {
    for (const sent of outbox.keys()) if (sent <= through) outbox.delete(sent);
  };
  const finish = (command: CommandId) => {
    seq += 1;
    const outcome = fails ? 'failed' : 'done';
    const item = { type: 'result' as const, command, outcome, detail: 'herd', at: Date.now() } as const;
    const report: DeviceFrame = { kind: 'report', seq, item };
    outbox.set(seq, report);
    send(report);
  };
  const receive = (frame: ServerFrame) => {
    if (frame.kind === 'command') {
      send({ kind: 'command-stored', id: frame.id });
      if (ran.has(frame.id)) return;
      ran.add(frame.id);
      setTimeout(() => finish(frame.id), Math.random() * RUN_TIME);
    } else if (frame.kind === 'reports-stored') confirmed(frame.through);
    else if (frame.kind === 'welcome') {
      confirmed(frame.reports);
      for (const report of outbox.values()) send(report);
    }
  };
  return { ran, receive };
}

/** Lets at most `most` devices of this process do a TLS handshake at the same time. The others wait without a timeout. */
function limited(dial: SecureDial, most: number): SecureDial {
  return async (target) => {
    while (handshakes >= most) await new Promise<void>((resolve) => void waiting.push(resolve));
    handshakes += 1;
    try {
      return await dial(target);
    } finally {
      handshakes -= 1;
      waiting.shift()?.();
    }
  };
}
let handshakes = 0;
const waiting: (() => void)[] = [];

function join(device: BenchDevice, url: URL, { rootPem, most }: Opening): Link {
  const has = { list: 0, record: 0, approverSet: 0 };
  const { keyPem, certificate } = device.credentials;
  const direct = secureDial({ dial: dialDirect, rootPem, identity: { keyPem, chainPem: certificate } });
  const dial = most === null ? direct : limited(direct, most);
  const answers = answering(herd.length % FAILING === 0, (frame) => link.send(frame));
  const onFrame = (frame: ServerFrame) => {
    answers.receive(frame);
    if (frame.kind === 'list') has.list = versionOf(frame.envelope);
    else if (frame.kind === 'record') has.record = versionOf(frame.envelope);
    else if (frame.kind === 'approver-sets') has.approverSet += frame.envelopes.length;
    else return;
    link.send({ kind: 'have', ...has });
  };
  const onState = (state: LinkState, detail: string | null) => {
    if (state === 'waiting' && detail?.startsWith('Too many devices')) busy += 1;
    if (state === 'refused' || state === 'rejected' || state === 'unrestored' || state === 'revoked')
      lost.push(`${state}: ${detail}`);
  };
  const link = createLink({
    url: () => url,
    secureDial: () => dial,
    hello: () => ({ kind: 'hello', agent: 'herd', jobs: true, ...has }),
    denied: () => null,
    onFrame,
    onDown: () => undefined,
    onRefusal: () => undefined,
    beforeKnock: async () => undefined,
    refusedCertificate: async () => null,
    confirmRevoked: async () => false,
    onExpired: async () => undefined,
    onState,
  });
  herd.push({ link, has, ran: answers.ran });
  return link;
}

const handlers = {
  async enroll({ codes, publicUrl }: { codes: readonly Code[]; publicUrl: string }) {
    const agent = BenchDevice.keptAlive();
    await inParallel(codes, 32, async (code) => {
      const device = new BenchDevice(code);
      await device.enroll(publicUrl, agent);
      devices.push(device);
    });
    agent.destroy();
    return null;
  },

  /** Starts the devices. They run until this process ends. */
  open({ deviceUrl, ...opening }: Opening & { deviceUrl: string }) {
    for (const device of devices) join(device, new URL(deviceUrl), opening).start();
    return null;
  },

  /** Connects all waiting devices at once, as after a power failure. */
  rush(_: null) {
    for (const { link } of herd) void link.attempt();
    return null;
  },

  state(_: null): HerdState {
    const lists: Record<number, number> = {};
    for (const { has } of herd) lists[has.list] = (lists[has.list] ?? 0) + 1;
    const connected = herd.filter(({ link }) => link.state === 'connected').length;
    const runs: Record<number, number> = {};
    for (const { ran } of herd) runs[ran.size] = (runs[ran.size] ?? 0) + 1;
    const failing = Math.ceil(herd.length / FAILING);
    return { connected, lists, busy, runs, failing, lost: lost.slice(0, 20) };
  },
};
export type HerdHandlers = typeof handlers;

serve(handlers);
