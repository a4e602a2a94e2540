/** Restart or shutdown whose countdown runs, with the buttons that start or delay it. */
import { Button, Group, Text, Title } from '@mantine/core';
import { IconPower } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Failure } from '../../../../shared/look/states.tsx';
import { dateTimeIn } from '../../../../shared/order/notice-words/languages.ts';
import { POWER_WORDS_IN } from '../../../../shared/power/power-words.ts';
import { powerNoticeView } from '../../api.ts';
import classes from '../admin-messages/admin-messages.module.css';
import { call } from '../client/call.ts';
import { powerQuery } from '../client/queries.ts';
import { inReadersLanguage, NOTICE_WORDS } from '../words/notice-words.ts';

const words = POWER_WORDS_IN[NOTICE_WORDS.tag];

export function PowerCountdown() {
  const client = useQueryClient();
  const { data: notice = null } = useQuery(powerQuery);
  const changing = useMutation({
    mutationFn: (change: 'now' | 'delay') => call('POST', '/power', powerNoticeView, { change }),
    onSettled: () => client.invalidateQueries({ queryKey: powerQuery.queryKey }),
  });
  if (notice === null) return null;
  const { kind, minutes, startsAt, delayed } = notice;
  const { title, text, now } = words[kind];
  return (
    <section className={classes.banner} aria-label={title} aria-live="polite" {...inReadersLanguage}>
      <IconPower size={20} aria-hidden />
      <div className={classes.body}>
        <Title order={2} size="h6">
          {title}
        </Title>
        <Text size="sm">{text}</Text>
        <Text size="sm">{words.start.replace('{time}', dateTimeIn(NOTICE_WORDS, startsAt))}</Text>
        <Text size="sm">{words.save}</Text>
        {delayed && <Text size="sm">{words.last}</Text>}
        <Group gap="xs" mt={6}>
          <Button size="compact-sm" loading={changing.isPending} onClick={() => changing.mutate('now')}>
            {now}
          </Button>
          {!delayed && (
            <Button
              size="compact-sm"
              variant="default"
              disabled={changing.isPending}
              onClick={() => changing.mutate('delay')}
            >
              {words.delay.replace('{minutes}', String(minutes))}
            </Button>
          )}
        </Group>
        {changing.isError && <Failure error={changing.error} />}
      </div>
    </section>
  );
}
