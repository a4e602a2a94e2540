/** Commands for the update channels of the agent. */
import type { Command } from 'commander';
import { updateChannelList } from '../../shared/api/update-channels.ts';
import { CordonError } from '../../shared/errors.ts';
import { UPDATE_CHANNELS } from '../../shared/software/update-channel.ts';
import type { Cli } from './cli.ts';
import { table, when } from './output.ts';

type Channels = ReturnType<(typeof updateChannelList)['parse']>;

export function addUpdateChannels(packages: Command, cli: Cli): void {
  const show = (view: Channels) => {
    const rows = view.channels.flatMap(({ channel, publications, devices, met, notMet }) => {
      const counts = [devices, met, notMet];
      const current = publications.filter((each) => each.current);
      if (current.length === 0) return [[channel, 'no version', '', ...counts, '', '']];
      return current.map(({ version, architecture, sha256, publishedAt, publishedBy }) => [
        channel,
        version,
        architecture,
        ...counts,
        `${when(publishedAt)} by ${view.people[publishedBy] ?? publishedBy}`,
        sha256,
      ]);
    });
    cli.out().show(view, table(['channel', 'version', '', 'devices', 'met', 'not met', 'published', 'sha256'], rows));
  };
  packages
    .command('channels')
    .description('List the update channels of the agent, with their versions and devices')
    .action(async () => show(await cli.client().call(updateChannelList, 'GET', '/update-channels')));
  packages
    .command('publish')
    .description('Publish a signed package of the agent on an update channel, also an earlier one again')
    .argument('<sha256>')
    .requiredOption('--channel <name>', UPDATE_CHANNELS.join(' or '))
    .action(async (sha256: string, { channel }: { channel: string }) => {
      if (!UPDATE_CHANNELS.some((each) => each === channel)) {
        throw new CordonError('invalid_input', `--channel must be one of ${UPDATE_CHANNELS.join(', ')}.`);
      }
      show(await cli.client().call(updateChannelList, 'POST', `/update-channels/${channel}/publications`, { sha256 }));
    });
}
