import { Button, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { groupView } from '../../../shared/api/groups.ts';
import { Failure } from '../../../shared/look/states.tsx';
import { call } from '../client/call.ts';
import { Page } from '../parts/page.tsx';
import { ExpressionEditor } from './expression-editor.tsx';

export function NewGroupPage() {
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [expression, setExpression] = useState('');
  const save = useMutation({
    mutationFn: () => call('POST', '/groups', groupView, { name: name.trim(), expression: expression.trim() }),
    onSuccess: ({ id }) => navigate({ to: '/groups/$id', params: { id } }),
  });
  return (
    <Page
      title="New dynamic group"
      lead="The server adds each device for which the expression is true, and removes it when this changes."
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Stack maw={720}>
          <TextInput
            label="Name"
            dir="auto"
            required
            maxLength={120}
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
          />
          <ExpressionEditor value={expression} change={setExpression} />
          <Text size="sm" c="dimmed">
            Commands and device lists can use the group at once. Roles and order exemptions cannot, because devices
            report some facts themselves. An owner can allow this later.
          </Text>
          {save.isError && <Failure error={save.error} />}
          <div>
            <Button type="submit" loading={save.isPending} disabled={name.trim() === '' || expression.trim() === ''}>
              Create group
            </Button>
          </div>
        </Stack>
      </form>
    </Page>
  );
}
