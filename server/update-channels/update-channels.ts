/** Channels from which devices update their agent. A publication puts a signed package on a channel, also an earlier one again. */
import { CordonError } from '../../shared/errors.ts';
import type { PackageFormat } from '../../shared/software/own-package.ts';
import { AGENT_PACKAGE, MOST_ARCHITECTURES, type UpdateChannel } from '../../shared/software/update-channel.ts';
import { currentOf, targetsOf } from './channel-target.ts';
import type { UpdateChannelStore } from './ports.ts';

/** Maximum number of publications that a channel keeps. The oldest ones are deleted first. */
const MOST_PUBLICATIONS = 100;

export interface UpdateChannelsPorts {
  readonly store: UpdateChannelStore;
  /** Package with this digest. Throws `not_found` if the server does not have it. */
  readonly getPackage: (sha256: string) => Promise<{
    readonly name: string;
    readonly version: string;
    readonly architecture: string;
    readonly format: PackageFormat;
    readonly envelope: unknown;
  }>;
  readonly now: () => number;
  /** Called after a publication, so that devices get the new package. */
  readonly onPublished: () => void;
}

export type UpdateChannels = ReturnType<typeof createUpdateChannels>;

export function createUpdateChannels({ store, getPackage, now, onPublished }: UpdateChannelsPorts) {
  return {
    publications: store.publications,
    targets: async () => targetsOf(await store.publications()),

    /** Makes a package the current one of its architecture on the channel. */
    async publish(channel: UpdateChannel, sha256: string, by: string): Promise<void> {
      const { name, version, architecture, format, envelope } = await getPackage(sha256);
      if (name !== AGENT_PACKAGE || format !== 'deb') {
        const detail = `Only the Debian package ${AGENT_PACKAGE} can be on an update channel. This is the ${format} package ${name}.`;
        throw new CordonError('invalid_input', `${detail} Choose another package.`, { field: 'sha256' });
      }
      if (!envelope) {
        throw new CordonError('conflict', 'No approver has signed this package. Have it signed, then publish it.');
      }
      const current = currentOf((await store.publications()).filter((each) => each.channel === channel));
      if (current.some((each) => each.sha256 === sha256)) {
        throw new CordonError('conflict', `The channel ${channel} has this package already, as version ${version}.`);
      }
      const isNew = current.every((each) => each.architecture !== architecture);
      if (isNew && current.length >= MOST_ARCHITECTURES) {
        throw new CordonError('conflict', `A channel has packages for at most ${MOST_ARCHITECTURES} architectures.`);
      }
      await store.publish({ channel, sha256, publishedAt: now(), publishedBy: by }, MOST_PUBLICATIONS);
      onPublished();
    },
  };
}
