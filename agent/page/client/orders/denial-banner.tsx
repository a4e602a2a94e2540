/** While an order suspends messages here: which, why, since when and until when, whom to appeal to, and that nothing is lost. */
import { Button, Group, Stack, Text, Title } from '@mantine/core';
import { IconBan } from '@tabler/icons-react';
import { useState } from 'react';
import { Given } from '../../../../shared/look/given.tsx';
import { dateTimeIn, reasonsIn } from '../../../../shared/order/notice-words/notice-words.ts';
import type { Denial, Notice, Standing } from '../../api.ts';
import { ExportButton } from '../app/export-button.tsx';
import { apart } from '../words/names.ts';
import { inReadersLanguage, NOTICE_WORDS as words } from '../words/reader.ts';
import { ExitFact, OrderText, Words } from './order-text.tsx';
import classes from './orders.module.css';
import { useShown } from './use-shown.ts';

/** `folded`: something else wants the room; a press unfolds it all the same. */
export function DenialBanner({ standing, folded }: { readonly standing: Standing; readonly folded: boolean }) {
  const { denials, notices, since } = standing;
  const [chosen, setOpened] = useState<boolean | null>(null);
  const opened = chosen ?? !folded;
  // An order that ends service for good says itself until when that is so.
  const keeps = notices.every(({ order, exit }) => exit === null || denials.every((denial) => denial.order !== order));
  useShown(opened ? denials.map(({ order }) => order) : []);
  return (
    <section className={classes.banner} aria-label={words.suspended} {...inReadersLanguage}>
      <div className={classes.head}>
        <IconBan size={22} aria-hidden />
        <div className={classes.what}>
          <Title order={2} size="h5">
            {words.suspended}
          </Title>
          {denials.map(({ order, title, until }) => (
            <Text key={order} size="sm" fw={600}>
              {words.order(apart(order))}: <Given>{title}</Given>{' '}
              {!opened && (until === null ? words.lastsOpen : words.lasts(dateTimeIn(words, until)))}
            </Text>
          ))}
          {denials.length === 0 && <Text size="sm">{words.noDocuments}</Text>}
        </div>
        {denials.length > 0 && (
          <Button
            variant="default"
            size="xs"
            aria-expanded={opened}
            aria-controls="orders-in-force"
            onClick={() => setOpened(!opened)}
          >
            {opened ? words.less : words.more}
          </Button>
        )}
      </div>
      <div id="orders-in-force" hidden={!opened || denials.length === 0}>
        {denials.map((denial) => (
          <InForce
            key={denial.order}
            denial={denial}
            notice={notices.find(({ order }) => order === denial.order) ?? null}
            since={since}
          />
        ))}
        <Stack gap="xs" pt="sm">
          {keeps && <Text size="sm">{words.kept}</Text>}
          <Group>
            <ExportButton size="xs">{words.export}</ExportButton>
          </Group>
        </Stack>
      </div>
    </section>
  );
}

function InForce({
  denial: { reasons, until, waiting, appeal, statement },
  notice,
  since,
}: {
  readonly denial: Denial;
  readonly notice: Notice | null;
  readonly since: number;
}) {
  // The gate may have stood for another order before this one.
  const begun = Math.max(since, notice?.effective ?? since);
  return (
    <div className={classes.body}>
      <OrderText statement={statement} />
      <dl className={classes.facts}>
        <dt>{words.why}</dt>
        <dd>{reasonsIn(words, reasons, notice?.areas ?? null)}</dd>
        <dt>{words.since}</dt>
        <dd>{dateTimeIn(words, begun)}</dd>
        <dt>{words.until}</dt>
        <dd>{until === null ? words.open : dateTimeIn(words, until)}</dd>
        {notice?.exit && <ExitFact exit={notice.exit} />}
        <dt>{words.waiting}</dt>
        <dd>{words.waitingIs[waiting]}</dd>
        {appeal !== '' && (
          <>
            <dt>{words.appeal}</dt>
            <dd>
              <Words>{appeal}</Words>
            </dd>
          </>
        )}
      </dl>
    </div>
  );
}
