/** Time of an order in the order's own time zone, and also in the admin's time zone if the two times differ. */
import { Stack, Text } from '@mantine/core';
import { dateTime, readerZone, zoneOffset } from '../../../shared/look/time-words.ts';
import { zonedTime } from './rule-words.ts';

export function TwoZones({ at, zone }: { readonly at: number; readonly zone: string }) {
  const mine = readerZone();
  const same = dateTime(at, mine) === zonedTime(at, zone).split(' (')[0];
  return (
    <Stack gap={0}>
      <time dateTime={new Date(at).toISOString()}>{zonedTime(at, zone)}</time>
      {!same && (
        <Text size="sm" c="dimmed">
          {dateTime(at, mine)} your time ({mine === 'UTC' ? 'UTC' : `${mine}, ${zoneOffset(at, mine)}`})
        </Text>
      )}
    </Stack>
  );
}
