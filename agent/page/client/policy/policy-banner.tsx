import { Text, Title } from '@mantine/core';
import { IconShieldX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { dateTimeIn } from '../../../../shared/order/notice-words/languages.ts';
import { policyQuery } from '../client/queries.ts';
import classes from '../orders/orders.module.css';
import { inReadersLanguage, NOTICE_WORDS } from '../words/notice-words.ts';
import { POLICY_WORDS as words } from '../words/policy-words.ts';

/** Settings that the device does not meet, what their policy has done, and what follows at which time. */
export function PolicyBanner() {
  const { data } = useQuery(policyQuery);
  if (!data || data.failing.length === 0) return null;
  const { failing, countdown, restrictedSince } = data;
  const when = (at: number) => dateTimeIn(NOTICE_WORDS, at);
  return (
    <section className={classes.banner} aria-label={words.title} {...inReadersLanguage}>
      <div className={classes.head}>
        <IconShieldX size={22} aria-hidden />
        <div className={classes.what}>
          <Title order={2} size="h5">
            {words.title}
          </Title>
          {restrictedSince !== null && (
            <Text size="sm" fw={600}>
              {words.restricted(when(restrictedSince))}
            </Text>
          )}
          {countdown.map(({ action, at }) => (
            <Text key={action} size="sm">
              {words.next[action]?.(when(at))}
            </Text>
          ))}
          <Text size="sm">{words.failing}</Text>
          <ul className={classes.settings}>
            {failing.map(({ setting, title, detail }) => (
              <li key={setting} lang="en">
                {title}
                {detail !== '' && <UserText>{`: ${detail}`}</UserText>}
              </li>
            ))}
          </ul>
          <Text size="sm">{words.help}</Text>
        </div>
      </div>
    </section>
  );
}
