/**
 * Cost of sealing on a device, in this process: adding a member to a conversation of a given size, sealing a short text, and opening a
 * short text. Each starts with the stored bytes of the conversation and ends with the new bytes. The floor is the cryptography of MLS (RFC
 * 9420) by `node:crypto`, synchronous and over buffers of the same length. The floor encodes no message, authenticates no member and stores
 * no state. The cost of that part grows with the conversation.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  diffieHellman,
  generateKeyPairSync,
  sign,
  verify,
} from 'node:crypto';
import { newDeviceId } from '../../shared/protocol/ids.ts';
import type { Content } from '../../shared/seal/content.ts';
import { commitChange, createConversation, newConversationId, sealContent } from '../../shared/seal/conversation.ts';
import { joinConversation } from '../../shared/seal/join.ts';
import { makeKeyPackage } from '../../shared/seal/key-package.ts';
import { openMessage } from '../../shared/seal/open.ts';
import { makeSigningKey } from '../../shared/seal/signing-key.ts';
import type { Self } from '../../shared/seal/terms.ts';
import { type Bench, type Extent, firstRun, runsOf, type Sample, sized } from './measure.ts';

const SIZES = [2, 20, 100] as const;
const ADDS = 20;
const TEXTS = 100;
const RUNS = 3;

const shortText = (): Content => ({
  type: 'text',
  id: crypto.randomUUID(),
  at: Date.now(),
  attachments: [],
  after: null,
  ledger: null,
  text: 'I am on my way, see you at eight.',
});

const anybody = async () => true;
const enroll = async (): Promise<Self> => ({ device: newDeviceId(), generation: 1, key: await makeSigningKey() });
const packageFor = (self: Self) => makeKeyPackage(self, { now: Date.now(), lastResort: false });

/** Size of a sealed short text in bytes. */
export async function sealedText(): Promise<Uint8Array> {
  const alone = await createConversation(await enroll(), newConversationId(), Date.now());
  return (await sealContent(alone, shortText())).message;
}

/** MLS states of two members. */
async function conversationOf(size: number): Promise<{ one: Uint8Array; other: Uint8Array }> {
  const now = Date.now();
  const others = await Promise.all(Array.from({ length: size - 1 }, enroll));
  const packages = await Promise.all(others.map(packageFor));
  const [self] = others;
  const [its] = packages;
  const alone = await createConversation(await enroll(), newConversationId(), now);
  const add = packages.map(({ publicPackage }) => publicPackage);
  const { next, welcome } = await commitChange(alone, { add, remove: [] }, { now, authenticate: anybody });
  if (!self || !its || !welcome) throw new Error('nobody was let in');
  return { one: next, other: (await joinConversation(welcome, its.privatePackage, self, anybody)).state };
}

/** CPU milliseconds of all threads per round. */
async function cpuOf(times: number, act: () => Promise<void> | void): Promise<number> {
  const before = process.cpuUsage();
  for (let time = 0; time < times; time += 1) await act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / times;
}

const signer = generateKeyPairSync('ed25519');
const agreed = generateKeyPairSync('x25519');
const secret = Buffer.alloc(32, 1);
const key = secret.subarray(0, 16);
const nonce = secret.subarray(0, 12);

const signed = (bytes: Uint8Array): Buffer => sign(null, bytes, signer.privateKey);

function verified(bytes: Uint8Array, signature: Uint8Array): void {
  if (!verify(null, bytes, signer.publicKey, signature)) throw new Error('a signature does not fit');
}

function derived(times: number): void {
  for (let time = 0; time < times; time += 1) createHmac('sha256', secret).update(nonce).digest();
}

function encrypted(bytes: Uint8Array): { body: Buffer; tag: Buffer } {
  const cipher = createCipheriv('aes-128-gcm', key, nonce);
  const body = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return { body, tag: cipher.getAuthTag() };
}

