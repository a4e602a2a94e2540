/** Placeholders for content: loading, failed and empty. */
import { Alert, Button, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { UseQueryResult } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext } from 'react';
import { CordonError } from '../errors.ts';
import { ApiError } from './api-error.ts';

export function failureText(error: unknown): string {
  if (error instanceof ApiError || error instanceof CordonError) return error.message;
  return 'The page cannot read the response of the server. Reload the page. If the error stays, the page and the server have different versions.';
}

/** Whether the server stored the request as a proposal, which a second person confirms on a page of the console. */
const isPending = (error: unknown): error is ApiError =>
  error instanceof ApiError && error.code === 'second_person_required';

/** Renders the notice about a pending action. The console replaces it with a notice that follows the action. */
export const PendingNotice = createContext<(action: string) => ReactNode>(() => (
  <Alert color="yellow" title="Action pending confirmation" role="status">
    Nothing has changed yet. A second person must confirm the action.
  </Alert>
));

export function Failure({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  const pendingNotice = useContext(PendingNotice);
  if (isPending(error)) return pendingNotice(String(error.context.action));
  return (
    <Alert lang="en" dir="ltr" color="red" icon={<IconAlertTriangle aria-hidden />} title="Action failed" role="alert">
      <Stack gap="xs" align="flex-start">
        <Text size="sm" dir="auto">
          {failureText(error)}
        </Text>
        {retry && (
          <Button size="xs" variant="default" onClick={retry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

export function Empty({
  title,
  children,
  action,
}: {
  readonly title: string;
  readonly children: ReactNode;
  readonly action?: ReactNode;
}) {
  return (
    <Stack align="center" gap="xs" py="xl" ta="center">
      <Title order={2} size="h5">
        {title}
      </Title>
      <Text c="dimmed" maw={460}>
        {children}
      </Text>
      {action && <Group mt="xs">{action}</Group>}
    </Stack>
  );
}

export function Loading({ lines = 4 }: { readonly lines?: number }) {
  return (
    <Stack gap="sm" role="status" aria-label="Loading">
      <Skeleton height={28} width="40%" />
      {[...Array(lines - 1).keys()].map((line) => (
        <Skeleton key={line} height={18} />
      ))}
    </Stack>
  );
}

/**
 * Displays the result of a query, or a placeholder while there is no result. During a refresh or after a failed refresh, the earlier result
 * stays visible.
 */
export function QueryResult<T>({
  query,
  lines,
  children,
}: {
  readonly query: UseQueryResult<T>;
  readonly lines?: number;
  readonly children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) {
    return (
      <>
        {query.isError && <Failure error={query.error} retry={() => void query.refetch()} />}
        {children(query.data)}
      </>
    );
  }
  if (query.isError) return <Failure error={query.error} retry={() => void query.refetch()} />;
  return <Loading {...(lines !== undefined && { lines })} />;
}
