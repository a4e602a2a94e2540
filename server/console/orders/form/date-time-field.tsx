/**
 * Form field for a date and time in the time zone of an order. If a time occurs twice at a clock change, the field offers both instants.
 */
import '@mantine/dates/styles.css';
import { Button, Fieldset, Group, Stack, Text } from '@mantine/core';
import { DateInput, TimePicker } from '@mantine/dates';
import { dateTime, readerZone, relative } from '../../../../shared/look/time-words.ts';
import { useServerNow } from '../../client/server-time.tsx';
import { zonedTime } from '../rule-words.ts';
import classes from './fields.module.css';
import { type LocalTime, localTimeAt, meaning } from './local-time.ts';
import { parseDate } from './parse-date.ts';
import type { Problem } from './problems.ts';

export function DateTimeField({
  id,
  legend,
  value,
  zone,
  read,
  change,
  onBlur,
  problem,
}: {
  readonly id: string;
  readonly legend: string;
  readonly value: LocalTime;
  readonly zone: string;
  /** Instant that the server derived from the text; null while the text is not a valid time. */
  readonly read: number | null;
  readonly change: (value: LocalTime) => void;
  readonly onBlur?: () => void;
  readonly problem: Problem | undefined;
}) {
  const now = useServerNow(60_000);
  const today = localTimeAt(new Date(now).toISOString(), zone).date;
  const invalid = problem !== undefined;
  return (
    <Fieldset
      legend={<Text fw={600}>{legend}</Text>}
      variant="unstyled"
      onBlur={({ currentTarget, relatedTarget }) => !currentTarget.contains(relatedTarget) && onBlur?.()}
    >
      <Stack gap="xs">
        <div className={classes.time}>
          <DateInput
            id={id}
            label="Date"
            description="Select a date or type it: 30 Nov 2026"
            value={value.date === '' ? null : value.date}
            onChange={(date) => change({ ...value, date: date ?? '', exact: null })}
            dateParser={parseDate}
            valueFormat="D MMM YYYY"
            defaultDate={today}
            // The field accepts past dates, because the server then explains the error. With a minimum date, the field would clear the text
            // without an explanation.
            getDayProps={(day) => ({ disabled: day < today })}
            weekendDays={[]}
            hideOutsideDates
            ariaLabels={CALENDAR}
            // The calendar is next to its field in the document, so that it works with screen readers and inside a dialog.
            popoverProps={{ withinPortal: false, floatingStrategy: 'fixed' }}
            error={problem && (problem.suggestions.length > 0 ? AMBIGUOUS : problem.text)}
            required
          />
          <TimePicker
            label="Time"
            description={`In the time zone ${zone}`}
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
            {zone !== readerZone() && readerZone() !== 'UTC' && ` = ${dateTime(read)} your time`}, {relative(read, now)}
          </Text>
        )}
      </Stack>
    </Fieldset>
  );
}

const CALENDAR = {
  previousMonth: 'Previous month',
  nextMonth: 'Next month',
  previousYear: 'Previous year',
  nextYear: 'Next year',
  previousDecade: 'Previous decade',
  nextDecade: 'Next decade',
} as const;

const AMBIGUOUS =
  'Because the clocks in this time zone change on that day, this time does not exist or occurs twice. Select the time that you mean.';

const suggested = (suggestion: string, zone: string): string => {
  const instant = Date.parse(suggestion);
  return `${zonedTime(instant, zone)} = ${dateTime(instant, 'UTC')} UTC`;
};
