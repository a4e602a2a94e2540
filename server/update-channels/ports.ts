import type { Envelope } from '../../shared/order/documents.ts';
import type { UpdateChannel } from '../../shared/software/update-channel.ts';
import type { StoredPackage } from '../packages/ports.ts';

/** Publication of a package of the agent on a channel. */
export interface Publication {
  readonly channel: UpdateChannel;
  /** Number of the publication on its channel, from 1. */
  readonly revision: number;
  readonly sha256: string;
  readonly version: string;
  readonly architecture: string;
  readonly envelope: Envelope;
  readonly publishedAt: number;
  readonly publishedBy: string;
}

export interface UpdateChannelStore {
  /** Publications of all channels, newest first. */
  publications(): Promise<Publication[]>;
  /**
   * Adds a publication. Each channel keeps the newest `most` publications. Throws `conflict` unless the package still has the uploader and the
   * signer of `judged`.
   */
  publish(
    publication: Pick<Publication, 'channel' | 'sha256' | 'publishedAt' | 'publishedBy'>,
    judged: Pick<StoredPackage, 'uploader' | 'signer'>,
    most: number,
  ): Promise<void>;
}
