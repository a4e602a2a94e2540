/**
 * Form fields for rules about devices in special circumstances, such as visitors. The first option of each rule is the mildest one and the
 * default.
 */
import { Group, NumberInput, Radio, Select, SimpleGrid, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { sentence } from '../../../../shared/areas/area-words.ts';
import { DEFAULT_WAITING, hasWaitingRule } from '../../../../shared/verdict/terms.ts';
import { MODE_NAMES } from '../../words/orders.ts';
import {
  CONTESTED_WORDS,
  MODE_WORDS,
  STALE_WORDS,
  TRAVELERS_WORDS,
  UNKNOWN_WORDS,
  WAITING_WORDS,
} from '../rule-words.ts';
import { type Grace, graceOf, graceText, UNITS } from './grace-period.ts';
import type { Field } from './problems.ts';
import { type Fields, fieldId } from './use-order-form.ts';

export function RuleFields(fields: Fields) {
  const { form, update } = fields;
  const requiresLocation = form.nexus.includes('present') || form.nexus.includes('network');
  return (
    <Stack gap="lg">
      <Choice
        field="mode"
        label="Mode"
        value={form.mode}
        choose={(mode) => update({ mode })}
        words={MODE_WORDS}
        names={MODE_NAMES}
        {...fields}
      />
      {requiresLocation && (
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg">
          <Choice
            field="unknown"
            label="Devices with unknown location"
            value={form.unknown}
            choose={(unknown) => update({ unknown })}
            words={UNKNOWN_WORDS}
            {...fields}
          />
          <Choice
            field="contested"
            label="Devices with contested location"
            value={form.contested}
            choose={(contested) => update({ contested })}
            words={CONTESTED_WORDS}
            {...fields}
          />
        </SimpleGrid>
      )}
      {requiresLocation && <Visitors {...fields} />}
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg">
        {form.nexus.includes('home') && (
          <Choice
            field="travelers"
            label="Travelers from the order’s areas"
            value={form.travelers}
            choose={(travelers) => update({ travelers })}
            words={TRAVELERS_WORDS}
            {...fields}
          />
        )}
        {hasWaitingRule(form.services) && (
          <Choice
            field="waiting"
            label="Undelivered messages and mail"
            value={form.waiting ?? DEFAULT_WAITING}
            choose={(waiting) => update({ waiting })}
            words={WAITING_WORDS}
            {...fields}
          />
        )}
        <Choice
          field="stale"
          label="Devices with expired order list"
          value={form.stale}
          choose={(stale) => update({ stale })}
          words={STALE_WORDS}
          {...fields}
        />
      </SimpleGrid>
    </Stack>
  );
}

function Choice<T extends string>({
  field,
  label,
  value,
  choose,
  words,
  names,
  problemAt,
}: Fields & {
  readonly field: Field;
  readonly label: string;
  readonly value: T;
  readonly choose: (value: T) => void;
  readonly words: Readonly<Record<T, string>>;
  readonly names?: Readonly<Record<T, string>>;
}) {
  const options = Object.keys(words).filter((option): option is T => option in words);
  return (
    <Radio.Group
      label={label}
      value={value}
      onChange={(chosen) => {
        const option = options.find((each) => each === chosen);
        if (option !== undefined) choose(option);
      }}
      error={problemAt(field)?.text}
    >
      <Stack gap={6} mt={6}>
        {options.map((option, index) => (
          <Radio
            key={option}
            value={option}
            {...(index === 0 && { id: fieldId(field) })}
            label={names ? names[option] : words[option]}
            {...(names && { description: words[option] })}
          />
        ))}
      </Stack>
    </Radio.Group>
  );
}

function Visitors({ form, update, touch, problemAt }: Fields) {
  const [grace, setGrace] = useState<Grace>(() => graceOf(form.visitors));
  const change = (next: Grace) => {
    setGrace(next);
    update({ visitors: graceText(next) });
  };
  return (
    <div>
      <Group gap="xs" align="flex-start" wrap="nowrap" maw={420}>
        <NumberInput
          id={fieldId('visitors')}
          label="Grace period for visitors"
          value={grace.amount}
          onChange={(amount) => change({ ...grace, amount: typeof amount === 'number' ? amount : 0 })}
          onBlur={() => touch('visitors')}
          min={0}
          max={9999}
          allowDecimal={false}
          allowNegative={false}
          error={problemAt('visitors')?.text}
          style={{ flex: 1 }}
        />
        <Select
          aria-label="Unit of the grace period for visitors"
          // Margin that aligns the field with its neighbor, which has a label.
          mt={25}
          data={UNITS.map((unit) => ({ value: unit, label: sentence(unit) }))}
          value={grace.unit}
          onChange={(chosen) => change({ ...grace, unit: UNITS.find((unit) => unit === chosen) ?? grace.unit })}
          allowDeselect={false}
          style={{ flex: 1 }}
        />
      </Group>
      <Text size="sm" c="dimmed" mt={4}>
        A device with a home area elsewhere keeps its services for this period after it arrives in the order’s areas. If
        the device leaves for less than a day and returns, the period does not restart.
      </Text>
    </div>
  );
}
