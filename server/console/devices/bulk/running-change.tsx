import { Progress, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { runningChanges } from '../../../../shared/api/device-actions.ts';
import { call } from '../../client/call.ts';

const EVERY = 1_000;

/** Progress of the admin's running change of many devices, while its request waits for the response. */
export function RunningChange() {
  const running = useQuery({
    queryKey: ['running-changes'],
    queryFn: ({ signal }) => call('GET', '/device-actions/running', runningChanges, undefined, signal),
    refetchInterval: EVERY,
    gcTime: 0,
  });
  const newest = running.data?.changes.toSorted((a, b) => b.startedAt - a.startedAt)[0];
  if (!newest) return null;
  const number = (count: number) => count.toLocaleString('en');
  return (
    <Stack gap={4}>
      <Text size="sm" id="running-change">
        {number(newest.done)} of {number(newest.devices)} devices done. The change continues on the server if you close
        this page.
      </Text>
      <Progress.Root size="lg">
        <Progress.Section value={(100 * newest.done) / newest.devices} aria-labelledby="running-change" />
      </Progress.Root>
    </Stack>
  );
}
