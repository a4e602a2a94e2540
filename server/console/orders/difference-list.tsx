/**
 * List of changes in a revision: the old value, struck through, and the new value. For screen readers, hidden words mark the values as old
 * and new.
 */
import { List, Text, VisuallyHidden } from '@mantine/core';
import type { Difference } from './revision-difference.ts';

export function DifferenceList({ differences }: { readonly differences: readonly Difference[] }) {
  if (differences.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        No changes to the terms.
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
              <VisuallyHidden>old value</VisuallyHidden>
              <Text component="del" inherit c="dimmed" td="line-through">
                <bdi>{before}</bdi>
              </Text>
            </>
          )}
          {before !== null && after !== null && ' → '}
          {after !== null && (
            <>
              <VisuallyHidden>new value</VisuallyHidden>
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
