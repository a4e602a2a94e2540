/** Chromium's virtual authenticator (CDP domain WebAuthn) in a person's browser: passkeys without a person who touches anything. */
import type { CDPSession } from 'playwright-core';
import type { Seat } from './seat.ts';

export interface VirtualAuthenticator {
  /** Credentials with their private keys. */
  credentials(): Promise<Credential[]>;
  /** Sets the counter of a credential back, as a copy of the passkey from an earlier time has it. */
  setCounter(credential: Credential, signCount: number): Promise<void>;
  /** With `false`, the authenticator cannot verify its user. */
  verifyUser(verified: boolean): Promise<void>;
}

type Credential = Awaited<ReturnType<typeof credentialsOf>>[number];

const credentialsOf = async (session: CDPSession, authenticatorId: string) =>
  (await session.send('WebAuthn.getCredentials', { authenticatorId })).credentials;

export async function giveAuthenticator({ context, page }: Seat): Promise<VirtualAuthenticator> {
  const session = await context.newCDPSession(page);
  await session.send('WebAuthn.enable');
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    credentials: () => credentialsOf(session, authenticatorId),
    async setCounter(credential, signCount) {
      await session.send('WebAuthn.removeCredential', { authenticatorId, credentialId: credential.credentialId });
      await session.send('WebAuthn.addCredential', { authenticatorId, credential: { ...credential, signCount } });
    },
    async verifyUser(isUserVerified) {
      await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
    },
  };
}
