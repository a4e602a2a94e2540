/** Logs that the agent of a device has sent. */
import { Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { deviceLogList } from '../../../../shared/api/device-logs.ts';
import { QueryResult } from '../../../../shared/look/states.tsx';
import { topicQuery } from '../../client/queries.ts';
import { useNow } from '../../client/server-time.tsx';
import { DownloadButton } from '../../parts/download-button.tsx';
import { Section } from '../../parts/page.tsx';
import { Moment } from '../../parts/words.tsx';
import classes from './device.module.css';

export function LogsSection({ id }: { readonly id: string }) {
  const query = useQuery(topicQuery(['commands'], `/devices/${id}/logs`, deviceLogList));
  const now = useNow(10_000);
  return (
    <Section title="Agent logs">
      <QueryResult query={query} lines={1}>
        {({ logs }) =>
          logs.length === 0 ? (
            <Text size="sm" c="dimmed">
              No logs. Choose “Collect log” under “Commands”, and the log of the agent appears here.
            </Text>
          ) : (
            <ul className={classes.list} aria-label="Agent logs">
              {logs.map(({ command, at, size, deletedAt }) => (
                <li key={command}>
                  <Group justify="space-between" gap="xs">
                    <Text size="sm">
                      Collected <Moment at={at} now={now} />, {Math.ceil(size / 1000).toLocaleString('en')} kB. Deleted{' '}
                      <Moment at={deletedAt} now={now} />.
                    </Text>
                    <DownloadButton size="compact-sm" path={`/devices/${id}/logs/${command}`}>
                      Download log
                    </DownloadButton>
                  </Group>
                </li>
              ))}
            </ul>
          )
        }
      </QueryResult>
    </Section>
  );
}
