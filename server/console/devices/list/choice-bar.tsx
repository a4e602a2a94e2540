/** How many devices are chosen, and what can be done with them: lies over the end of the list, so that nothing moves when it appears. */
import { Button, CloseButton, Group, Paper, Text } from '@mantine/core';
import { failureText } from '../../../../shared/look/states.tsx';
import { focusList } from './active-row.ts';
import classes from './choice-bar.module.css';
import { countOf, MOST_NAMED } from './selection.ts';
import { type Choice, TooMany } from './use-choice.ts';

export function ChoiceBar({
  choice: { selection, fetching, failure, chooseAll, clear },
  total,
  narrowed,
  command,
}: {
  readonly choice: Choice;
  readonly total: number;
  readonly narrowed: boolean;
  /** Opens the dialog for a command. */
  readonly command: () => void;
}) {
  const all = selection.kind === 'all';
  const count = countOf(selection, total);
  const number = count.toLocaleString('en');
  const every = narrowed ? `All ${number} that match` : `All ${number}`;
  return (
    <Paper shadow="md" withBorder className={classes.bar} component="section" aria-label="Chosen devices">
      <Group gap="xs" wrap="nowrap" justify="space-between">
        <div aria-live="polite">
          <Text size="sm" fw={600}>
            {fetching ? 'Choosing…' : all ? `${every} are chosen` : `${number} chosen`}
          </Text>
          {failure !== null && (
            <Text size="xs" c="red">
              {failure instanceof TooMany
                ? `By name at most ${MOST_NAMED.toLocaleString('en')} can be chosen: narrow the list and choose all of it.`
                : failureText(failure)}
            </Text>
          )}
        </div>
        <Group gap="xs" wrap="nowrap">
          {!all && total > count && (
            <Button variant="subtle" size="xs" onClick={() => chooseAll(true)}>
              Choose all {total.toLocaleString('en')}
            </Button>
          )}
          <Button size="xs" onClick={command} disabled={count === 0 || fetching}>
            Command…
          </Button>
          <CloseButton
            aria-label="Choose none"
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
