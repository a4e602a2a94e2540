/** Update channels of the agent: the version that each channel has, the devices on it, and the publication of another version. */
import { Badge, Button, Paper, Select, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { PackageView } from '../../../shared/api/packages.ts';
import { type UpdateChannelView, updateChannelList } from '../../../shared/api/update-channels.ts';
import { versionOrder } from '../../../shared/inventory/version-order.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { AGENT_PACKAGE, UPDATE_CHANNELS, type UpdateChannel } from '../../../shared/software/update-channel.ts';
import { call } from '../client/call.ts';
import { useMay } from '../client/session.tsx';
import { Moment } from '../parts/words.tsx';
import { channelsQuery } from './queries.ts';

const isChannel = (text: string | null): text is UpdateChannel => UPDATE_CHANNELS.some((each) => each === text);
const currentOf = (view: UpdateChannelView | undefined) => view?.publications.filter(({ current }) => current) ?? [];
const countOf = (count: number) => `${count.toLocaleString('en')} ${count === 1 ? 'device' : 'devices'}`;

/** Panel with all channels. `packages`: packages of the organization. Shows nothing while no package of the agent exists. */
export function UpdateChannels({ packages }: { readonly packages: readonly PackageView[] }) {
  const { data } = useQuery(channelsQuery);
  if (!data || !packages.some(({ name }) => name === AGENT_PACKAGE)) return null;
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <Title order={2} size="h4">
          Update channels of the agent
        </Title>
        <Text size="sm" c="dimmed" maw={760}>
          A policy puts devices on a channel. The devices install the version of the channel, and return to their former
          version if the new agent does not connect.
        </Text>
        {data.channels.map((view) => (
          <Channel key={view.channel} view={view} people={data.people} />
        ))}
      </Stack>
    </Paper>
  );
}

function Channel({
  view,
  people,
}: {
  readonly view: UpdateChannelView;
  readonly people: Readonly<Record<string, string>>;
}) {
  const { channel, publications, devices, met, notMet } = view;
  const current = currentOf(view);
  const versions = new Set(publications.map(({ version }) => version));
  for (const { version } of current) versions.delete(version);
  const former = [...versions].slice(0, 5);
  const waiting = devices - met - notMet;
  return (
    <Stack gap={2}>
      <Text fw={600}>Channel {channel}</Text>
      {current.length === 0 && <Text size="sm">No version. Publish a signed package of the agent.</Text>}
      {current.map(({ sha256, version, architecture, publishedAt, publishedBy }) => (
        <Text key={sha256} size="sm" style={{ overflowWrap: 'anywhere' }}>
          <UserText>{`${version} (${architecture})`}</UserText>. Published <Moment at={publishedAt} /> by{' '}
          <UserText>{people[publishedBy] ?? 'a deleted account'}</UserText>.
        </Text>
      ))}
      <Text size="sm">
        {devices === 0
          ? 'No policy puts a device on this channel.'
          : `${countOf(devices)}: ${met.toLocaleString('en')} with this version, ${notMet.toLocaleString('en')} with another one, ${waiting.toLocaleString('en')} unknown.`}
      </Text>
      {former.length > 0 && (
        <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          Before: <UserText>{former.join(', ')}</UserText>
        </Text>
      )}
    </Stack>
  );
}

/** Badges of the channels that have this package now. */
export function ChannelBadges({ sha256 }: Pick<PackageView, 'sha256'>) {
  const { data } = useQuery(channelsQuery);
  return data?.channels
    .filter((view) => currentOf(view).some((each) => each.sha256 === sha256))
    .map(({ channel }) => (
      <Badge key={channel} variant="light">
        Channel {channel}
      </Badge>
    ));
}

export function Publish({ stored: { sha256, version, architecture } }: { readonly stored: PackageView }) {
  const may = useMay();
  const client = useQueryClient();
  const { data } = useQuery(channelsQuery);
  const [opened, { open, close }] = useDisclosure(false);
  const [channel, setChannel] = useState<UpdateChannel>(UPDATE_CHANNELS[0]);
  if (!may('update-channels.publish')) return null;
  const view = data?.channels.find((each) => each.channel === channel);
  const present = currentOf(view).find((each) => each.architecture === architecture);
  const count = view?.devices ?? 0;
  const isPresent = present?.sha256 === sha256;
  const isEarlier = present !== undefined && versionOrder('dpkg')(version, present.version) < 0;
  const publish = async () => {
    await call('POST', `/update-channels/${channel}/publications`, updateChannelList, { sha256 });
    await client.invalidateQueries({ queryKey: channelsQuery.queryKey });
  };
  return (
    <>
      <Button variant="default" onClick={open}>
        Publish on a channel…
      </Button>
      <Confirm
        title="Publish agent version"
        opened={opened}
        close={close}
        verb={`Publish on ${channel}`}
        grave
        ready={!isPresent}
        act={publish}
      >
        <Select
          label="Channel"
          data={[...UPDATE_CHANNELS]}
          allowDeselect={false}
          value={channel}
          onChange={(next) => isChannel(next) && setChannel(next)}
        />
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          {isPresent ? (
            'The channel has this version already.'
          ) : (
            <>
              {present ? 'The channel has ' : 'The channel has no version for the architecture '}
              <UserText>{present?.version ?? architecture}</UserText>.{' '}
              {count === 0 ? (
                'No device is on the channel.'
              ) : (
                <>
                  {countOf(count)} on the channel{' '}
                  {isEarlier ? (count === 1 ? 'returns to' : 'return to') : count === 1 ? 'installs' : 'install'}{' '}
                  <UserText>{version}</UserText> as root, while the agent is connected.
                </>
              )}
            </>
          )}
        </Text>
        {isEarlier && <Text size="sm">An earlier version may have errors that the present one has corrected.</Text>}
      </Confirm>
    </>
  );
}
