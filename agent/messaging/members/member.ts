import type { DeviceId } from '../../../shared/protocol/ids.ts';

export interface Member {
  readonly device: DeviceId;
  readonly generation: number;
  readonly person: string;
  /** Name, e-mail and group, as confirmed by the organization key. They help a reader distinguish people, and decide nothing. */
  readonly name: string;
  readonly email?: string | null;
  readonly group?: string | null;
  /** The raw Ed25519 public key, base64. */
  readonly signatureKey: string;
}
