/**
 * A device's credentials and their storage. The private key is made on the device and never leaves it, neither in a request nor in a log. An interrupted
 * enrollment is stored too, so that the same link completes it with the same key.
 */
import { CordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';

export interface Credentials {
  readonly device: DeviceId;
  readonly generation: number;
  readonly installation: string;
  /** Private key of the device, PKCS#8, PEM. */
  readonly keyPem: string;
  /** The device's certificate and the issuing CA's, PEM. */
  readonly chainPem: string;
  /** The pinned root CA certificate, PEM. The device trusts no other root. */
  readonly rootPem: string;
  /** Address of the public listener, `https://host:port`. */
  readonly publicUrl: string;
  /** Address of the device listener, `wss://host:port`. */
  readonly deviceUrl: string;
}

/** An enrollment in progress. Its `credentials` follow when list and record are stored. */
export type EnrollmentState = {
  readonly device: DeviceId;
  /**
   * SHA-256 of the activation code's secret. The same activation link continues the enrollment; another activation link starts a new
   * enrollment.
   */
  readonly code: string;
  readonly publicUrl: string;
  readonly deviceUrl: string;
  readonly rootPem: string;
  readonly keyPem: string;
  readonly chainPem: string | null;
} & (
  | { readonly complete: false }
  | { readonly complete: true; readonly generation: number; readonly installation: string; readonly chainPem: string }
);

export interface EnrollmentKeeper {
  load(): EnrollmentState | null;
  /** Stores the state durably. */
  save(state: EnrollmentState): void;
  /** Overwrites and removes the private key. */
  destroy(): void;
}

export interface CredentialPort {
  /** Throws `not_found` when this device is not enrolled. */
  current(): Credentials;
  /** Stores a renewed certificate chain durably. The key does not change. */
  replaceChain(chainPem: string): void;
  /** Overwrites and removes the private key. Durable when the method returns. */
  destroy(): void;
}

/** Makes both ports over one storage medium. `forget` must overwrite the key. */
export function credentialsOver(medium: {
  readonly kept: EnrollmentState | null;
  readonly save: (state: EnrollmentState) => void;
  readonly forget: () => void;
}): EnrollmentKeeper & CredentialPort {
  let current = medium.kept;
  return {
    load: () => current,
    save(state) {
      medium.save(state);
      current = state;
    },
    current() {
      if (!current?.complete) throw notEnrolled();
      return current;
    },
    replaceChain(chainPem) {
      if (!current?.complete) throw notEnrolled();
      this.save({ ...current, chainPem });
    },
    destroy() {
      medium.forget();
      current = null;
    },
  };
}

export function notEnrolled(): CordonError {
  return new CordonError(
    'not_found',
    'This device is not enrolled. Run `cordon-agent enroll` with the activation link from your admin.',
  );
}
