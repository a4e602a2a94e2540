/** A day and a time of day in the order's zone: how it is read, and what else could be meant. */
import '@mantine/dates/styles.css';
import { Button, Fieldset, Group, Stack, Text } from '@mantine/core';
import { DateInput, TimePicker } from '@mantine/dates';
import { dateTime, readerZone, relative } from '../../../../shared/look/time-words.ts';
import { useServerNow } from '../../client/server-time.tsx';
import { zonedTime } from '../rule-words.ts';
import classes from './fields.module.css';
import type { Problem } from './problems.ts';
import { readDate } from './written-date.ts';
import { meaning, type WrittenTime, writtenAt } from './written-time.ts';

export function DateTimeField({
  id,
  legend,
  value,
  zone,
  read,
  change,
  left,
  problem,
}: {
  readonly id: string;
  readonly legend: string;
  readonly value: WrittenTime;
  readonly zone: string;
  /** The instant that the server reads; null while it cannot. */
  readonly read: number | null;
  readonly change: (value: WrittenTime) => void;
  /** The reader has been here, and has gone on. */
  readonly left?: () => void;
  readonly problem: Problem | undefined;
}) {
  const now = useServerNow(60_000);
  const today = writtenAt(new Date(now).toISOString(), zone).date;
  const invalid = problem !== undefined;
  return (
    <Fieldset
      legend={<Text fw={600}>{legend}</Text>}
      variant="unstyled"
      onBlur={({ currentTarget, relatedTarget }) => !currentTarget.contains(relatedTarget) && left?.()}
    >
      <Stack gap="xs">
        <div className={classes.time}>
          <DateInput
            id={id}
            label="Day"
            description="Choose, or type: 30 Nov 2026"
            value={value.date === '' ? null : value.date}
            onChange={(date) => change({ ...value, date: date ?? '', exact: null })}
            dateParser={readDate}
            valueFormat="D MMM YYYY"
            defaultDate={today}
            // It can be typed, and the server says what is wrong with it: a least date would take the words away without one.
            getDayProps={(day) => ({ disabled: day < today })}
            weekendDays={[]}
            hideOutsideDates
            ariaLabels={CALENDAR}
            // Beside the field: what is read aloud after it, and inside the dialog that it may stand in.
            popoverProps={{ withinPortal: false, floatingStrategy: 'fixed' }}
            error={problem && (problem.suggestions.length > 0 ? AMBIGUOUS : problem.text)}
            required
          />
          <TimePicker
            label="Time of day"
            description={`By the clocks of ${zone}`}
            hoursInputLabel={`${legend}: hours`}
            minutesInputLabel={`${legend}: minutes`}
            value={value.time}
            onChange={(time) => change({ ...value, time: time.slice(0, 5), exact: null })}
            error={invalid}
            withAsterisk
          />
        </div>
        {problem && problem.suggestions.length > 0 && (
          <Group gap="xs">
            {problem.suggestions.map((suggestion) => (
              <Button key={suggestion} size="xs" variant="default" onClick={() => change(meaning(value, suggestion))}>
                {suggested(suggestion, zone)}
              </Button>
            ))}
          </Group>
        )}
        {read !== null && !invalid && (
          <Text size="sm" c="dimmed" role="status">
            {zonedTime(read, zone)}
            {zone !== 'UTC' && ` = ${dateTime(read, 'UTC')} UTC`}
            {zone !== readerZone() && readerZone() !== 'UTC' && ` = ${dateTime(read)} where you are`},{' '}
            {relative(read, now)}
          </Text>
        )}
      </Stack>
    </Fieldset>
  );
}

const CALENDAR = {
  previousMonth: 'Month before',
  nextMonth: 'Month after',
  previousYear: 'Year before',
  nextYear: 'Year after',
  previousDecade: 'Ten years before',
  nextDecade: 'Ten years after',
} as const;

const AMBIGUOUS = 'A change of the clocks skips or repeats this time there. Which moment is meant?';

/** `01:30 (America/New_York, GMT-4) = 05:30 UTC`. */
const suggested = (suggestion: string, zone: string): string => {
  const instant = Date.parse(suggestion);
  return `${zonedTime(instant, zone)} = ${dateTime(instant, 'UTC')} UTC`;
};
