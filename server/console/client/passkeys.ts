/**
 * Passkeys in this browser. The page computes each challenge itself: from a document, or from a statement about a sign-in or an action. The
 * server chooses only a nonce, so it cannot make a sign-in sign a document (ADR 51).
 */
import { startAuthentication, startRegistration, WebAuthnError } from '@simplewebauthn/browser';
import type { z } from 'zod';
import {
  type PasskeyDemand,
  type PasskeyView,
  type passkeyChallenge,
  registrationOptions,
} from '../../../shared/api/passkeys.ts';
import { CordonError } from '../../../shared/errors.ts';
import { encodeAssertion } from '../../../shared/order/passkey-assertion.ts';
import { type PasskeyStatement, statementBytes, statementText } from '../../../shared/order/passkey-challenge.ts';
import type { WebSigner } from '../../../shared/order/web-approver-key.ts';
import { webSha256 } from '../../../shared/order/web-digest.ts';
import { call } from './call.ts';

type Challenge = z.output<typeof passkeyChallenge>;
type Bytes = Uint8Array<ArrayBuffer>;

const TIMEOUT = 120_000;

/** True if the browser supports passkeys. `worksHere` also requires that the page has the address for which the passkeys work. */
export const supportsPasskeys = (): boolean => 'PublicKeyCredential' in globalThis;

export const worksHere = (site: { readonly origin: string } | null | undefined): boolean =>
  supportsPasskeys() && site?.origin === location.origin;

function requireOrigin({ origin }: { readonly origin: string }): void {
  if (origin === location.origin) return;
  throw new CordonError('unavailable', `Passkeys work only at ${origin}. Open the console at that address.`);
}

/** Response of one of the passkeys in `credentials`. If the list is empty, the person may choose any passkey. */
async function respond(bytes: Bytes, { rpId, credentials }: Pick<Challenge, 'rpId' | 'credentials'>) {
  const challenge = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return explained(
    startAuthentication({
      optionsJSON: {
        challenge: challenge.toBase64({ alphabet: 'base64url', omitPadding: true }),
        rpId,
        allowCredentials: credentials.map((id) => ({ id, type: 'public-key' })),
        userVerification: 'required',
        timeout: TIMEOUT,
      },
    }),
  );
}

async function signStatement(challenge: Challenge, statement: PasskeyStatement) {
  requireOrigin(challenge);
  const { id, rawId, type, response } = await respond(statementBytes(statementText(statement)), challenge);
  return { id, rawId, type, response };
}

/** The list of passkeys never comes from the server, so that a hostile server cannot ask for an approver key here. */
export const signInStatement = (challenge: Challenge) =>
  signStatement({ ...challenge, credentials: [] }, { purpose: 'sign-in', nonce: challenge.nonce });

export const stepUpStatement = (challenge: Challenge) =>
  signStatement(challenge, { purpose: 'step-up', nonce: challenge.nonce });

/** Header value with which a passkey confirms the action. Throws if the content does not match the hash to sign. */
export async function confirmAction(demand: PasskeyDemand): Promise<string> {
  if ((await webSha256(demand.content)) !== demand.hash) {
    throw new CordonError(
      'document_malformed',
      'The content of the action does not match its hash. Do not confirm it.',
    );
  }
  const statement = { purpose: 'action', nonce: demand.nonce, action: demand.hash } as const;
  const { id, response } = await signStatement(demand, statement);
  const { authenticatorData, clientDataJSON, signature } = response;
  const body = { token: demand.token, credential: id, assertion: { authenticatorData, clientDataJSON, signature } };
  return new TextEncoder().encode(JSON.stringify(body)).toBase64({ alphabet: 'base64url', omitPadding: true });
}

/** Signer with an approver's passkey. The browser asks the person for each signature. */
export const passkeySigner = ({ credential, rpId, keyid }: PasskeyView): WebSigner => ({
  keyid: keyid ?? '',
  async sign(bytes) {
    const { response } = await respond(bytes, { rpId, credentials: [credential] });
    const { authenticatorData, clientDataJSON, signature } = response;
    return encodeAssertion({ authenticatorData, clientDataJSON, signature });
  },
});

/** Creates a passkey. The caller sends the result to the server. */
export async function createPasskey(purpose: PasskeyView['purpose'], name: string) {
  const { token, origin, options } = await call('POST', '/passkeys/options', registrationOptions, { purpose });
  requireOrigin({ origin });
  const { id, rawId, type, response } = await explained(startRegistration({ optionsJSON: options }));
  const { clientDataJSON, attestationObject } = response;
  return { token, name, response: { id, rawId, type, response: { clientDataJSON, attestationObject } } };
}

async function explained<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const known = cause instanceof WebAuthnError && cause.code === 'ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED';
    const detail = known
      ? 'This authenticator already has such a passkey of yours. Use another authenticator.'
      : 'No passkey responded. You canceled, the time limit passed, or this authenticator has no suitable passkey. Try again.';
    throw new CordonError('unavailable', detail, {}, cause);
  }
}
