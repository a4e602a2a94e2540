/** Every order that is announced or in force, to be read in one's own language. */
import { Modal, Stack, Text, Title } from '@mantine/core';
import { areaName, listed } from '../../../../shared/look/area-words.ts';
import { Given } from '../../../../shared/look/given.tsx';
import { dateTime } from '../../../../shared/look/time-words.ts';
import type { Notice, Standing } from '../../api.ts';
import { WORDS } from '../words/english.ts';
import { ExitFact, OrderText, Words } from './order-text.tsx';
import classes from './orders.module.css';
import { useShown } from './use-shown.ts';

const words = WORDS.orders;

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
    <Modal opened={opened} onClose={close} title={words.title} size="lg">
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
            {words.order(notice.order)}: <Given>{notice.title}</Given>
          </Title>
          {notice.status !== 'active' && <Text size="sm">{words[notice.status]}</Text>}
          <OrderText statement={notice.statement} />
          <dl className={classes.facts}>
            <dt>{words.services}</dt>
            <dd>{listed(notice.services.map((service) => words.service[service]))}</dd>
            <dt>{words.where}</dt>
            <dd>{listed(notice.areas.map(areaName))}</dd>
            <dt>{words.from}</dt>
            <dd>{dateTime(notice.effective)}</dd>
            <dt>{words.until}</dt>
            <dd>{notice.until === null ? words.open : dateTime(notice.until)}</dd>
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
