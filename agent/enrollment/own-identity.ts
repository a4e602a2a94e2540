import { createPrivateKey } from 'node:crypto';
import { type Signer, signerOf } from '../../shared/order/dsse.ts';
import type { DialPort } from '../link/dial.ts';
import { type SecureDial, secureDial } from '../link/tls.ts';
import { type OwnCertificate, readOwn } from './certificates.ts';
import type { CredentialPort } from './credentials.ts';
import { type RenewalOccasion, renewWhenDue } from './renew.ts';

export interface OwnIdentity {
  certificate(): OwnCertificate;
  signer(): Signer;
  /**
   * Returns a function that opens TLS connections with the device's certificate. The function remembers TLS session tickets, so that later
   * handshakes cost the server little. A renewed certificate gets a new function.
   */
  dial(): SecureDial;
  /**
   * Renews the certificate if renewal is due, or if the certificate is not valid at this time. Never rejects: after a failure, the next call
   * tries again.
   */
  renew(occasion?: RenewalOccasion): Promise<void>;
  renewalFailure(): string | null;
}

export interface OwnIdentityPorts {
  readonly credentials: CredentialPort;
  readonly dial: DialPort;
  readonly onRenewed: () => void;
  readonly onFailure: (error: unknown) => void;
}

export function createOwnIdentity({ credentials, dial, onRenewed, onFailure }: OwnIdentityPorts): OwnIdentity {
  const signer = cachedBySource(
    () => credentials.current().keyPem,
    (keyPem) => signerOf(createPrivateKey(keyPem)),
  );
  const certificate = cachedBySource(() => credentials.current().chainPem, readOwn);
  const dialer = cachedBySource(
    () => credentials.current().chainPem,
    (chainPem) => {
      const { keyPem, rootPem } = credentials.current();
      return secureDial({ dial, rootPem, identity: { keyPem, chainPem } });
    },
  );
  let failure: string | null = null;
  return {
    certificate,
    signer,
    dial: dialer,
    renewalFailure: () => failure,
    async renew(occasion = {}) {
      const withoutCertificate = secureDial({ dial, rootPem: credentials.current().rootPem, identity: null });
      try {
        if (await renewWhenDue(credentials, { withCertificate: dialer(), withoutCertificate }, Date.now(), occasion))
          onRenewed();
        failure = null;
      } catch (error) {
        failure = error instanceof Error ? error.message : String(error);
        onFailure(error);
      }
    },
  };
}

function cachedBySource<Value>(source: () => string, make: (from: string) => Value): () => Value {
  let last: { readonly from: string; readonly value: Value } | null = null;
  return () => {
    const from = source();
    if (last?.from !== from) last = { from, value: make(from) };
    return last.value;
  };
}
