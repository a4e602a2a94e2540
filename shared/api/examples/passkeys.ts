import { ANNA, days, idOf, ORGANIZATION, TIMES } from './story.ts';

const rpId = 'cordon.exempel.example';
const origin = `https://${rpId}`;
const nonce = 'EXAMPLE'.repeat(7).slice(0, 43);
const credential = 'EXAMPLE-CREDENTIAL-ID';
const token = 'EXAMPLE-SEALED-CHALLENGE';
const sentCredential = { id: credential, rawId: credential, type: 'public-key' };

export const passkeyView = {
  id: idOf('psk', 'anna'),
  purpose: 'sign-in',
  name: 'Laptop',
  credential,
  usable: true,
  rpId,
  keyid: null,
  createdAt: TIMES.start,
  lastUsedAt: TIMES.now,
};
export const passkeysView = {
  passkeys: [passkeyView],
  recoveryCodes: { unused: 9, createdAt: TIMES.now - days(1) },
  site: { rpId, origin },
  required: false,
};
export const passkeyOptionsBody = { purpose: 'sign-in' };
export const registrationOptions = {
  token,
  origin,
  options: {
    rp: { id: rpId, name: ORGANIZATION },
    user: { id: 'RVhBTVBMRQ', name: ANNA.email, displayName: ANNA.name },
    challenge: nonce,
    pubKeyCredParams: [
      { type: 'public-key', alg: -7 },
      { type: 'public-key', alg: -8 },
    ],
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
    excludeCredentials: [],
    attestation: 'none',
    timeout: 120_000,
  },
};
export const newPasskey = {
  token,
  name: passkeyView.name,
  response: { ...sentCredential, response: { clientDataJSON: 'RVhBTVBMRQ', attestationObject: 'RVhBTVBMRQ' } },
};
export const passkeyChallenge = { nonce, rpId, origin, credentials: [] };
export const sessionChallenge = { ...passkeyChallenge, token, credentials: [credential] };
export const passkeySignIn = {
  response: {
    ...sentCredential,
    response: { clientDataJSON: 'RVhBTVBMRQ', authenticatorData: 'RVhBTVBMRQ', signature: 'RVhBTVBMRQ' },
  },
};
export const passkeyStepUp = { token, ...passkeySignIn };
export const recoveryCodes = { codes: ['aaaa-bbbb-cccc-dddd', 'eeee-ffff-gggg-hhhh'] };
export const passkeyConfirmation = { token, credential, assertion: passkeySignIn.response.response };
export const passkeyDemand = {
  ...sessionChallenge,
  action: 'role.grant',
  hash: 'f'.repeat(64),
  content: '{"action":"role.grant"}',
};
