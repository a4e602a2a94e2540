/**
 * A device's credentials and what keeps them. The private key is made on the device and never leaves it: no request carries it,
 * no log names it. An enrolment that was interrupted is kept too, so that the same link can finish it with the same key.
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

/** An enrolment on its way; `credentials` once list and record are stored. */
export type EnrolmentState = {
  readonly device: DeviceId;
  /** SHA-256 of the activation code's secret: the same link goes on, another one begins anew. */
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

/** Where enrolment keeps its steps. */
export interface EnrolmentKeeper {
  load(): EnrolmentState | null;
  /** Durable when it returns. */
  save(state: EnrolmentState): void;
  /** Overwrites and removes the key. */
  destroy(): void;
}

export interface CredentialPort {
  /** Throws `not_found` when this device is not enrolled. */
  current(): Credentials;
  /** After a renewal: the key stays, the chain is new. Durable when it returns. */
  replaceChain(chainPem: string): void;
  /** Overwrites and removes the key. Durable when it returns. */
  destroy(): void;
}

/** Both ports over whatever medium keeps the bytes. `forget` must leave nothing of the key. */
export function credentialsOver(medium: {
  readonly kept: EnrolmentState | null;
  readonly save: (state: EnrolmentState) => void;
  readonly forget: () => void;
}): EnrolmentKeeper & CredentialPort {
  let held = medium.kept;
  return {
    load: () => held,
    save(state) {
      medium.save(state);
      held = state;
    },
    current() {
      if (!held?.complete) throw notEnrolled();
      return held;
    },
    replaceChain(chainPem) {
      if (!held?.complete) throw notEnrolled();
      this.save({ ...held, chainPem });
    },
    destroy() {
      medium.forget();
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
