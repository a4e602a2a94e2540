/** Dialog in which a person confirms an action with a passkey. It shows the exact content whose hash the passkey signs. */
import { Button, Code, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { PasskeyDemand } from '../../../shared/api/passkeys.ts';
import { Failure } from '../../../shared/look/states.tsx';
import { actionName } from '../actions/action-words.ts';

const ABOVE_DIALOGS = 400;

export interface Question {
  readonly demand: PasskeyDemand;
  readonly settle: (header: string | null) => void;
}

export function PasskeyConfirmationDialog({ question }: { readonly question: Question | null }) {
  const [opened, setOpened] = useState(false);
  const confirming = useMutation({
    mutationFn: async (demand: PasskeyDemand) => {
      const { confirmAction } = await import('../client/passkeys.ts');
      return confirmAction(demand);
    },
    onSuccess: (header) => finish(header),
  });
  // Mount the dialog in the closed state, then open it. Otherwise Mantine does not return the focus after the dialog closes.
  useEffect(() => setOpened(question !== null), [question]);

  function finish(header: string | null): void {
    confirming.reset();
    question?.settle(header);
  }

  return (
    <Modal
      opened={opened}
      onClose={() => finish(null)}
      title="Confirm action with passkey"
      size="lg"
      zIndex={ABOVE_DIALOGS}
    >
      {question && (
        <Stack>
          <Text>
            Your passkey signs this action: <b>{actionName(question.demand.action)}</b>. The server keeps the signature.
          </Text>
          <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
            {pretty(question.demand.content)}
          </Code>
          <Text size="sm">
            SHA-256 of the content:{' '}
            <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
              {question.demand.hash}
            </Code>
          </Text>
          {confirming.isError && <Failure error={confirming.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => finish(null)}>
              Cancel
            </Button>
            <Button data-autofocus loading={confirming.isPending} onClick={() => confirming.mutate(question.demand)}>
              Confirm with passkey
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}

function pretty(content: string): string {
  try {
    return JSON.stringify(JSON.parse(content), null, 2);
  } catch {
    return content;
  }
}
