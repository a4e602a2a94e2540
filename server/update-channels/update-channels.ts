/** Channels from which devices update their agent. A publication puts a signed package on a channel, also an earlier one again. */
import { CordonError } from '../../shared/errors.ts';
import type { PersonId } from '../../shared/protocol/ids.ts';
import { AGENT_PACKAGE, MOST_ARCHITECTURES, type UpdateChannel } from '../../shared/software/update-channel.ts';
import type { StoredPackage } from '../packages/ports.ts';
import { currentOf, targetsOf } from './channel-target.ts';
import type { UpdateChannelStore } from './ports.ts';

/** Maximum number of publications that a channel keeps. The oldest ones are deleted first. */
const MOST_PUBLICATIONS = 100;

export type ChannelPackage = Pick<
  StoredPackage,
  'sha256' | 'name' | 'version' | 'architecture' | 'format' | 'envelope' | 'uploader' | 'signer'
>;

export interface UpdateChannelsPorts {
  readonly store: UpdateChannelStore;
  /** Package with this digest. Throws `not_found` if the server does not have it. */
  readonly getPackage: (sha256: string) => Promise<ChannelPackage>;
  /** Returns the reason why the person cannot publish the package, or null. */
  readonly obstacle: (stored: ChannelPackage, person: PersonId) => Promise<string | null>;
  readonly now: () => number;
  /** Called after a publication, so that devices get the new package. */
  readonly onPublished: () => void;
}

export type UpdateChannels = ReturnType<typeof createUpdateChannels>;

export function createUpdateChannels({ store, getPackage, obstacle, now, onPublished }: UpdateChannelsPorts) {
  return {
    publications: store.publications,
    targets: async () => targetsOf(await store.publications()),

    /** Makes a package the current one of its architecture on the channel. Throws `same_person` if the rule of two people refuses it. */
    async publish(
      channel: UpdateChannel,
      sha256: string,
      by: { readonly account: string; readonly person: PersonId },
    ): Promise<void> {
      const stored = await getPackage(sha256);
      const { name, version, architecture, format, envelope } = stored;
      if (name !== AGENT_PACKAGE || format !== 'deb') {
        const detail = `Only the Debian package ${AGENT_PACKAGE} can be on an update channel. This is the ${format} package ${name}.`;
        throw new CordonError('invalid_input', `${detail} Choose another package.`, { field: 'sha256' });
      }
      if (!envelope) {
        throw new CordonError('conflict', 'No approver has signed this package. Have it signed, then publish it.');
      }
      const why = await obstacle(stored, by.person);
      if (why !== null) throw new CordonError('same_person', why, { sha256 });
      const current = currentOf((await store.publications()).filter((each) => each.channel === channel));
      if (current.some((each) => each.sha256 === sha256)) {
        throw new CordonError('conflict', `The channel ${channel} has this package already, as version ${version}.`);
      }
      const isNew = current.every((each) => each.architecture !== architecture);
      if (isNew && current.length >= MOST_ARCHITECTURES) {
        throw new CordonError('conflict', `A channel has packages for at most ${MOST_ARCHITECTURES} architectures.`);
      }
      const publication = { channel, sha256, publishedAt: now(), publishedBy: by.account };
      await store.publish(publication, stored, MOST_PUBLICATIONS);
      onPublished();
    },
  };
}
