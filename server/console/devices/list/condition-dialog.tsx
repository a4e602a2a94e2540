import { Button, Group, Modal, NumberInput, Select, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import {
  type Condition,
  conditionsSchema,
  LIST_FIELDS,
  type ListField,
  needsValue,
  type Operator,
  operatorsOf,
  typeOfField,
} from '../../../../shared/inventory/list-fields.ts';
import { COLUMN_NAMES, isTime, operatorText, UNITS } from './fact-words.ts';

const FIELDS = LIST_FIELDS.map((field) => ({ value: field, label: COLUMN_NAMES[field] })).sort((a, b) =>
  a.label.localeCompare(b.label, 'en'),
);

const VALUE_HINTS: Readonly<Partial<Record<ListField, string>>> = {
  software: 'A name, or a name and a version, such as openssl < 3.0.15',
};

/** Dialog that adds one condition on a field of the device to the filter. */
export function ConditionDialog({
  opened,
  close,
  add,
}: {
  readonly opened: boolean;
  readonly close: () => void;
  readonly add: (condition: Condition) => void;
}) {
  return (
    <Modal opened={opened} onClose={close} title="Add condition">
      <Form add={add} />
    </Modal>
  );
}

function Form({ add }: { readonly add: (condition: Condition) => void }) {
  const [field, setField] = useState<ListField | null>(null);
  const [op, setOp] = useState<Operator>('is');
  const [typed, setTyped] = useState<string | number>('');
  const condition = field === null ? null : conditionOf(field, op, typed);
  const chooseField = (name: string | null) => {
    const next = LIST_FIELDS.find((fact) => fact === name) ?? null;
    setField(next);
    setTyped(next !== null && typeOfField(next) === 'bool' ? 'true' : '');
    if (next !== null && !operatorsOf(next).includes(op)) setOp(operatorsOf(next)[0] ?? 'is');
  };
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (condition) add(condition);
      }}
    >
      <Stack>
        <Select
          label="Field"
          description="A field of the inventory or of the device's record"
          data={FIELDS}
          searchable
          nothingFoundMessage="No field found"
          data-autofocus
          value={field}
          onChange={chooseField}
        />
        {field !== null && (
          <Select
            label="Operator"
            data={operatorsOf(field).map((one) => ({ value: one, label: operatorText(field, one) }))}
            allowDeselect={false}
            value={op}
            onChange={(value) => setOp(operatorsOf(field).find((one) => one === value) ?? op)}
          />
        )}
        {field !== null && needsValue(op) && <Value field={field} typed={typed} change={setTyped} />}
        <Group justify="flex-end">
          <Button type="submit" disabled={condition === null}>
            Add condition
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Value({
  field,
  typed,
  change,
}: {
  readonly field: ListField;
  readonly typed: string | number;
  readonly change: (value: string | number) => void;
}) {
  const type = typeOfField(field);
  if (type === 'bool') {
    const answers = [
      { value: 'true', label: 'Yes' },
      { value: 'false', label: 'No' },
    ];
    return (
      <Select
        label="Value"
        data={answers}
        allowDeselect={false}
        value={String(typed)}
        onChange={(to) => change(to ?? '')}
      />
    );
  }
  if (isTime(field)) {
    return (
      <TextInput
        type="date"
        label="Value"
        description="Start of this day, UTC"
        value={typed}
        onChange={({ currentTarget }) => change(currentTarget.value)}
      />
    );
  }
  if (type === 'int') {
    const unit = UNITS[field];
    return (
      <NumberInput
        label={unit ? `Value (${unit.name})` : 'Value'}
        allowNegative={false}
        value={typed}
        onChange={change}
      />
    );
  }
  return (
    <TextInput
      label="Value"
      description={VALUE_HINTS[field] ?? 'Upper and lower case do not matter'}
      maxLength={120}
      value={typed}
      onChange={({ currentTarget }) => change(currentTarget.value)}
    />
  );
}

function conditionOf(field: ListField, op: Operator, typed: string | number): Condition | null {
  const parsed = conditionsSchema.safeParse([
    { field, op, ...(needsValue(op) && { value: typedValue(field, typed) }) },
  ]);
  return parsed.data?.[0] ?? null;
}

function typedValue(field: ListField, typed: string | number): string | number | boolean | undefined {
  if (typed === '') return undefined;
  const type = typeOfField(field);
  if (type === 'bool') return typed === 'true';
  if (isTime(field)) return Date.parse(`${typed}T00:00:00Z`);
  return type === 'int' ? Math.round(Number(typed) * (UNITS[field]?.size ?? 1)) : String(typed).trim();
}
