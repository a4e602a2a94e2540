import { ActionIcon, Button, Group, List, Modal, Select, Stack, Text } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import {
  BASE_COLUMNS,
  type ListColumn,
  MOST_COLUMNS,
  REPORTED_FIELDS,
} from '../../../../shared/inventory/list-fields.ts';
import { COLUMN_NAMES } from './fact-words.ts';
import { DEFAULT_COLUMNS } from './filter.ts';

const ALL: readonly ListColumn[] = [...BASE_COLUMNS, ...REPORTED_FIELDS];

/** Dialog that chooses the columns of the device list and their order. */
export function ColumnDialog({
  columns,
  close,
  save,
}: {
  readonly columns: readonly ListColumn[];
  readonly close: () => void;
  readonly save: (columns: readonly ListColumn[]) => void;
}) {
  const [chosen, setChosen] = useState(columns);
  const move = (index: number, by: number) => {
    const next = [...chosen];
    const [column] = next.splice(index, 1);
    if (column) next.splice(index + by, 0, column);
    setChosen(next);
  };
  const left = ALL.filter((column) => !chosen.includes(column));
  return (
    <Modal opened onClose={close} title="Columns">
      <Stack>
        <Text size="sm">
          The first column is the user. Your account keeps the columns, unless a saved view is open.
        </Text>
        <List
          listStyleType="none"
          spacing={4}
          aria-label="Chosen columns"
          styles={{ itemWrapper: { display: 'block' } }}
        >
          {chosen.map((column, index) => (
            <List.Item key={column}>
              <Group gap="xs" wrap="nowrap" justify="space-between">
                <Text size="sm">{COLUMN_NAMES[column]}</Text>
                <Group gap={4} wrap="nowrap">
                  <ActionIcon
                    variant="subtle"
                    aria-label={`Move ${COLUMN_NAMES[column]} up`}
                    disabled={index === 0}
                    onClick={() => move(index, -1)}
                  >
                    <IconArrowUp size={16} aria-hidden />
                  </ActionIcon>
                  <ActionIcon
                    variant="subtle"
                    aria-label={`Move ${COLUMN_NAMES[column]} down`}
                    disabled={index === chosen.length - 1}
                    onClick={() => move(index, 1)}
                  >
                    <IconArrowDown size={16} aria-hidden />
                  </ActionIcon>
                  <ActionIcon
                    variant="subtle"
                    aria-label={`Remove ${COLUMN_NAMES[column]}`}
                    onClick={() => setChosen(chosen.filter((one) => one !== column))}
                  >
                    <IconX size={16} aria-hidden />
                  </ActionIcon>
                </Group>
              </Group>
            </List.Item>
          ))}
        </List>
        <Select
          label="Add a column"
          description={`At most ${MOST_COLUMNS} columns`}
          placeholder="Choose a column"
          data={left.map((column) => ({ value: column, label: COLUMN_NAMES[column] }))}
          searchable
          nothingFoundMessage="No column found"
          disabled={chosen.length >= MOST_COLUMNS}
          value={null}
          onChange={(value) => setChosen([...chosen, ...ALL.filter((column) => column === value)])}
        />
        <Group justify="space-between">
          <Button variant="default" onClick={() => setChosen(DEFAULT_COLUMNS)}>
            Restore default
          </Button>
          <Button onClick={() => save(chosen)}>Save columns</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
