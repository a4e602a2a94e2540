import type { DeviceId } from '../../../shared/protocol/ids.ts';

export interface Member {
  readonly device: DeviceId;
  readonly generation: number;
  readonly person: string;
  /** Name, e-mail address and groups, confirmed by the organization key, with which the user distinguishes people. */
  readonly name: string;
  readonly email?: string | null;
  readonly group?: string | null;
  readonly signatureKey: string;
}
