import { Button, Group, Modal, NumberInput, Select, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import {
  type Condition,
  conditionsSchema,
  LIST_FACTS,
  type ListFact,
  needsValue,
  type Operator,
  operatorsOf,
} from '../../../../shared/inventory/list-fields.ts';
import { COLUMN_NAMES, isTime, OPERATOR_NAMES, typeOf, UNITS } from './fact-words.ts';

/** Dialog that adds one condition on a fact of the inventory to the filter. */
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
  const [field, setField] = useState<ListFact | null>(null);
  const [op, setOp] = useState<Operator>('is');
  const [typed, setTyped] = useState<string | number>('');
  const condition = field === null ? null : conditionOf(field, op, typed);
  const chooseField = (name: string | null) => {
    const next = LIST_FACTS.find((fact) => fact === name) ?? null;
    setField(next);
    setTyped(next !== null && typeOf(next) === 'bool' ? 'true' : '');
    if (next !== null && !operatorsOf(next).includes(op)) setOp('is');
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
          description="A field of the inventory that the device reports"
          data={LIST_FACTS.map((fact) => ({ value: fact, label: COLUMN_NAMES[fact] }))}
          searchable
          nothingFoundMessage="No field found"
          data-autofocus
          value={field}
          onChange={chooseField}
        />
        {field !== null && (
          <Select
            label="Operator"
            data={operatorsOf(field).map((one) => ({ value: one, label: OPERATOR_NAMES[one] }))}
            allowDeselect={false}
            value={op}
            onChange={(value) => setOp(operatorsOf(field).find((one) => one === value) ?? 'is')}
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
  readonly field: ListFact;
  readonly typed: string | number;
  readonly change: (value: string | number) => void;
}) {
  const type = typeOf(field);
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
      description="Upper and lower case do not matter"
      maxLength={120}
      value={typed}
      onChange={({ currentTarget }) => change(currentTarget.value)}
    />
  );
}

function conditionOf(field: ListFact, op: Operator, typed: string | number): Condition | null {
  const parsed = conditionsSchema.safeParse([
    { field, op, ...(needsValue(op) && { value: typedValue(field, typed) }) },
  ]);
  return parsed.data?.[0] ?? null;
}

function typedValue(field: ListFact, typed: string | number): string | number | boolean | undefined {
  if (typed === '') return undefined;
  const type = typeOf(field);
  if (type === 'bool') return typed === 'true';
  if (isTime(field)) return Date.parse(`${typed}T00:00:00Z`);
  return type === 'int' ? Math.round(Number(typed) * (UNITS[field]?.size ?? 1)) : String(typed).trim();
}
