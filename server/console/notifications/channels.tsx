import { Alert, Button, Code, Group, Modal, NumberInput, Paper, Select, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type ChannelView, createdChannel, queuedDelivery } from '../../../shared/api/notifications.ts';
import { done } from '../../../shared/api/wire.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { CopyButton } from '../../../shared/look/copy-button.tsx';
import { Empty, Failure, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { installationQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { RealDate } from '../parts/words.tsx';
import { CHANNEL_NAMES, receiverOf } from './notification-words.ts';
import { channelsQuery } from './queries.ts';
import { TestResult } from './test-result.tsx';

type Type = ChannelView['type'];
type Dialog =
  | { readonly kind: 'add' }
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'rotate' | 'remove'; readonly channel: ChannelView };

export function Channels() {
  const channels = useQuery(channelsQuery);
  const may = useMay();
  const client = useQueryClient();
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const close = () => setDialog(null);
  const changed = () => client.invalidateQueries({ queryKey: channelsQuery.queryKey });
  const mayChange = may('notification-channels.create');
  const add = mayChange && <Button onClick={() => setDialog({ kind: 'add' })}>Add channel</Button>;
  const concerned = dialog?.kind === 'rotate' || dialog?.kind === 'remove' ? dialog.channel : null;
  return (
    <Stack>
      <QueryResult query={channels}>
        {({ channels: all }) =>
          all.length === 0 ? (
            <Empty title="No channels" action={add}>
              A channel is a receiver of notifications: an e-mail address, a webhook, a syslog receiver or a file.
            </Empty>
          ) : (
            <>
              {add && <div>{add}</div>}
              <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
                {all.map((channel) => (
                  <ChannelRow key={channel.id} channel={channel} open={mayChange ? setDialog : null} />
                ))}
              </Stack>
            </>
          )
        }
      </QueryResult>
      <Modal opened={dialog?.kind === 'add'} onClose={close} title="Add channel">
        <Form
          saved={async (secret) => {
            await changed();
            setDialog(secret === null ? null : { kind: 'secret', secret });
          }}
        />
      </Modal>
      <Modal opened={dialog?.kind === 'secret'} onClose={close} title="Webhook secret">
        {dialog?.kind === 'secret' && <Secret secret={dialog.secret} close={close} />}
      </Modal>
      <Confirm
        title="Replace secret"
        opened={dialog?.kind === 'rotate'}
        close={() => setDialog((now) => (now?.kind === 'rotate' ? null : now))}
        verb="Replace secret"
        act={async () => {
          const { secret } = await call('POST', `/notifications/channels/${concerned?.id}/secret`, createdChannel, {});
          await changed();
          if (secret !== null) setDialog({ kind: 'secret', secret });
        }}
      >
        <Text>
          The webhook <UserText>{concerned?.name ?? ''}</UserText> gets a new secret. For 24 hours, requests have a
          signature by both secrets.
        </Text>
      </Confirm>
      <Confirm
        title="Delete channel"
        opened={dialog?.kind === 'remove'}
        close={close}
        verb="Delete channel"
        grave
        act={async () => {
          await call('DELETE', `/notifications/channels/${concerned?.id}`, done);
          await changed();
        }}
      >
        <Text>
          The server deletes the channel <UserText>{concerned?.name ?? ''}</UserText> with its waiting deliveries and
          its history, if no rule uses the channel.
        </Text>
      </Confirm>
    </Stack>
  );
}

function ChannelRow({
  channel,
  open,
}: {
  readonly channel: ChannelView;
  readonly open: ((dialog: Dialog) => void) | null;
}) {
  const { id, name, type } = channel;
  const client = useQueryClient();
  const testing = useMutation({
    mutationFn: () => call('POST', `/notifications/channels/${id}/test`, queuedDelivery, {}),
    onSuccess: () => client.invalidateQueries(),
  });
  return (
    <Paper component="li" withBorder p="md">
      <Group justify="space-between" gap="sm">
        <div style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
          <Text fw={600}>
            <UserText>{name}</UserText>
          </Text>
          <Text size="sm">
            {CHANNEL_NAMES[type]}: <UserText>{receiverOf(channel)}</UserText>
          </Text>
          {type === 'webhook' && channel.previousSecretUntil !== null && channel.previousSecretUntil > Date.now() && (
            <Text size="sm" c="dimmed">
              The previous secret is valid until <RealDate at={channel.previousSecretUntil} />.
            </Text>
          )}
          {testing.data && <TestResult channel={id} delivery={testing.data.delivery} />}
          {testing.isError && <Failure error={testing.error} />}
        </div>
        {open && (
          <Group gap="xs">
            <Button
              size="xs"
              variant="default"
              loading={testing.isPending}
              aria-label={`Send test to ${name}`}
              onClick={() => testing.mutate()}
            >
              Send test
            </Button>
            {type === 'webhook' && (
              <Button
                size="xs"
                variant="default"
                aria-label={`Replace secret of ${name}`}
                onClick={() => open({ kind: 'rotate', channel })}
              >
                Replace secret
              </Button>
            )}
            <Button
              size="xs"
              variant="default"
              aria-label={`Delete channel ${name}`}
              onClick={() => open({ kind: 'remove', channel })}
            >
              Delete channel
            </Button>
          </Group>
        )}
      </Group>
    </Paper>
  );
}

function Secret({ secret, close }: { readonly secret: string; readonly close: () => void }) {
  return (
    <Stack>
      <Alert color="yellow" title="Copy the secret now">
        It is shown only once. The receiver needs it to verify the signature (Standard Webhooks).
      </Alert>
      <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
        {secret}
      </Code>
      <Group justify="flex-end">
        <CopyButton text={secret}>Copy secret</CopyButton>
        <Button onClick={close}>Close</Button>
      </Group>
    </Stack>
  );
}

function Form({ saved }: { readonly saved: (secret: string | null) => Promise<void> }) {
  const [name, setName] = useState('');
  const [type, setType] = useState<Type>('mail');
  const [receiver, setReceiver] = useState('');
  const [port, setPort] = useState<number | string>(6514);
  const sendsMail = useQuery(installationQuery).data?.mail;
  const [transport, setTransport] = useState<string>('tls');
  const saving = useMutation({
    mutationFn: () => {
      const value = receiver.trim();
      const settings = {
        mail: { to: value },
        webhook: { url: value },
        syslog: { host: value, port, transport },
        file: { file: value },
      }[type];
      return call('POST', '/notifications/channels', createdChannel, { name: name.trim(), type, ...settings });
    },
    onSuccess: ({ secret }) => saved(secret),
  });
  const field = {
    mail: { label: 'E-mail address', description: 'The mail server of this installation sends the mail.' },
    webhook: {
      label: 'URL',
      description:
        'An https: address that accepts POST requests. Addresses in private networks need CORDON_PRIVATE_RECEIVERS on the server.',
    },
    syslog: { label: 'Host', description: 'Name or IP address of the syslog receiver.' },
    file: { label: 'File name', description: 'Lowercase letters, digits and hyphens, without an ending.' },
  }[type];
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate();
      }}
    >
      <Stack>
        <TextInput
          label="Name"
          dir="auto"
          required
          maxLength={80}
          data-autofocus
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
        <Select
          label="Type"
          data={Object.entries(CHANNEL_NAMES).map(([value, label]) => ({ value, label }))}
          value={type}
          allowDeselect={false}
          onChange={(value) => setType((value ?? 'mail') as Type)}
        />
        <TextInput
          {...field}
          required
          value={receiver}
          onChange={({ currentTarget }) => setReceiver(currentTarget.value)}
        />
        {type === 'mail' && sendsMail === false && (
          <Alert color="yellow" title="This installation has no mail server">
            The server cannot send to this channel. Set CORDON_MAIL_URL and CORDON_MAIL_FROM on the server first.
          </Alert>
        )}
        {type === 'syslog' && (
          <>
            <Select
              label="Transport"
              data={[
                { value: 'tls', label: 'TLS (RFC 5425)' },
                { value: 'tcp', label: 'TCP (RFC 6587)' },
                { value: 'udp', label: 'UDP (RFC 5426)' },
              ]}
              value={transport}
              allowDeselect={false}
              onChange={(value) => setTransport(value ?? 'tls')}
            />
            <NumberInput label="Port" required min={1} max={65_535} value={port} onChange={setPort} />
          </>
        )}
        {saving.isError && <Failure error={saving.error} />}
        <Button type="submit" loading={saving.isPending}>
          Add channel
        </Button>
      </Stack>
    </form>
  );
}