function decrypted({ body, tag }: { body: Buffer; tag: Buffer }): void {
  const decipher = createDecipheriv('aes-128-gcm', key, nonce).setAuthTag(tag);
  Buffer.concat([decipher.update(body), decipher.final()]);
}

/** Floor of a message: its keys, its signature, its text and its sender data (RFC 9420, sections 6.3 and 9). */
function bareSend(text: Uint8Array): void {
  derived(5);
  encrypted(Buffer.concat([text, signed(text)]));
  encrypted(nonce);
}

function bareOpen(text: Uint8Array, signature: Uint8Array, sealed: ReturnType<typeof encrypted>): void {
  derived(7);
  decrypted(sealed);
  decrypted(sealed);
  verified(text, signature);
}

/**
 * Floor of an added member: a key package, a commit and a welcome, a tree of hashes, and a secret tree with twice as many nodes (RFC 9420,
 * sections 7.8, 8, 9, 10 and 12.4).
 */
function bareAdd(size: number, text: Uint8Array, signature: Uint8Array): void {
  for (let time = 0; time < 2; time += 1) verified(text, signature);
  for (let node = 0; node < 2 * size; node += 1) {
    createHash('sha256').update(text).digest();
    derived(3);
  }
  const once = generateKeyPairSync('x25519');
  diffieHellman({ privateKey: once.privateKey, publicKey: agreed.publicKey });
  for (let time = 0; time < 2; time += 1) encrypted(Buffer.concat([text, signed(text)]));
}

type Act = 'add' | 'send' | 'open';

async function measure(size: number, extent: Extent): Promise<Record<Act, Sample[]>> {
  const [adds, texts] = [sized(ADDS, extent), sized(TEXTS, extent)];
  const { one, other } = await conversationOf(size);
  const { publicPackage } = await packageFor(await enroll());
  const bare = Buffer.alloc(256);
  const signature = signed(bare);
  const sealed = encrypted(bare);
  const samples: Record<Act, Sample[]> = { add: [], send: [], open: [] };
  let [sender, recipient] = [one, other];
  for (let run = firstRun(extent); run < runsOf(RUNS, extent); run += 1) {
    const add = await cpuOf(adds, async () => {
      await commitChange(one, { add: [publicPackage], remove: [] }, { now: Date.now(), authenticate: anybody });
    });
    const messages: Uint8Array[] = [];
    const send = await cpuOf(texts, async () => {
      const { state, message } = await sealContent(sender, shortText());
      sender = state;
      messages.push(message);
    });
    const waiting = messages.values();
    const open = await cpuOf(texts, async () => {
      const { state } = await openMessage(recipient, waiting.next().value ?? new Uint8Array(), anybody);
      recipient = state;
    });
    const floor = {
      add: await cpuOf(10 * adds, () => bareAdd(size, bare, signature)),
      send: await cpuOf(10 * texts, () => bareSend(bare)),
      open: await cpuOf(10 * texts, () => bareOpen(bare, signature, sealed)),
    };
    // The first run is a warm-up.
    if (run < 0) continue;
    samples.add.push({ value: add, floor: floor.add, busy: null });
    samples.send.push({ value: send, floor: floor.send, busy: null });
    samples.open.push({ value: open, floor: floor.open, busy: null });
  }
  return samples;
}

/** Three lines of results for each size. These budgets have no external source: they show when an operation has become more expensive. */
export const sealBenches = (extent: Extent): Bench[] =>
  SIZES.flatMap((size) => {
    let measured: Promise<Record<Act, Sample[]>> | null = null;
    const bench = (act: Act, budget: number): Bench => ({
      name: `seal-${act}-${size}`,
      unit: 'ms of CPU',
      budget,
      better: 'less',
      run: async () => {
        measured ??= measure(size, extent);
        return (await measured)[act];
      },
    });
    return [bench('add', 40), bench('send', 70), bench('open', 50)];
  });
