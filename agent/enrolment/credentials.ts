/**
 * A device's credentials and the port that keeps them. The private key is made on the device and never leaves it: no request
 * carries it, no log names it.
 */
import { CordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';

export interface Credentials {
  readonly device: DeviceId;
  readonly generation: number;
  readonly installation: string;
  /** PKCS#8, PEM. */
  readonly keyPem: string;
  /** The device's certificate and the issuing CA's, PEM. */
  readonly chainPem: string;
  /** The pinned root CA: the only one that is trusted. */
  readonly rootPem: string;
  /** `https://host:port` of the public listener. */
  readonly publicUrl: string;
  /** `wss://host:port` of the device listener. */
  readonly deviceUrl: string;
}

export interface CredentialPort {
  /** Throws `not_found` when this device is not enrolled. */
  current(): Credentials;
  /** After a renewal: the key stays, the chain is new. Durable when it returns. */
  replaceChain(chainPem: string): void;
  /** Overwrites and removes the key. Durable when it returns. */
  destroy(): void;
}

/** For simulated devices: kept in this process only. */
export function memoryCredentials(initial: Credentials): CredentialPort {
  let held: Credentials | null = initial;
  return {
    current() {
      if (!held) throw notEnrolled();
      return held;
    },
    replaceChain(chainPem) {
      held = { ...this.current(), chainPem };
    },
    destroy() {
      held = null;
    },
  };
}

export function notEnrolled(): CordonError {
  return new CordonError(
    'not_found',
    'This device is not enrolled. Run `cordon-agent enrol LINK` with the link that an admin gave you.',
  );
}
