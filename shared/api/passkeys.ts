/** Passkeys and recovery codes of an account, and WebAuthn's messages between the browser and the server. */
import { z } from 'zod';
import { sha256Hex } from '../order/documents.ts';
import { assertionSchema } from '../order/passkey-assertion.ts';
import { passkeyNonce } from '../order/passkey-challenge.ts';
import { instant, personName } from './wire.ts';

/** Header with the assertion that confirms the request's action (`passkeyConfirmation` as JSON in base64url). */
export const PASSKEY_HEADER = 'x-cordon-passkey';

/**
 * Name of the cookie with the challenge of a sign-in. The cookie binds the challenge to one browser, and gives no access.
 */
export const challengeCookieName = (secure: boolean): string =>
  secure ? '__Host-cordon_challenge' : 'cordon_challenge';

export const PASSKEY_PURPOSES = ['sign-in', 'approval'] as const;
/** A credential id has at most 1,023 bytes (WebAuthn, section 4). */
const credentialId = z
  .string()
  .max(1_364)
  .regex(/^[A-Za-z0-9_-]+$/);
const base64url = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^[A-Za-z0-9_-]*$/);
/** Sealed challenge, which the client returns unchanged. */
const token = z.string().min(1).max(1_000);

export const passkeyView = z.object({
  id: z.string(),
  purpose: z.enum(PASSKEY_PURPOSES),
  name: z.string(),
  credential: z.string(),
  /** True if the passkey works on this console. False if the console had another host name when the passkey was registered. */
  usable: z.boolean(),
  rpId: z.string(),
  /** Id of the approver key; null for a passkey that signs in. */
  keyid: z.string().nullable(),
  createdAt: instant,
  lastUsedAt: instant.nullable(),
});
export type PasskeyView = z.infer<typeof passkeyView>;

/** Site for which passkeys work. Null if the console has no host name. */
const site = z.object({ rpId: z.string(), origin: z.string() }).nullable();

export const passkeysView = z.object({
  passkeys: z.array(passkeyView),
  recoveryCodes: z.object({ unused: z.int(), createdAt: instant.nullable() }),
  site,
  /** Whether the installation requires passkeys. */
  required: z.boolean(),
});

export const passkeyOptionsBody = z.strictObject({ purpose: z.enum(PASSKEY_PURPOSES) });

const descriptor = z.object({ id: z.string(), type: z.literal('public-key') });
/** Options for `navigator.credentials.create` (`PublicKeyCredentialCreationOptionsJSON`), and the sealed challenge in them. */
export const registrationOptions = z.object({
  token: z.string(),
  origin: z.string(),
  options: z.object({
    rp: z.object({ id: z.string(), name: z.string() }),
    user: z.object({ id: z.string(), name: z.string(), displayName: z.string() }),
    challenge: z.string(),
    pubKeyCredParams: z.array(z.object({ type: z.literal('public-key'), alg: z.int() })),
    authenticatorSelection: z.object({
      residentKey: z.enum(['required', 'discouraged']),
      requireResidentKey: z.boolean(),
      userVerification: z.literal('required'),
    }),
    excludeCredentials: z.array(descriptor),
    attestation: z.literal('none'),
    timeout: z.int(),
  }),
});

const credential = { id: credentialId, rawId: credentialId, type: z.literal('public-key') };

/** Messages of WebAuthn. Browsers may add fields to them, but the server reads only the listed ones. */
export const newPasskey = z.strictObject({
  token,
  name: personName,
  response: z.object({
    ...credential,
    response: z.object({ clientDataJSON: base64url(2_000), attestationObject: base64url(12_000) }),
  }),
});
export type NewPasskey = z.infer<typeof newPasskey>;

export const passkeyParams = z.object({ id: z.string().max(64) });

export const passkeyChallenge = z.object({
  nonce: passkeyNonce,
  rpId: z.string(),
  /** Origin of the console for which the passkeys work. */
  origin: z.string(),
  /** Credential ids that the account may use; empty for a sign-in, in which the person chooses the passkey. */
  credentials: z.array(z.string()),
});
/** Challenge for a passkey in a session. The client returns `token` unchanged. */
export const sessionChallenge = passkeyChallenge.extend({ token: z.string() });

const authentication = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: base64url(2_000),
    authenticatorData: base64url(2_000),
    signature: base64url(600),
    userHandle: base64url(200).optional(),
  }),
});
export type PasskeyResponse = z.infer<typeof authentication>;

export const passkeySignIn = z.strictObject({ response: authentication });
export const passkeyStepUp = z.strictObject({ token, response: authentication });

export const recoveryCodes = z.object({ codes: z.array(z.string()) });

/** Confirmation of an action by a passkey, in the header `PASSKEY_HEADER`. */
export const passkeyConfirmation = z.strictObject({
  token,
  credential: credentialId,
  assertion: assertionSchema,
});
export type PasskeyConfirmation = z.infer<typeof passkeyConfirmation>;

/** Context of the problem `passkey_required` if a passkey must confirm the request's action. */
export const passkeyDemand = sessionChallenge.extend({
  action: z.string(),
  hash: sha256Hex,
  /** Content of the action as JSON, whose SHA-256 is `hash`. */
  content: z.string(),
});
export type PasskeyDemand = z.infer<typeof passkeyDemand>;
