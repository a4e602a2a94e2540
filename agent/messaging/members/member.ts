import type { DeviceId } from '../../../shared/protocol/ids.ts';

export interface Member {
  readonly device: DeviceId;
  readonly generation: number;
  readonly person: string;
  /**
   * Name, e-mail address and groups of the person, confirmed by the organization key. They help the user distinguish people, and have no
   * other purpose.
   */
  readonly name: string;
  readonly email?: string | null;
  readonly group?: string | null;
  /** Raw Ed25519 public key, base64. */
  readonly signatureKey: string;
}
