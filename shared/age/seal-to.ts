/**
 * Encryption of a file for one recipient in the age format (age-encryption.org/v1). Only the owner of the private key can decrypt the file;
 * the server cannot. A recipient is a public key that begins with `age1` or `age1pq1`. The second kind also resists quantum computers.
 */
import { createRequire } from 'node:module';
import { CordonError } from '../errors.ts';

/**
 * Loads the package at its first use, because loading takes 60 ms of CPU time. The function uses `require`, because its callers are
 * synchronous.
 */
const age = (): typeof import('age-encryption') => createRequire(import.meta.url)('age-encryption');

declare const recipientBrand: unique symbol;
export type AgeRecipient = string & { readonly [recipientBrand]: true };

/** Checks a recipient. Throws `invalid_input`. The error never contains the input, because a user may enter a secret by mistake. */
export function parseRecipient(text: string): AgeRecipient {
  const refuse = (why: string) => new CordonError('invalid_input', `This is not a valid age recipient: ${why}`);
  const input = text.trim();
  if (/^age-secret-key-/i.test(input)) {
    throw refuse('it is a secret identity. Give its recipient (age1…) instead, and keep the identity secret.');
  }
  if (input.startsWith('ssh-') || /^age1(?!pq1)\w+1/i.test(input)) {
    throw refuse('only recipients of age-keygen (age1…) are supported.');
  }
  const recipient = input === input.toUpperCase() ? input.toLowerCase() : input;
  try {
    new (age().Encrypter)().addRecipient(recipient);
  } catch {
    // The age library's error contains the input, which may be a secret. A new error replaces it.
    throw refuse('it must be the whole public key of age-keygen: age1 and 58 more characters.');
  }
  return recipient as AgeRecipient;
}

/** Rejects with `invalid_input` for a weak recipient key that would protect nothing. */
export async function sealTo(recipient: AgeRecipient, plaintext: Uint8Array): Promise<Uint8Array> {
  const { Encrypter } = age();
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  try {
    return await encrypter.encrypt(plaintext);
  } catch (error) {
    throw new CordonError(
      'invalid_input',
      'This age recipient is a weak key that protects nothing. Create a new one with age-keygen.',
      {},
      error,
    );
  }
}
