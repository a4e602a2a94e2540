/**
 * A device's credentials and their storage. The private key is made on the device and never leaves it. An interrupted enrollment is stored
 * too, so that the same activation link completes it with the same key.
 */
import { CordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';

export interface Credentials {
  readonly device: DeviceId;
  readonly generation: number;
  readonly installation: string;
  readonly keyPem: string;
  readonly chainPem: string;
  /** The pinned root CA certificate, PEM. The device trusts no other root. */
  readonly rootPem: string;
  readonly publicUrl: string;
  readonly deviceUrl: string;
}

/** Enrollment in progress. `credentials` is set when the device has stored its order list and device record. */
export type EnrollmentState = {
  readonly device: DeviceId;
  /** SHA-256 of the activation code's secret. The same code continues the enrollment; another code starts a new one. */
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
  save(state: EnrollmentState): void;
  destroy(): void;
}

export interface CredentialPort {
  /** Returns the device's credentials. Throws `not_found` if the device is not enrolled. */
  current(): Credentials;
  /** Stores a renewed certificate chain durably. The key does not change. */
  replaceChain(chainPem: string): void;
  /** Overwrites and removes the private key. The removal is durable when the method returns. */
  destroy(): void;
}

/**
 * Creates the stores of an enrollment and of its credentials, which share one storage medium, such as a folder. On a disk, `forget` must
 * overwrite the private key, so that the key cannot be recovered.
 */
export function credentialsOver(medium: {
  readonly stored: EnrollmentState | null;
  readonly save: (state: EnrollmentState) => void;
  readonly forget: () => void;
}): EnrollmentKeeper & CredentialPort {
  let current = medium.stored;
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
