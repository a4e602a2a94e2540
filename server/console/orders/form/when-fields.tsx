/** When it takes effect and when it ends, by the clocks of the order's own zone. */
import { Checkbox, Select, Stack } from '@mantine/core';
import { useMemo } from 'react';
import type { OrderPreview } from '../../../../shared/api/orders.ts';
import { readerZone, zoneOffset } from '../../../../shared/look/time-words.ts';
import { DateTimeField } from './date-time-field.tsx';
import { inZone } from './order-form.ts';
import { type Fields, fieldId } from './use-order-form.ts';
import { ZONES, zonesOf } from './zones.ts';

export function WhenFields({
  form,
  update,
  touch,
  problemAt,
  read,
}: Fields & { readonly read: Pick<OrderPreview, 'effective' | 'until'> | undefined }) {
  const zones = useMemo(() => {
    const likely = [...new Set([...form.areas.flatMap(zonesOf), readerZone(), 'UTC'])];
    return [
      { group: 'Of these areas, and yours', items: likely.map(choice) },
      { group: 'All', items: ZONES.filter((zone) => !likely.includes(zone)).map(choice) },
    ];
  }, [form.areas]);
  const { effective, until } = form;
  return (
    <Stack>
      <Select
        id={fieldId('zone')}
        label="Time zone"
        description={`The zone in which the order states its times: ${form.zone} is ${zoneOffset(Date.now(), form.zone)} now.`}
        data={zones}
        value={form.zone}
        onChange={(zone) => {
          if (zone !== null) update({ ...inZone(form, zone), zoneChosen: true });
        }}
        // Whoever comes to choose another one types over it.
        onClick={({ currentTarget }) => currentTarget.select()}
        onBlur={() => touch('zone')}
        error={problemAt('zone')?.text}
        searchable
        allowDeselect={false}
        limit={80}
        nothingFoundMessage="No such zone. Zones are named by continent and city: Asia/Karachi"
        required
      />
      <DateTimeField
        id={fieldId('effective')}
        legend="Takes effect"
        value={effective}
        zone={form.zone}
        read={read?.effective ?? null}
        change={(value) => update({ effective: value })}
        left={() => touch('effective')}
        problem={problemAt('effective')}
      />
      <Checkbox
        checked={form.ends}
        onChange={({ currentTarget }) => update({ ends: currentTarget.checked })}
        label="It ends by itself"
        description="Otherwise it lasts until two approvers withdraw it."
      />
      {form.ends && (
        <DateTimeField
          id={fieldId('until')}
          legend="Ends"
          value={until}
          zone={form.zone}
          read={read?.until ?? null}
          change={(value) => update({ until: value })}
          left={() => touch('until')}
          problem={problemAt('until')}
        />
      )}
    </Stack>
  );
}

/** As one types it: `America/New York`. */
const choice = (zone: string) => ({ value: zone, label: zone.replaceAll('_', ' ') });
