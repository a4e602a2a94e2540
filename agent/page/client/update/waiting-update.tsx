/** Update of the operating system that waits for the user, with the buttons that start or delay it. */
import { Button, Group, Text, Title } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Failure } from '../../../../shared/look/states.tsx';
import { dateTimeIn } from '../../../../shared/order/notice-words/languages.ts';
import { updateOfferView } from '../../api.ts';
import classes from '../admin-messages/admin-messages.module.css';
import { call } from '../client/call.ts';
import { updateQuery } from '../client/queries.ts';
import { inReadersLanguage, NOTICE_WORDS } from '../words/notice-words.ts';
import { UPDATE_WORDS } from './update-words.ts';

const words = UPDATE_WORDS;

export function WaitingUpdate() {
  const client = useQueryClient();
  const { data: offer = null } = useQuery(updateQuery);
  const changing = useMutation({
    mutationFn: (change: 'now' | 'delay') => call('POST', '/update', updateOfferView, { change }),
    onSettled: () => client.invalidateQueries({ queryKey: updateQuery.queryKey }),
  });
  if (offer === null) return null;
  const { scope, startsAt, deadline, delaysLeft, hours } = offer;
  const mayDelay = delaysLeft > 0 && startsAt < deadline;
  return (
    <section className={classes.banner} aria-label={words.title} {...inReadersLanguage}>
      <IconRefresh size={20} aria-hidden />
      <div className={classes.body}>
        <Title order={2} size="h6">
          {words.title}
        </Title>
        <Text size="sm">{words[scope]}</Text>
        <Text size="sm">{words.start.replace('{time}', dateTimeIn(NOTICE_WORDS, startsAt))}</Text>
        {!mayDelay && <Text size="sm">{words.last}</Text>}
        <Group gap="xs" mt={6}>
          <Button size="compact-sm" loading={changing.isPending} onClick={() => changing.mutate('now')}>
            {words.now}
          </Button>
          {mayDelay && (
            <Button
              size="compact-sm"
              variant="default"
              disabled={changing.isPending}
              onClick={() => changing.mutate('delay')}
            >
              {words.delay.replace('{hours}', String(hours))}
            </Button>
          )}
        </Group>
        {changing.isError && <Failure error={changing.error} />}
      </div>
    </section>
  );
}
