/** Encryption and decryption of streams in the age format, with bounded memory for files of any size. */
import { Readable } from 'node:stream';
import { CordonError } from '../errors.ts';
import type { AgeRecipient } from './seal-to.ts';

/** Loads the package at its first use, because its cryptography takes 60 ms of CPU time. */
const age = () => import('age-encryption');

export type SealedFor = { readonly recipient: AgeRecipient } | { readonly passphrase: string };
export type OpenedWith = { readonly identity: string } | { readonly passphrase: string };

export async function temporaryIdentity(): Promise<{ readonly identity: string; readonly recipient: AgeRecipient }> {
  const { generateX25519Identity, identityToRecipient } = await age();
  const identity = await generateX25519Identity();
  return { identity, recipient: (await identityToRecipient(identity)) as AgeRecipient };
}

/**
 * Encrypts a stream for a recipient or with a passphrase. With a passphrase, the call blocks all other work of this process for about a
 * second, because it derives a key.
 */
export async function sealStream(plain: AsyncIterable<Uint8Array>, to: SealedFor): Promise<Readable> {
  const { Encrypter } = await age();
  const encrypter = new Encrypter();
  if ('recipient' in to) encrypter.addRecipient(to.recipient);
  else encrypter.setPassphrase(to.passphrase);
  return fromWeb(await encrypter.encrypt(toWeb(plain)));
}

/**
 * Decrypts a stream. Rejects with `passphrase_wrong` if the identity or passphrase is wrong. A damaged stream causes an error only while
 * the result is read.
 */
export async function openStream(sealed: AsyncIterable<Uint8Array>, secret: OpenedWith): Promise<Readable> {
  const { Decrypter } = await age();
  const decrypter = new Decrypter();
  try {
    if ('identity' in secret) for (const line of identitiesIn(secret.identity)) decrypter.addIdentity(line);
    else decrypter.addPassphrase(secret.passphrase);
    return fromWeb(await decrypter.decrypt(toWeb(sealed)));
  } catch (error) {
    const what = 'identity' in secret ? 'age identity' : 'passphrase';
    throw new CordonError(
      'passphrase_wrong',
      `The ${what} cannot decrypt this file. Use the one that the file was encrypted for.`,
      {},
      error,
    );
  }
}

/** Identities (private keys) in a file of age-keygen, without its comment lines. */
const identitiesIn = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));

const toWeb = (source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> =>
  Readable.toWeb(Readable.from(source, { objectMode: false })) as ReadableStream<Uint8Array>;

const fromWeb = (stream: ReadableStream<Uint8Array>): Readable =>
  Readable.fromWeb(stream as Parameters<typeof Readable.fromWeb>[0]);
