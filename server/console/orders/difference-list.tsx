/** What a revision changes: before struck through, after beside it, each also said in words. */
import { List, Text, VisuallyHidden } from '@mantine/core';
import type { Difference } from './revision-difference.ts';

export function DifferenceList({ differences }: { readonly differences: readonly Difference[] }) {
  if (differences.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        Changes nothing of what the order says.
      </Text>
    );
  }
  return (
    <List size="sm" spacing={4}>
      {differences.map(({ label, before, after }) => (
        <List.Item key={label}>
          <Text span size="sm" fw={600}>
            {label}:
          </Text>{' '}
          {before !== null && (
            <>
              <VisuallyHidden>no longer </VisuallyHidden>
              <Text component="del" inherit c="dimmed" td="line-through">
                <bdi>{before}</bdi>
              </Text>
            </>
          )}
          {before !== null && after !== null && ' → '}
          {after !== null && (
            <>
              <VisuallyHidden>now </VisuallyHidden>
              <Text component="ins" inherit td="none" fw={500}>
                {before === null && '+ '}
                <bdi>{after}</bdi>
              </Text>
            </>
          )}
        </List.Item>
      ))}
    </List>
  );
}
