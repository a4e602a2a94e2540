/** Mail page: connection of the mail connectors, and numbers and sizes of mail. The server knows no sender, recipient name or subject. */
import { Badge, Code, Group, Paper, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type MailView, mailView } from '../../../shared/api/mail.ts';
import { CopyButton } from '../../../shared/look/copy-button.tsx';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { relative } from '../../../shared/look/time-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { topicQuery } from '../client/queries.ts';
import { useServerNow } from '../client/server-time.tsx';
import { ConnectionMark } from '../devices/connection-mark.tsx';
import { PageLink } from '../parts/links.tsx';
import { Page, Section } from '../parts/page.tsx';

const mailQuery = topicQuery(['mail', 'devices'], '/mail', mailView);

const CODE = 'cordon codes create --mail-connector --user "Mail connector" --group GROUP';
const CONNECTOR = 'cordon mail-connector enroll\ncordon mail-connector run';
const COUNTERSIGN = 'cordon org-key countersign --key FILE';

export function MailPage() {
  const query = useQuery(mailQuery);
  return (
    <Page
      title="Mail"
      lead={
        <Text c="dimmed" maw={760}>
          A mail connector in the company’s network encrypts mail for devices. This server carries the encrypted mail.
          The server cannot read outside senders, subjects or texts.
        </Text>
      }
    >
      <QueryResult query={query}>
        {(view) => (
          <>
            <Amounts view={view} />
            <Section title="Mail connectors">
              {view.connectors.length === 0 ? <NoConnector /> : <Connectors connectors={view.connectors} />}
            </Section>
          </>
        )}
      </QueryResult>
    </Page>
  );
}

function Amounts({ view: { waiting, held, returned } }: { readonly view: MailView }) {
  const amounts = [
    { label: 'Waiting', amount: waiting, meaning: 'Mail that devices and mail connectors have not fetched yet' },
    { label: 'Held', amount: held, meaning: 'Mail that orders hold until they end' },
    { label: 'Returned', amount: returned, meaning: 'Mail returned to its senders in the last 30 days' },
  ];
  return (
    <SimpleGrid cols={{ base: 1, sm: 3 }} component="dl" m={0}>
      {amounts.map(({ label, amount, meaning }) => (
        <Paper key={label} withBorder p="md">
          <Text component="dt" size="sm" c="dimmed">
            {label}
          </Text>
          <Text component="dd" m={0} fw={700} size="xl">
            {amount.mails.toLocaleString('en')}
          </Text>
          <Text component="dd" m={0} size="sm">
            {sizeOf(amount.bytes)}
          </Text>
          <Text component="dd" m={0} size="sm" c="dimmed">
            {meaning}
          </Text>
        </Paper>
      ))}
    </SimpleGrid>
  );
}

function Connectors({ connectors }: { readonly connectors: MailView['connectors'] }) {
  const now = useServerNow(10_000);
  return (
    <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
      {connectors.map(({ device, user, hostname, connected, lastSeenAt, ready }) => (
        <Paper key={device} component="li" withBorder p="md">
          <Group justify="space-between" gap="sm">
            <div style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
              <PageLink to="/devices/$id" params={{ id: device }} fw={600}>
                <UserText>{hostname ?? user}</UserText>
              </PageLink>
              {hostname !== null && (
                <Text size="sm" c="dimmed">
                  <UserText>{user}</UserText>
                </Text>
              )}
            </div>
            <Group gap="sm" aria-live="polite">
              {!ready && <Badge color="yellow">Not verified</Badge>}
              <Group gap={6} wrap="nowrap">
                <ConnectionMark connected={connected} />
                <Text size="sm">{connectionText(connected, lastSeenAt, now)}</Text>
              </Group>
            </Group>
          </Group>
          {!ready && (
            <Text size="sm" c="dimmed" mt="xs">
              Devices exchange mail with this mail connector after you verify it with the organization key:{' '}
              <Code>{COUNTERSIGN}</Code>
            </Text>
          )}
        </Paper>
      ))}
    </Stack>
  );
}

function connectionText(connected: boolean, lastSeenAt: number | null, now: number): string {
  if (connected) return 'Connected';
  return lastSeenAt === null ? 'Never connected' : `Offline, last seen ${relative(lastSeenAt, now)}`;
}

function NoConnector() {
  const steps = [
    { text: 'As an owner, create an activation link for the connector:', command: CODE },
    {
      text: 'On a machine in the company’s network, enroll the connector with the link, and start it:',
      command: CONNECTOR,
    },
    { text: 'Verify the connector with the organization key:', command: COUNTERSIGN },
  ];
  return (
    <Stack>
      <Empty title="No mail connector">
        Without a mail connector, devices send and receive no mail. A mail connector reads all mail of the company, so
        run it on a machine that may do so.
      </Empty>
      <Stack component="ol" gap="md" m={0} ps="lg">
        {steps.map(({ text, command }) => (
          <li key={command}>
            <Stack gap="xs" align="flex-start">
              <Text>{text}</Text>
              <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap', alignSelf: 'stretch' }}>
                {command}
              </Code>
              <CopyButton text={command} size="xs">
                Copy command
              </CopyButton>
            </Stack>
          </li>
        ))}
      </Stack>
    </Stack>
  );
}

/** Size in decimal units, such as `4.8 MB`. */
function sizeOf(bytes: number): string {
  const [unit, divisor] = bytes < 1_000_000 ? ['kB', 1_000] : bytes < 1_000_000_000 ? ['MB', 1_000_000] : ['GB', 1e9];
  const value = bytes / Number(divisor);
  return `${value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 1 : 0 })} ${unit}`;
}
