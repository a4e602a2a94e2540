/**
 * A reader of MLS (RFC 9420, suite 1), written from the RFC over `node:crypto`. It does not share the library's mistakes. It joins by a
 * welcome and reads the messages of that epoch only. Numbers in brackets are sections of the RFC.
 */
import {
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  verify,
} from 'node:crypto';

const HASH = 32;
const join = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
const ascii = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
const sha256 = (data: Uint8Array) => new Uint8Array(createHash('sha256').update(data).digest());
const hmac = (key: Uint8Array, data: Uint8Array) => new Uint8Array(createHmac('sha256', key).update(data).digest());
const uint = (value: number | bigint, size: number) => Uint8Array.fromHex(value.toString(16).padStart(size * 2, '0'));
/** [2.1.2] */
const vector = (data: Uint8Array) => {
  if (data.length < 64) return join(uint(data.length, 1), data);
  if (data.length < 16_384) return join(uint(data.length | 0x4000, 2), data);
  return join(uint(data.length + 0x8000_0000, 4), data);
};

function reader(data: Uint8Array) {
  let at = 0;
  const take = (size: number) => {
    at += size;
    return data.subarray(at - size, at);
  };
  const number = (size: number) => Number(`0x${take(size).toHex()}`);
  const bytes = () => {
    const prefix = (data[at] ?? 0) >> 6;
    return take(number(2 ** prefix) % 2 ** (2 ** prefix * 8 - 2));
  };
  return { take, number, bytes, at: () => at, ended: () => at >= data.length };
}

/** RFC 5869. */
const extract = hmac;
function expand(secret: Uint8Array, info: Uint8Array, size: number): Uint8Array {
  let [done, block] = [new Uint8Array(), new Uint8Array()];
  for (let counter = 1; done.length < size; counter += 1) {
    block = hmac(secret, join(block, info, uint(counter, 1)));
    done = join(done, block);
  }
  return done.subarray(0, size);
}

/** [8] */
const expandWithLabel = (secret: Uint8Array, label: string, context: Uint8Array, size: number) =>
  expand(secret, join(uint(size, 2), vector(ascii(`MLS 1.0 ${label}`)), vector(context)), size);
const deriveSecret = (secret: Uint8Array, label: string) => expandWithLabel(secret, label, ascii(''), HASH);

function decrypt(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array {
  const decipher = createDecipheriv('aes-128-gcm', key, nonce);
  decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(-16));
  return join(decipher.update(sealed.subarray(0, -16)), decipher.final());
}

/** [5.1.2] */
function verifyWithLabel(publicKey: Uint8Array, label: string, content: Uint8Array, signature: Uint8Array): boolean {
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicKey]);
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  return verify(null, join(vector(ascii(`MLS 1.0 ${label}`)), vector(content)), key, signature);
}

/** [5.1.3] over HPKE's base mode: RFC 9180, sections 4.1 and 5.1. */
function decryptWithLabel(secret: Uint8Array, label: string, context: Uint8Array, kem: Uint8Array, sealed: Uint8Array) {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), secret]);
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const spki = (raw: Uint8Array) => Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), raw]);
  const publicKey = createPublicKey({ key: spki(kem), format: 'der', type: 'spki' });
  const own = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
  const shared = new Uint8Array(diffieHellman({ privateKey, publicKey }));
  const labeled = (suite: Uint8Array) => ({
    extract: (salt: Uint8Array, name: string, data: Uint8Array) =>
      extract(salt, join(ascii('HPKE-v1'), suite, ascii(name), data)),
    expand: (prk: Uint8Array, name: string, info: Uint8Array, size: number) =>
      expand(prk, join(uint(size, 2), ascii('HPKE-v1'), suite, ascii(name), info), size),
  });
  const kemSuite = labeled(join(ascii('KEM'), uint(0x0020, 2)));
  const none = ascii('');
  const prk = kemSuite.extract(none, 'eae_prk', shared);
  const sharedSecret = kemSuite.expand(prk, 'shared_secret', join(kem, own), HASH);
  const hpke = labeled(join(ascii('HPKE'), uint(0x0020, 2), uint(0x0001, 2), uint(0x0001, 2)));
  const info = join(vector(ascii(`MLS 1.0 ${label}`)), vector(context));
  const scheduled = join(uint(0, 1), hpke.extract(none, 'psk_id_hash', none), hpke.extract(none, 'info_hash', info));
  const root = hpke.extract(sharedSecret, 'secret', none);
  return decrypt(hpke.expand(root, 'key', scheduled, 16), hpke.expand(root, 'base_nonce', scheduled, 12), none, sealed);
}

/** [7.8, 12.4.3.3]: the signature keys of the leaves by their index, and the number of leaves in the tree. */
function readTree(extension: Uint8Array) {
  const nodes = reader(reader(extension).bytes());
  const keys = new Map<number, Uint8Array>();
  let count = 0;
  for (; !nodes.ended(); count += 1) {
    if (nodes.number(1) === 0) continue;
    const isLeaf = nodes.number(1) === 1;
    nodes.bytes();
    const second = nodes.bytes();
    if (!isLeaf) {
      nodes.bytes();
      continue;
    }
    keys.set(count / 2, second);
    nodes.take(2);
    for (let field = 0; field < 6; field += 1) nodes.bytes();
    // [7.2]: a leaf node's source is a key package with its lifetime, or a commit with its parent hash.
    if (nodes.number(1) === 1) nodes.take(16);
    else nodes.bytes();
    nodes.bytes();
    nodes.bytes();
  }
  let leaves = 1;
  while (leaves * 2 - 1 < count) leaves *= 2;
  return { keys, leaves };
}

