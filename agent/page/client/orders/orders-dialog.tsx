/** Every order that is announced or in force, to be read in one's own language. */
import { Modal, Stack, Text, Title } from '@mantine/core';
import { Given } from '../../../../shared/look/given.tsx';
import { areasIn, dateTimeIn, reasonsIn, servicesIn } from '../../../../shared/order/notice-words/notice-words.ts';
import type { Notice, Standing } from '../../api.ts';
import { apart } from '../words/names.ts';
import { inReadersLanguage, NOTICE_WORDS as words } from '../words/reader.ts';
import { ExitFact, OrderText, Words } from './order-text.tsx';
import classes from './orders.module.css';
import { useShown } from './use-shown.ts';

export function OrdersDialog({
  standing,
  opened,
  close,
}: {
  readonly standing: Standing;
  readonly opened: boolean;
  readonly close: () => void;
}) {
  return (
    <Modal opened={opened} onClose={close} title={words.title} size="lg" {...inReadersLanguage}>
      <Orders notices={standing.notices} />
    </Modal>
  );
}

function Orders({ notices }: { readonly notices: readonly Notice[] }) {
  useShown(notices.map(({ order }) => order));
  if (notices.length === 0) return <Text>{words.none}</Text>;
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {words.intro}
      </Text>
      {notices.map((notice) => (
        <Stack key={notice.order} component="article" gap="xs" className={classes.notice}>
          <Title order={3} size="h5">
            {words.order(apart(notice.order))}: <Given>{notice.title}</Given>
          </Title>
          {notice.status !== 'active' && <Text size="sm">{words[notice.status]}</Text>}
          {notice.status === 'active' && notice.reasons.length === 0 && <Text size="sm">{words.notHere}</Text>}
          <OrderText statement={notice.statement} />
          <dl className={classes.facts}>
            <dt>{words.services}</dt>
            <dd>{servicesIn(words, notice.services)}</dd>
            <dt>{words.where}</dt>
            <dd>{areasIn(words, notice.areas)}</dd>
            {notice.reasons.length > 0 && (
              <>
                <dt>{words.why}</dt>
                <dd>{reasonsIn(words, notice.reasons, notice.areas)}</dd>
              </>
            )}
            <dt>{words.from}</dt>
            <dd>{dateTimeIn(words, notice.effective)}</dd>
            <dt>{words.until}</dt>
            <dd>{notice.until === null ? words.open : dateTimeIn(words, notice.until)}</dd>
            {notice.exit && <ExitFact exit={notice.exit} />}
            {notice.appeal !== '' && (
              <>
                <dt>{words.appeal}</dt>
                <dd>
                  <Words>{notice.appeal}</Words>
                </dd>
              </>
            )}
          </dl>
        </Stack>
      ))}
    </Stack>
  );
}
