/** Cosignature line of a witness (C2SP tlog-cosignature, version 1 with Ed25519). */
import { cosignedMessage } from './cosignature.ts';
import { checkName, keyIdOf, type NoteSigner } from './sign-checkpoint.ts';
import { COSIGNATURE, checkText } from './signed-note.ts';

/** Signature line, with its newline, over the text of a note. `at`: time in Unix milliseconds. */
export function signCosignature(text: string, at: number, witness: NoteSigner): string {
  checkName(witness.name);
  checkText(text);
  const seconds = Math.floor(at / 1000);
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(seconds));
  const signature = witness.sign(Buffer.from(cosignedMessage(text, seconds)));
  const blob = Buffer.concat([keyIdOf(witness, COSIGNATURE), time, signature]);
  return `— ${witness.name} ${blob.toString('base64')}\n`;
}
