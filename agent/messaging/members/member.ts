import type { DeviceId } from '../../../shared/protocol/ids.ts';

export interface Member {
  readonly device: DeviceId;
  readonly generation: number;
  readonly person: string;
  /** Data that help users to distinguish people: name, e-mail address and groups. The organization key has signed these data. */
  readonly name: string;
  readonly email?: string | null;
  readonly group?: string | null;
  /** True for a mail connector, which passes mail between the company's mail server and Cordon. */
  readonly mailConnector?: boolean;
  readonly signatureKey: string;
}
