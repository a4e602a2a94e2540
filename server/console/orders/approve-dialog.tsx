/** Approving: what is signed stands here in words, read from the exact bytes; the key of this browser signs them; the server checks and counts. */
import { Alert, Button, Checkbox, Group, Modal, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { type ApprovalResult, approvalResult, type OrderView } from '../../../shared/api/orders.ts';
import { Failure, Loading } from '../../../shared/look/states.tsx';
import type { Approvers } from '../../../shared/order/documents.ts';
import { signApproval, type WebApproverKey } from '../../../shared/order/web-approver-key.ts';
import { OwnKeyPanel } from '../approver-key/own-key-panel.tsx';
import { useOwnKey } from '../approver-key/use-own-key.ts';
import { call } from '../client/call.ts';
import { useSession } from '../client/session.tsx';
import { ACT_NAMES } from '../words/orders.ts';
import { approvalState, type Eligibility, eligibility, missingWords, type RevisionSummary } from './approval-state.ts';
import { DifferenceList } from './difference-list.tsx';
import { warningsQuery } from './queries.ts';
import { SigningWords } from './signing-text.tsx';
import type { RevisionTexts } from './use-revision-texts.ts';
import { type SigningText, useSigningText } from './use-signing-text.ts';
import { Warnings } from './warnings.tsx';

interface Asked {
  readonly order: OrderView;
  readonly revision: RevisionSummary;
  readonly root: Approvers;
  readonly texts: RevisionTexts;
  readonly nameOf: (person: string) => string;
}

export function ApproveDialog({
  opened,
  close,
  ...asked
}: Asked & { readonly opened: boolean; readonly close: () => void }) {
  const { order, revision } = asked;
  return (
    <Modal
      opened={opened}
      onClose={close}
      size="xl"
      title={`${ACT_NAMES[revision.act]}: order ${order.number}, revision ${revision.revision}`}
    >
      <ApproveBody {...asked} close={close} />
    </Modal>
  );
}

function ApproveBody({ close, ...asked }: Asked & { readonly close: () => void }) {
  const { order, revision, nameOf, texts } = asked;
  const text = useSigningText(order.number, revision.revision);
  if (text.error) return <Failure error={text.error} />;
  if (text.data === undefined) return <Loading lines={8} />;
  const changes = texts.changes(revision.revision);
  const superseded = revision.state === 'superseded';
  return (
    <Stack>
      {superseded && <Superseded />}
      {changes && changes.length > 0 && (
        <section aria-label="What it changes">
          <Title order={3} size="h5" mb={4}>
            What it changes
          </Title>
          <DifferenceList differences={changes} />
        </section>
      )}
      <section aria-label="What you sign, in words">
        <Title order={3} size="h5" mb="xs">
          What you sign, in words
        </Title>
        <SigningWords text={text.data} nameOf={nameOf} />
      </section>
      {superseded ? (
        <Group justify="flex-end">
          <Button onClick={close}>Close</Button>
        </Group>
      ) : (
        <Sign text={text.data} {...asked} close={close} />
      )}
    </Stack>
  );
}

function Superseded() {
  return (
    <Alert color="red" title="Something newer took its place" role="alert">
      Meanwhile another revision was proposed or approved. Close this, and read that one.
    </Alert>
  );
}

const REFUSED: Readonly<Record<Exclude<Eligibility, 'may'>, string>> = {
  own: 'You proposed this, and nobody approves their own proposal. Ask two other approvers.',
  approved: 'You have approved this already.',
  complete: 'It has all the approvals that it needs.',
  no_approver: 'The root of approvers does not list you: your signature would not count.',
};

function Sign({
  text,
  order,
  revision,
  root,
  nameOf,
  close,
}: Asked & { readonly text: SigningText; readonly close: () => void }) {
  const { person } = useSession().account;
  const own = useOwnKey();
  const warnings = useQuery(warningsQuery(order.number, revision.revision));
  const [read, setRead] = useState(false);
  const signing = useMutation({
    mutationFn: async (key: WebApproverKey) => {
      const approval = await signApproval(key, text.view.payload);
      const path = `/orders/${encodeURIComponent(order.number)}/revisions/${revision.revision}/approvals`;
      return call('POST', path, approvalResult, approval);
    },
  });
  if (signing.data) return <Signed result={signing.data} close={close} />;
  const state = approvalState(order, revision, root);
  const who = eligibility(state, revision, root, person);
  const warned = warnings.data?.warnings ?? [];
  const key = own.data?.standing === 'listed' ? own.data.key : null;
  return (
    <Stack>
      <Warnings warnings={warned} />
      {warnings.isError && <Failure error={warnings.error} retry={() => void warnings.refetch()} />}
      {who === 'may' || who === 'no_approver' ? (
        <>
          {own.error && <Failure error={own.error} />}
          {own.data && own.data.standing !== 'listed' && <OwnKeyPanel own={own.data} />}
          <Text size="sm">{missingWords(state, revision, nameOf)}</Text>
          {warned.length > 0 && key && (
            <Checkbox
              checked={read}
              onChange={({ currentTarget }) => setRead(currentTarget.checked)}
              label="I have read the warnings, and approve all the same"
            />
          )}
        </>
      ) : (
        <Alert color="gray">{REFUSED[who]}</Alert>
      )}
      {signing.isError && <Failure error={signing.error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          Close
        </Button>
        {who === 'may' && key && (
          <Button
            color={warned.length > 0 ? 'red' : 'cordon'}
            loading={signing.isPending}
            disabled={warnings.data === undefined || (warned.length > 0 && !read)}
            onClick={() => signing.mutate(key)}
          >
            Sign and approve
          </Button>
        )}
      </Group>
    </Stack>
  );
}

function Signed({ result, close }: { readonly result: ApprovalResult; readonly close: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  // The button that had the focus is gone.
  useEffect(() => button.current?.focus(), []);
  return (
    <Stack>
      <Alert color="cordon" role="status" title={result.adopted ? 'Approved' : 'Your approval is recorded'}>
        {result.detail}
      </Alert>
      <Group justify="flex-end">
        <Button ref={button} onClick={close}>
          Close
        </Button>
      </Group>
    </Stack>
  );
}