/** Joins a group. Throws an error if a check of the RFC for joiners fails. `keyPackage` and `welcome` are MLSMessages. */
export function joinByTheBook(welcome: Uint8Array, keyPackage: Uint8Array, initKey: Uint8Array) {
  const check = (holds: boolean, what: string) => {
    if (!holds) throw new Error(`${what} does not hold`);
  };
  const outer = reader(welcome);
  check(outer.number(2) === 1 && outer.number(2) === 3 && outer.number(2) === 1, 'version, wire format or suite');
  const entries = reader(outer.bytes());
  const sealedInfo = outer.bytes();
  check(outer.ended(), 'the end of the welcome');
  // [5.2]: an MLSMessage begins with its version and wire format.
  const reference = sha256(join(vector(ascii('MLS 1.0 KeyPackage Reference')), vector(keyPackage.subarray(4))));
  let secrets: Uint8Array | null = null;
  while (!entries.ended()) {
    const [member, kem, sealed] = [entries.bytes(), entries.bytes(), entries.bytes()];
    if (member.toHex() === reference.toHex()) secrets = decryptWithLabel(initKey, 'Welcome', sealedInfo, kem, sealed);
  }
  if (!secrets) throw new Error('the welcome is for others');
  const joiner = reader(secrets).bytes();
  // [8, 8.4]: the key schedule, without pre-shared keys.
  const member = extract(joiner, new Uint8Array(HASH));
  const welcomeSecret = deriveSecret(member, 'welcome');
  const none = ascii('');
  const key = expandWithLabel(welcomeSecret, 'key', none, 16);
  const info = decrypt(key, expandWithLabel(welcomeSecret, 'nonce', none, 12), none, sealedInfo);
  const parts = reader(info);
  // [8.1]
  check(parts.number(2) === 1 && parts.number(2) === 1, "the group's version or suite");
  const [groupId, epoch, , transcript] = [parts.bytes(), parts.take(8), parts.bytes(), parts.bytes()];
  parts.bytes();
  const context = info.subarray(0, parts.at());
  const extension = reader(parts.bytes());
  check(extension.number(2) === 2, 'the ratchet tree’s extension');
  const { keys, leaves } = readTree(extension.bytes());
  const tag = parts.bytes();
  const signer = keys.get(parts.number(4));
  const signed = info.subarray(0, parts.at());
  check(signer !== undefined && verifyWithLabel(signer, 'GroupInfoTBS', signed, parts.bytes()), 'the signature');
  const epochSecret = expandWithLabel(member, 'epoch', context, HASH);
  check(hmac(deriveSecret(epochSecret, 'confirm'), transcript).toHex() === tag.toHex(), 'the confirmation tag');
  const senderSecret = deriveSecret(epochSecret, 'sender data');

  /** [9]: from the root of the secret tree down to the leaf, then along the leaf's ratchet. */
  const keysOf = (leaf: number, generation: number) => {
    let secret = deriveSecret(epochSecret, 'encryption');
    for (let half = leaves / 2; half >= 1; half /= 2) {
      const side = Math.floor(leaf / half) % 2 === 0 ? 'left' : 'right';
      secret = expandWithLabel(secret, 'tree', ascii(side), HASH);
    }
    secret = expandWithLabel(secret, 'application', none, HASH);
    for (let passed = 0; passed < generation; passed += 1)
      secret = expandWithLabel(secret, 'secret', uint(passed, 4), HASH);
    const derived = (label: string, size: number) => expandWithLabel(secret, label, uint(generation, 4), size);
    return { key: derived('key', 16), nonce: derived('nonce', 12) };
  };

  /** [6.3]: application data of a PrivateMessage, and its sender. */
  const read = (message: Uint8Array) => {
    const sealed = reader(message);
    check(sealed.number(2) === 1 && sealed.number(2) === 2, 'version or wire format');
    check(sealed.bytes().toHex() === groupId.toHex() && sealed.take(8).toHex() === epoch.toHex(), 'group or epoch');
    check(sealed.number(1) === 1, 'the type of content');
    const [authenticated, sealedSender, ciphertext] = [sealed.bytes(), sealed.bytes(), sealed.bytes()];
    check(sealed.ended(), 'the end of the message');
    const sample = ciphertext.subarray(0, HASH);
    const about = join(vector(groupId), epoch, uint(1, 1));
    const senderKey = expandWithLabel(senderSecret, 'key', sample, 16);
    const sender = decrypt(senderKey, expandWithLabel(senderSecret, 'nonce', sample, 12), about, sealedSender);
    const [leaf, generation] = [reader(sender).number(4), reader(sender.subarray(4)).number(4)];
    const own = keysOf(leaf, generation);
    const nonce = own.nonce.map((byte, at) => (at < 4 ? byte ^ (sender[8 + at] ?? 0) : byte));
    const content = reader(decrypt(own.key, nonce, join(about, vector(authenticated)), ciphertext));
    const data = content.bytes();
    const signature = content.bytes();
    while (!content.ended()) check(content.number(1) === 0, 'the padding');
    const framed = join(
      vector(groupId),
      epoch,
      uint(1, 1),
      uint(leaf, 4),
      vector(authenticated),
      uint(1, 1),
      vector(data),
    );
    const signedKey = keys.get(leaf);
    const tbs = join(uint(1, 2), uint(2, 2), framed, context);
    check(signedKey !== undefined && verifyWithLabel(signedKey, 'FramedContentTBS', tbs, signature), 'the signature');
    return { leaf, generation, data };
  };
  return { read, groupId, epoch: Number(BigInt(`0x${epoch.toHex()}`)), members: keys };
}
