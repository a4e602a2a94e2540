import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { activityList } from '../../../shared/api/activity.ts';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { withQuery } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';
import { ButtonLink } from '../parts/links.tsx';
import { Section } from '../parts/page.tsx';
import { ActivityEntries } from './activity-entries.tsx';

const NEWEST = 5;

/** Newest entries of the activity log about one device or person. */
export function ActivitySection({
  about,
}: {
  readonly about: { readonly device: string } | { readonly person: string };
}) {
  const query = useQuery(
    topicQuery(['devices', 'commands'], withQuery('/activity', { ...about, limit: NEWEST }), activityList),
  );
  return (
    <Section
      title="Activity"
      actions={
        <ButtonLink to="/ledger" search={about} variant="default" size="xs">
          Show activity log
        </ButtonLink>
      }
    >
      <QueryResult query={query}>
        {({ entries }) =>
          entries.length === 0 ? (
            <Empty title="No activity">Actions of admins and serious events appear here.</Empty>
          ) : (
            <Stack>
              <ActivityEntries entries={entries} />
            </Stack>
          )
        }
      </QueryResult>
    </Section>
  );
}
