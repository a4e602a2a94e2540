/** Parts of dialogs for an action that needs a second person: who can confirm it, and which effect of orders it changes. */
import { Alert, List, Text } from '@mantine/core';
import type { OrderEffect, SecondPerson } from '../../../shared/api/actions.ts';
import { confirmersText, effectText } from '../../../shared/api/confirmation-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';

/** Notice that a second person must confirm the action, and who can. `second`: answer of the server's preview; undefined before it. */
export function WhoConfirms({ second }: { readonly second: SecondPerson | undefined }) {
  if (!second?.needed) return null;
  if (second.remedy !== null) {
    return (
      <Alert color="red" title="Nobody can confirm this action" role="status">
        <Text size="sm">
          A second person must confirm this action. <UserText>{second.remedy}</UserText>
        </Text>
      </Alert>
    );
  }
  return (
    <Alert color="yellow" title="A second person must confirm this action" role="status">
      <Text size="sm">
        <UserText>{confirmersText(second)}</UserText> Until then, the action is pending, and nothing changes. It expires
        after 24 hours.
      </Text>
    </Alert>
  );
}

/** True if the server would refuse the action because nobody can confirm it. */
export const isBlocked = (second: SecondPerson | undefined): boolean => second !== undefined && second.remedy !== null;

/** Verdicts of orders before and after the action. */
export function OrderEffects({ effects }: { readonly effects: readonly OrderEffect[] }) {
  if (effects.length === 0) return null;
  return (
    <Alert color="yellow" title="The change alters the effect of orders">
      <List size="sm" listStyleType="none" spacing={2} aria-label="Effect on orders">
        {effects.map((effect) => (
          <List.Item key={JSON.stringify(effect)}>{effectText(effect)}</List.Item>
        ))}
      </List>
    </Alert>
  );
}
