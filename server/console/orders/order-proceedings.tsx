import { Badge, Button, Group, Paper, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { OrderView } from '../../../shared/api/orders.ts';
import { date, dateTime } from '../../../shared/look/time-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { answerState, answerWords } from '../../../shared/order/answer-deadline.ts';
import { OUTCOME_NAMES, type Proceeding } from '../../../shared/order/proceedings.ts';
import { useMay } from '../client/session.tsx';
import { type Fact, Facts } from '../parts/facts.tsx';
import { Documents } from './order-terms.tsx';
import { capital, ProceedingDialog, type Recording } from './proceeding-dialog.tsx';

type Recorded = OrderView['proceedings']['records'][number];

export const hasProceedings = (order: OrderView, mayRecord: boolean): boolean =>
  mayRecord || order.proceedings.records.length > 0 || order.terms.answerBy !== undefined;

export function OrderProceedings({ order, now }: { readonly order: OrderView; readonly now: number }) {
  const may = useMay();
  const [recording, setRecording] = useState<Recording | null>(null);
  const { answer, appeals, records } = order.proceedings;
  const state = answerState(order, now);
  const documentsOf = may('order-documents.read') ? order.number : undefined;
  const replacedBy = new Map(
    records.flatMap(({ number, proceeding: { corrects } }) => (corrects ? [[corrects, number]] : [])),
  );
  return (
    <Stack gap="sm">
      {state && (
        <div>
          <AnswerBadge order={order} now={now} />
        </div>
      )}
      {records.length === 0 && (
        <Text size="sm" c="dimmed">
          No admin has recorded an answer or an appeal.
        </Text>
      )}
      {records.map((one) => (
        <Record
          key={one.number}
          one={one}
          by={order.people[one.recordedBy] ?? one.recordedBy}
          replacedBy={replacedBy.get(one.number)}
          documentsOf={documentsOf}
          correct={
            may('orders.record')
              ? () => setRecording({ kind: one.proceeding.kind, ...appealOf(one.proceeding), corrects: one })
              : undefined
          }
        />
      ))}
      {may('orders.record') && (
        <Group gap="xs">
          {answer === null && (
            <Button size="xs" onClick={() => setRecording({ kind: 'answer' })} aria-haspopup="dialog">
              Record answer
            </Button>
          )}
          <Button
            size="xs"
            variant="default"
            onClick={() => setRecording({ kind: 'appeal-filed' })}
            aria-haspopup="dialog"
          >
            Record appeal
          </Button>
          {appeals
            .filter(({ decided }) => decided === null)
            .map(({ appeal, filed }) => (
              <Button
                key={appeal}
                size="xs"
                variant="default"
                onClick={() => setRecording({ kind: 'appeal-decided', appeal })}
                aria-haspopup="dialog"
              >
                {`Record decision in case ${filed.court.case}`}
              </Button>
            ))}
        </Group>
      )}
      <ProceedingDialog number={order.number} recording={recording} close={() => setRecording(null)} />
    </Stack>
  );
}

const appealOf = (proceeding: Proceeding) =>
  proceeding.kind === 'appeal-decided' ? { appeal: proceeding.appeal } : {};

export function AnswerBadge({
  order,
  now,
}: {
  readonly order: Parameters<typeof answerState>[0];
  readonly now: number;
}) {
  const state = answerState(order, now);
  if (state === null) return null;
  const soon = state.kind === 'due' && state.days < 7;
  const color = state.kind === 'overdue' ? 'red' : soon ? 'yellow' : 'gray';
  return <Badge color={state.kind === 'answered' ? 'green' : color}>{answerWords(state)}</Badge>;
}

const TITLES: Readonly<Record<Proceeding['kind'], string>> = {
  answer: 'Answer',
  'appeal-filed': 'Appeal',
  'appeal-decided': 'Decision',
};

function Record({
  one: { number, recordedAt, proceeding },
  by,
  replacedBy,
  documentsOf,
  correct,
}: {
  readonly one: Recorded;
  readonly by: string;
  readonly replacedBy: number | undefined;
  readonly documentsOf: string | undefined;
  readonly correct: (() => void) | undefined;
}) {
  const { document, note } = proceeding;
  const facts: Fact[] = [
    ...factsOf(proceeding),
    ...(document ? [{ label: 'Document', value: <Documents documents={[document]} documentsOf={documentsOf} /> }] : []),
    ...(note === undefined ? [] : [{ label: 'Note', value: <UserText>{note}</UserText> }]),
    { label: 'Recorded', value: <UserText>{`${dateTime(Date.parse(recordedAt))} by ${by}`}</UserText> },
  ];
  return (
    <Paper withBorder p="sm" component="section" aria-label={`Record ${number}: ${TITLES[proceeding.kind]}`}>
      <Group justify="space-between" gap="xs" mb={4}>
        <Text fw={600}>
          {TITLES[proceeding.kind]}{' '}
          <Text span size="sm" c="dimmed">
            (record {number})
          </Text>
        </Text>
        {replacedBy === undefined ? (
          correct && (
            <Button
              size="compact-xs"
              variant="default"
              onClick={correct}
              aria-haspopup="dialog"
              aria-label={`Correct record ${number}`}
            >
              Correct record
            </Button>
          )
        ) : (
          <Badge color="gray">Replaced by record {replacedBy}</Badge>
        )}
      </Group>
      <Facts facts={facts} />
    </Paper>
  );
}

function factsOf(proceeding: Proceeding): Fact[] {
  // The date has no time of day. Parse it at noon, so that the page shows the same date in every time zone.
  const day = date(Date.parse(`${proceeding.on}T12:00`));
  switch (proceeding.kind) {
    case 'answer':
      return [
        { label: 'Answered on', value: day },
        { label: 'Answered by', value: <UserText>{proceeding.by}</UserText> },
      ];
    case 'appeal-filed':
      return [
        { label: 'Filed on', value: day },
        {
          label: 'Court or body',
          value: <UserText>{`${proceeding.court.name}, case ${proceeding.court.case}`}</UserText>,
        },
      ];
    case 'appeal-decided':
      return [
        { label: 'Decided on', value: day },
        { label: 'Outcome', value: capital(OUTCOME_NAMES[proceeding.outcome]) },
        { label: 'Appeal', value: `Record ${proceeding.appeal}` },
      ];
  }
}
