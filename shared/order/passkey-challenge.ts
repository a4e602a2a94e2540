/**
 * Statements that a passkey signs for other purposes than a document: sign-in, step-up, and confirmation of an action. The server chooses
 * only a nonce in the statement. The browser computes the challenge from the typed statement, as it does for documents. Therefore no server
 * can choose the challenge of a document as the challenge of a sign-in.
 */
import { z } from 'zod';
import { canonicalText } from './canonical.ts';
import { sha256Hex } from './documents.ts';
import { pae } from './pae.ts';

const STATEMENT_TYPE = 'application/vnd.cordon.passkey-statement.v1+json';

export const passkeyNonce = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

export const passkeyStatement = z.discriminatedUnion('purpose', [
  z.strictObject({ purpose: z.enum(['sign-in', 'step-up']), nonce: passkeyNonce }),
  /** Confirmation of an action. `action`: SHA-256 of the action's content. */
  z.strictObject({ purpose: z.literal('action'), nonce: passkeyNonce, action: sha256Hex }),
]);
export type PasskeyStatement = z.infer<typeof passkeyStatement>;

export const statementText = (statement: PasskeyStatement): string => canonicalText(statement);

/** Bytes whose SHA-256 is the challenge of WebAuthn. */
export const statementBytes = (text: string): Uint8Array<ArrayBuffer> =>
  pae(STATEMENT_TYPE, new TextEncoder().encode(text));
