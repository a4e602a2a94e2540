/** Lost mode that is on, above every area of the page, with the button that ends it. */
import { Button, Text, Title } from '@mantine/core';
import { IconMapPin } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { done } from '../../../../shared/api/wire.ts';
import { Failure } from '../../../../shared/look/states.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { LOST_WORDS_IN } from '../../../../shared/lost-mode/lost-words.ts';
import { dateTimeIn } from '../../../../shared/order/notice-words/languages.ts';
import { call } from '../client/call.ts';
import { lostModeQuery } from '../client/queries.ts';
import classes from '../orders/orders.module.css';
import { inReadersLanguage, NOTICE_WORDS } from '../words/notice-words.ts';

const words = LOST_WORDS_IN[NOTICE_WORDS.tag];

export function LostModeBanner() {
  const client = useQueryClient();
  const { data: mode = null } = useQuery(lostModeQuery);
  const ending = useMutation({
    mutationFn: () => call('POST', '/lost-mode/end', done, {}),
    onSettled: () => client.invalidateQueries({ queryKey: lostModeQuery.queryKey }),
  });
  if (mode === null) return null;
  return (
    <section className={classes.banner} aria-label={words.title} aria-live="polite" {...inReadersLanguage}>
      <div className={classes.head}>
        <IconMapPin size={22} aria-hidden />
        <div className={classes.what}>
          <Title order={2} size="h5">
            {words.title}
          </Title>
          <Text size="sm" fw={600}>
            {words.text}
          </Text>
          <Filled text={words.contact} name="contact" value={mode.contact} />
          <Filled text={words.reason} name="reason" value={mode.reason} />
          <Text size="sm">{words.until.replace('{time}', dateTimeIn(NOTICE_WORDS, mode.until))}</Text>
          <Button size="compact-sm" variant="default" mt={6} loading={ending.isPending} onClick={() => ending.mutate()}>
            {words.end}
          </Button>
          {ending.isError && <Failure error={ending.error} />}
        </div>
      </div>
    </section>
  );
}

/** Sentence with the text of an admin, which may be in another language. */
function Filled({ text, name, value }: { readonly text: string; readonly name: string; readonly value: string }) {
  const [before = '', after = ''] = text.split(`{${name}}`);
  return (
    <Text size="sm">
      {before}
      <UserText>{value}</UserText>
      {after}
    </Text>
  );
}
