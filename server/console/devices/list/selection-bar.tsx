/**
 * Bar with the number of selected devices and the actions on them. The bar covers the end of the list, so that the list does not move when
 * the bar appears.
 */
import { Button, CloseButton, Group, Paper, Text } from '@mantine/core';
import { failureText } from '../../../../shared/look/states.tsx';
import { countOf, MOST_NAMED } from './selection.ts';
import classes from './selection-bar.module.css';
import { focusList } from './use-active-row.ts';
import { type SelectionState, TooMany } from './use-selection.ts';

export function SelectionBar({
  choice: { selection, fetching, failure, chooseAll, clear },
  total,
  narrowed,
  command,
  ask,
}: {
  readonly choice: SelectionState;
  readonly total: number;
  readonly narrowed: boolean;
  readonly command: () => void;
  readonly ask: (() => void) | null;
}) {
  const all = selection.kind === 'all';
  const count = countOf(selection, total);
  const number = count.toLocaleString('en');
  const every = narrowed ? `All ${number} matching devices` : `All ${number} devices`;
  return (
    <Paper shadow="md" withBorder className={classes.bar} component="section" aria-label="Selected devices">
      <Group gap="xs" justify="space-between">
        <div aria-live="polite">
          <Text size="sm" fw={600}>
            {fetching ? 'Selecting devices…' : all ? `${every} selected` : `${number} selected`}
          </Text>
          {failure !== null && (
            <Text size="xs" c="red">
              {failure instanceof TooMany
                ? `You can select at most ${MOST_NAMED.toLocaleString('en')} devices by name. Narrow the filters and select all matching devices.`
                : failureText(failure)}
            </Text>
          )}
        </div>
        <Group gap="xs">
          {!all && total > count && (
            <Button variant="subtle" size="xs" px="xs" onClick={() => chooseAll(true)}>
              Select all
            </Button>
          )}
          {ask && (
            <Button variant="default" size="xs" px="xs" onClick={ask} disabled={count === 0 || fetching}>
              Ask…
            </Button>
          )}
          <Button size="xs" px="xs" onClick={command} disabled={count === 0 || fetching}>
            Choose action…
          </Button>
          <CloseButton
            aria-label="Clear selection"
            onClick={() => {
              clear();
              focusList();
            }}
          />
        </Group>
      </Group>
    </Paper>
  );
}
