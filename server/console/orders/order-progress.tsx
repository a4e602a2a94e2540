/** How far an order has come, by the devices' own signed words. */
import { Group, List, Progress, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import type { OrderProgress as OrderProgressView } from '../../../shared/api/orders.ts';
import { sentence } from '../../../shared/areas/area-words.ts';
import { Answer } from '../../../shared/look/states.tsx';
import { noticeCountWords } from '../../../shared/order/notice-times.ts';
import { Moment } from '../parts/words.tsx';
import { MOMENT_NAMES } from '../words/notices.ts';
import { progressSentence } from './impact-words.ts';
import { progressQuery } from './queries.ts';

const BARS = [
  { field: 'informed', name: 'Informed', meaning: 'hold the order' },
  { field: 'shown', name: 'Shown', meaning: 'have shown it to a person' },
  { field: 'enforced', name: 'Enforced', meaning: 'have shut what it names', late: 'have it shut still' },
  { field: 'restored', name: 'Restored', meaning: 'have opened it again' },
] as const;

/** `over`: it has ended, is held or withdrawn, so that service comes back. */
export function OrderProgress({ number, over }: { readonly number: string; readonly over: boolean }) {
  const query = useQuery(progressQuery(number));
  return (
    <Answer query={query}>
      {(progress) => (
        <Stack gap="sm">
          <Text role="status">{progressSentence(progress, over)}</Text>
          {BARS.map(({ field, name, meaning, ...more }) => (
            <Bar
              key={field}
              name={name}
              meaning={over && 'late' in more ? more.late : meaning}
              count={progress[field]}
              of={progress.reached}
            />
          ))}
          <Notices notices={progress.notices} />
          <Text size="sm" c="dimmed">
            {progress.connected} of {progress.reached} connected now.{' '}
            {progress.newest !== null && (
              <>
                Last heard of it <Moment at={progress.newest} />.
              </>
            )}
          </Text>
        </Stack>
      )}
    </Answer>
  );
}

/** What people were told by plan, in words: there are six of them at most. */
function Notices({ notices }: Pick<OrderProgressView, 'notices'>) {
  if (notices.length === 0) return null;
  return (
    <div>
      <Text size="sm" fw={600}>
        Notices to people
      </Text>
      <List size="sm" listStyleType="none" spacing={2}>
        {notices.map(({ moment, ...count }) => (
          <List.Item key={moment}>
            {sentence(MOMENT_NAMES[moment])}: {noticeCountWords(count)}
          </List.Item>
        ))}
      </List>
    </div>
  );
}

function Bar({
  name,
  meaning,
  count,
  of,
}: {
  readonly name: string;
  readonly meaning: string;
  readonly count: number;
  readonly of: number;
}) {
  const id = useId();
  const share = of === 0 ? 0 : Math.min(100, (count / of) * 100);
  return (
    <div>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Text size="sm" id={id}>
          <Text span inherit fw={600}>
            {name}
          </Text>{' '}
          <Text span inherit c="dimmed" visibleFrom="xs">
            {meaning}
          </Text>
        </Text>
        <Text size="sm" style={{ fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap' }}>
          {count} of {of}
        </Text>
      </Group>
      <Progress.Root size="lg" mt={4}>
        <Progress.Section
          value={share}
          color="cordon"
          withAria={false}
          role="progressbar"
          aria-labelledby={id}
          aria-valuemin={0}
          aria-valuemax={of}
          aria-valuenow={count}
          aria-valuetext={`${count} of ${of} devices`}
        />
      </Progress.Root>
    </div>
  );
}
