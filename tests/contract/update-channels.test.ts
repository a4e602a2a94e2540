/** Update channels of the agent on both databases: publications, what devices get, and the deletion of packages. */

import { expect, it } from 'vitest';
import { PackageStore } from '../../server/store/package-store.ts';
import { UpdateChannelStore } from '../../server/store/update-channel-store.ts';
import { targetsOf } from '../../server/update-channels/channel-target.ts';
import { createUpdateChannels } from '../../server/update-channels/update-channels.ts';
import { createKeyFile } from '../../shared/order/key-file.ts';
import { newAccountId, newPersonId } from '../../shared/protocol/ids.ts';
import type { PackageFormat } from '../../shared/software/own-package.ts';
import { AGENT_PACKAGE, MOST_FORMER, versionsIn } from '../../shared/software/update-channel.ts';
import { signedPackage } from '../support/own-packages.ts';
import { describeOnEveryStore } from './every-store.ts';

const { key } = createKeyFile('the passphrase of a signer');
const BY = { account: newAccountId(), person: newPersonId() };
const [UPLOADER, SIGNER] = [newPersonId(), newPersonId()];

describeOnEveryStore('update channels', (openStore) => {
  async function world() {
    const database = await openStore();
    const packages = new PackageStore(database);
    const store = new UpdateChannelStore(database);
    let published = 0;
    const channels = createUpdateChannels({
      store,
      async getPackage(sha256) {
        const found = await packages.get(sha256);
        if (!found) throw new Error('the package is missing');
        return found;
      },
      obstacle: async () => null,
      now: () => 1000 + published,
      onPublished() {
        published += 1;
      },
    });
    const add = async (version: string, architecture = 'amd64', format: PackageFormat = 'deb') => {
      const sha256 = Buffer.from(`${version} ${architecture}`).toString('hex').padEnd(64, '0');
      const statement = {
        ...(format === 'rpm' && { format }),
        name: AGENT_PACKAGE,
        version,
        architecture,
        sha256,
        size: 3,
      };
      const upload = { format, note: '', uploadedAt: 1, uploadedBy: 'acc_uploader', envelope: null, signedBy: null };
      await packages.put(
        { ...statement, ...upload, uploader: UPLOADER, signer: null },
        { id: sha256, sha256, size: 3, parts: 0, read: async () => Buffer.alloc(0) },
        1000,
      );
      const signer = { account: 'acc_signer', person: SIGNER };
      await packages.sign({ sha256, uploader: UPLOADER }, signedPackage(key, statement), signer);
      return sha256;
    };
    const stable = async () => {
      const target = (await channels.targets()).get('stable');
      if (!target) throw new Error('the channel is missing');
      const former = target.former.flatMap((each) => versionsIn({ packages: [each] }));
      return { revision: target.revision, current: versionsIn(target), former };
    };
    return { packages, store, channels, add, stable, published: () => published };
  }

  it('have the newest package of each architecture, and the ones before', async () => {
    const { channels, add, stable, published } = await world();
    expect(await stable()).toEqual({ revision: 0, current: [], former: [] });
    const first = await add('0.2.0');
    await channels.publish('stable', first, BY);
    await channels.publish('stable', await add('0.3.0'), BY);
    await channels.publish('stable', await add('0.2.5', 'arm64'), BY);
    await channels.publish('early', await add('0.4.0'), BY);
    expect(await stable()).toEqual({ revision: 3, current: ['0.2.5', '0.3.0'], former: ['0.2.0'] });
    await channels.publish('stable', first, BY);
    expect(await stable()).toEqual({ revision: 4, current: ['0.2.0', '0.2.5'], former: ['0.3.0'] });
    await expect(channels.publish('stable', first, BY)).rejects.toMatchObject({ code: 'conflict' });
    const rpm = await add('0.9.0-1', 'x86_64', 'rpm');
    await expect(channels.publish('stable', rpm, BY)).rejects.toMatchObject({ code: 'invalid_input' });
    expect(published()).toBe(5);
    for (let minor = 5; minor < 12; minor += 1) await channels.publish('stable', await add(`0.${minor}.0`), BY);
    expect((await stable()).former).toHaveLength(MOST_FORMER);
  });

  it('keep a package while it is current, and forget a deleted one', async () => {
    const { packages, store, channels, add, stable } = await world();
    const [first, second] = [await add('0.2.0'), await add('0.3.0')];
    await channels.publish('stable', first, BY);
    await expect(packages.delete(first)).rejects.toMatchObject({ code: 'conflict' });
    await channels.publish('stable', second, BY);
    expect(await packages.delete(first)).toBe(true);
    expect(await stable()).toEqual({ revision: 2, current: ['0.3.0'], former: [] });
    for (const sha256 of [await add('0.4.0'), await add('0.5.0'), await add('0.6.0')]) {
      const publication = { channel: 'stable', sha256, publishedAt: 1, publishedBy: BY.account } as const;
      await store.publish(publication, { uploader: UPLOADER, signer: SIGNER }, 2);
    }
    expect(targetsOf(await store.publications()).get('stable')).toMatchObject({ revision: 5 });
    expect((await store.publications()).map(({ version }) => version)).toEqual(['0.6.0', '0.5.0']);
  });
});
