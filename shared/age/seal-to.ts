/**
 * Seals a file to a recipient in the age format (age-encryption.org/v1, C2SP age.md): whoever holds the identity opens it with any age program,
 * and nobody else does, the server that sealed it included. Native recipients alone (`age1…`, and `age1pq1…` against quantum computers).
 */
import { Encrypter } from 'age-encryption';
import { CordonError } from '../errors.ts';

declare const recipientBrand: unique symbol;
export type AgeRecipient = string & { readonly [recipientBrand]: true };

/** Throws `invalid_input`. What is given is never in the error: it may be a secret by mistake. */
export function parseRecipient(text: string): AgeRecipient {
  const refuse = (why: string) => new CordonError('invalid_input', `This is no age recipient: ${why}`);
  const given = text.trim();
  if (/^age-secret-key-/i.test(given)) {
    throw refuse('it is the secret identity. Keep it to its owner, and give the recipient that belongs to it (age1…).');
  }
  if (given.startsWith('ssh-') || /^age1(?!pq1)\w+1/i.test(given)) {
    throw refuse('only native recipients are known here, as age-keygen makes them (age1…).');
  }
  const recipient = given === given.toUpperCase() ? given.toLowerCase() : given;
  try {
    new Encrypter().addRecipient(recipient);
  } catch {
    // The library's error repeats what was given.
    throw refuse('it must be what age-keygen calls the public key, complete: age1 and 58 characters.');
  }
  return recipient as AgeRecipient;
}

/** Rejects with `invalid_input` for a key with which nothing would stay secret. */
export async function sealTo(recipient: AgeRecipient, plaintext: Uint8Array): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  try {
    return await encrypter.encrypt(plaintext);
  } catch (error) {
    throw new CordonError(
      'invalid_input',
      'Nothing can be sealed to this age recipient: it keeps nothing secret.',
      {},
      error,
    );
  }
}
