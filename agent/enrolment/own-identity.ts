/** What this device does in its own name: signs receipts, dials with its certificate, renews it. Made once for as long as key or chain last. */
import { createPrivateKey } from 'node:crypto';
import { type Signer, signerOf } from '../../shared/order/dsse.ts';
import type { DialPort } from '../link/dial.ts';
import { type SecureDial, secureDial } from '../link/tls.ts';
import { type OwnCertificate, readOwn } from './certificates.ts';
import type { CredentialPort } from './credentials.ts';
import { renewWhenDue } from './renew.ts';

export interface OwnIdentity {
  certificate(): OwnCertificate;
  /** Signs with the key of the certificate. */
  signer(): Signer;
  /** One dialler, and so one set of session tickets, for as long as the certificate is the same. */
  dial(): SecureDial;
  /** When due, or when the server says that it has expired. Never rejects: what could not be renewed is tried again at the next call. */
  renew(expired?: boolean): Promise<void>;
  /** Why the last attempt to renew failed. Null: none did since the last success. */
  renewalFailure(): string | null;
}

export interface OwnIdentityPorts {
  readonly credentials: CredentialPort;
  readonly dial: DialPort;
  readonly onRenewed: () => void;
  readonly onFailure: (error: unknown) => void;
}

export function createOwnIdentity({ credentials, dial, onRenewed, onFailure }: OwnIdentityPorts): OwnIdentity {
  const signer = remembered(
    () => credentials.current().keyPem,
    (keyPem) => signerOf(createPrivateKey(keyPem)),
  );
  const certificate = remembered(() => credentials.current().chainPem, readOwn);
  const dialler = remembered(
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
    dial: dialler,
    renewalFailure: () => failure,
    async renew(expired = false) {
      const asStranger = secureDial({ dial, rootPem: credentials.current().rootPem, identity: null });
      try {
        if (await renewWhenDue(credentials, { asDevice: dialler(), asStranger }, Date.now(), expired)) onRenewed();
        failure = null;
      } catch (error) {
        failure = error instanceof Error ? error.message : String(error);
        onFailure(error);
      }
    },
  };
}

/** Made anew only when what it is made from is another. */
function remembered<Made>(source: () => string, make: (from: string) => Made): () => Made {
  let last: { readonly from: string; readonly made: Made } | null = null;
  return () => {
    const from = source();
    if (last?.from !== from) last = { from, made: make(from) };
    return last.made;
  };
}
