/** Rollout of an order: the number of affected devices in each state, with the meaning of each state. */
import { List, Stack, Text, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { OrderRollout as OrderProgressView } from '../../../shared/api/order-rollout.ts';
import { sentence } from '../../../shared/areas/area-words.ts';
import { QueryResult } from '../../../shared/look/states.tsx';
import { noticeCountWords } from '../../../shared/order/notice-times.ts';
import { AFFECTED_MEANING, ROLLOUT_MEANING, ROLLOUT_NAMES, rolloutSentence } from '../../../shared/order/rollout.ts';
import { ROLLOUT_STATES } from '../../../shared/order/rollout-states.ts';
import { Moment } from '../parts/words.tsx';
import { MOMENT_NAMES } from '../words/notices.ts';
import classes from './order-progress.module.css';
import { progressQuery } from './queries.ts';

const ALWAYS = new Set(['delivered', 'displayed', 'enforced', 'restored']);

export function OrderProgress({ number }: { readonly number: string }) {
  const query = useQuery(progressQuery(number));
  return (
    <QueryResult query={query}>
      {(progress) => (
        <Stack gap="sm">
          <Text role="status">{rolloutSentence(progress)}</Text>
          <Text size="sm" c="dimmed">
            Each device counts once, in the state that it has reached. A device that enforces the order has also
            received it.
          </Text>
          <RolloutTable progress={progress} />
          {progress.lastSeen > 0 && (
            <Text size="sm" c="dimmed">
              The location of {progress.lastSeen.toLocaleString('en')} {progress.lastSeen === 1 ? 'device' : 'devices'}{' '}
              has expired. The last known location counts.
            </Text>
          )}
          <Notices notices={progress.notices} />
          {progress.newest !== null && (
            <Text size="sm" c="dimmed">
              Latest receipt: <Moment at={progress.newest} />
            </Text>
          )}
        </Stack>
      )}
    </QueryResult>
  );
}

function RolloutTable({ progress: { total, states } }: { readonly progress: OrderProgressView }) {
  return (
    <table className={classes.table} aria-label="Rollout">
      <tbody>
        {ROLLOUT_STATES.filter((state) => states[state] > 0 || ALWAYS.has(state)).map((state) => (
          <Row
            key={state}
            name={ROLLOUT_NAMES[state]}
            meaning={ROLLOUT_MEANING[state]}
            count={states[state]}
            of={total}
            state={state}
          />
        ))}
      </tbody>
      <tfoot>
        <Row name="Affected devices" meaning={AFFECTED_MEANING} count={total} of={total} />
      </tfoot>
    </table>
  );
}

function Row({
  name,
  meaning,
  count,
  of,
  state,
}: {
  readonly name: string;
  readonly meaning: string;
  readonly count: number;
  readonly of: number;
  readonly state?: string;
}) {
  return (
    <tr data-state={state}>
      <th scope="row">
        <Tooltip label={meaning} multiline w={300} events={{ hover: true, focus: true, touch: true }}>
          <button type="button" className={classes.name}>
            {name}
          </button>
        </Tooltip>
      </th>
      <td className={classes.share} aria-hidden>
        {state !== undefined && (
          <span className={classes.track}>
            <span className={classes.bar} style={{ inlineSize: `${of === 0 ? 0 : (count / of) * 100}%` }} />
          </span>
        )}
      </td>
      <td className={classes.count}>{count.toLocaleString('en')}</td>
    </tr>
  );
}

function Notices({ notices }: Pick<OrderProgressView, 'notices'>) {
  if (notices.length === 0) return null;
  return (
    <div>
      <Text size="sm" fw={600}>
        Notices to users
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
