/** Form fields for the effective time and the end time of an order, in the order's own time zone. */
import { Checkbox, Select, Stack } from '@mantine/core';
import { useMemo } from 'react';
import type { OrderPreview } from '../../../../shared/api/order-preview.ts';
import { readerZone, zoneOffset } from '../../../../shared/look/time-words.ts';
import { DateTimeField } from './date-time-field.tsx';
import { inZone } from './order-form.ts';
import { type Fields, fieldId } from './use-order-form.ts';
import { ZONES, zonesOf } from './zones.ts';

export function ScheduleFields({
  form,
  update,
  touch,
  problemAt,
  read,
}: Fields & { readonly read: Pick<OrderPreview, 'effective' | 'until'> | undefined }) {
  const zones = useMemo(() => {
    const likely = [...new Set([...form.areas.flatMap(zonesOf), readerZone(), 'UTC'])];
    return [
      { group: 'Time zones of the selected areas and of this browser', items: likely.map(choice) },
      { group: 'All time zones', items: ZONES.filter((zone) => !likely.includes(zone)).map(choice) },
    ];
  }, [form.areas]);
  const { effective, until } = form;
  return (
    <Stack>
      <Select
        id={fieldId('zone')}
        label="Time zone"
        description={`All times in the order use this time zone. ${form.zone} is ${zoneOffset(Date.now(), form.zone)} now.`}
        data={zones}
        value={form.zone}
        onChange={(zone) => {
          if (zone !== null) update({ ...inZone(form, zone), zoneChosen: true });
        }}
        // Select the text of the field, so that typing replaces the current time zone.
        onClick={({ currentTarget }) => currentTarget.select()}
        onBlur={() => touch('zone')}
        error={problemAt('zone')?.text}
        searchable
        allowDeselect={false}
        limit={80}
        nothingFoundMessage="No time zone found. Type a continent and a city, for example Asia/Karachi"
        required
      />
      <DateTimeField
        id={fieldId('effective')}
        legend="Takes effect"
        value={effective}
        zone={form.zone}
        read={read?.effective ?? null}
        change={(value) => update({ effective: value })}
        onBlur={() => touch('effective')}
        problem={problemAt('effective')}
      />
      <Checkbox
        checked={form.ends}
        onChange={({ currentTarget }) => update({ ends: currentTarget.checked })}
        label="Set an end time"
        description="Without an end time, the order lasts until two approvers withdraw it."
      />
      {form.ends && (
        <DateTimeField
          id={fieldId('until')}
          legend="Ends"
          value={until}
          zone={form.zone}
          read={read?.until ?? null}
          change={(value) => update({ until: value })}
          onBlur={() => touch('until')}
          problem={problemAt('until')}
        />
      )}
    </Stack>
  );
}

const choice = (zone: string) => ({ value: zone, label: zone.replaceAll('_', ' ') });
