/**
 * Approval dialog. It decodes the exact bytes to sign and shows their content in words. The approver's key in this browser or passkey signs the bytes.
 */
import { Alert, Button, Checkbox, Group, Modal, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { type ApprovalResult, approvalResult } from '../../../shared/api/order-approvals.ts';
import type { OrderView } from '../../../shared/api/orders.ts';
import { Failure, Loading } from '../../../shared/look/states.tsx';
import type { Approvers } from '../../../shared/order/documents.ts';
import { IMMEDIATE_WORDS } from '../../../shared/order/immediate-effect.ts';
import { isProposalEnd } from '../../../shared/order/proposal-end.ts';
import { signApproval } from '../../../shared/order/web-approver-key.ts';
import { ChooseSigner, useChosenSigner } from '../approver-key/choose-signer.tsx';
import { OwnKeyPanel } from '../approver-key/own-key-panel.tsx';
import { listedSigners, type OwnSigner, useOwnKey } from '../approver-key/use-own-key.ts';
import { call } from '../client/call.ts';
import { useSession } from '../client/session.tsx';
import { ACTION_NAMES } from '../words/orders.ts';
import { approvalState, type Eligibility, eligibility, missingWords, type RevisionSummary } from './approval-state.ts';
import { DifferenceList } from './difference-list.tsx';
import { warningsQuery } from './queries.ts';
import { SigningWords } from './signing-text.tsx';
import type { RevisionTexts } from './use-revision-texts.ts';
import { type SigningText, useSigningText } from './use-signing-text.ts';
import { Warnings } from './warnings.tsx';

interface ApprovalProps {
  readonly order: OrderView;
  readonly revision: RevisionSummary;
  readonly approverSet: Approvers;
  readonly texts: RevisionTexts;
  readonly nameOf: (person: string) => string;
}

export function ApproveDialog({
  opened,
  close,
  ...approval
}: ApprovalProps & { readonly opened: boolean; readonly close: () => void }) {
  const { order, revision } = approval;
  return (
    <Modal
      opened={opened}
      onClose={close}
      size="xl"
      title={`${ACTION_NAMES[revision.action]}: order ${order.number}, revision ${revision.revision}`}
    >
      <ApproveBody {...approval} close={close} />
    </Modal>
  );
}

function ApproveBody({ close, ...approval }: ApprovalProps & { readonly close: () => void }) {
  const { order, revision, nameOf, texts } = approval;
  const text = useSigningText(order.number, revision.revision);
  if (text.error) return <Failure error={text.error} />;
  if (text.data === undefined) return <Loading lines={8} />;
  const changes = texts.changes(revision.revision);
  const superseded = revision.state === 'superseded' || isProposalEnd(revision.state);
  return (
    <Stack>
      {revision.state === 'superseded' && <Superseded />}
      {isProposalEnd(revision.state) && (
        <Alert
          color="red"
          title={`This proposal ${revision.state === 'expired' ? 'has expired' : `was ${revision.state}`}`}
          role="alert"
        >
          You cannot approve this revision. Propose the change again if you still need it.
        </Alert>
      )}
      {changes && changes.length > 0 && (
        <section aria-label="Changes">
          <Title order={3} size="h5" mb={4}>
            Changes
          </Title>
          <DifferenceList differences={changes} />
        </section>
      )}
      <section aria-label="Content to sign">
        <Title order={3} size="h5" mb="xs">
          Content to sign
        </Title>
        <SigningWords text={text.data} nameOf={nameOf} />
      </section>
      {superseded ? (
        <Group justify="flex-end">
          <Button onClick={close}>Close</Button>
        </Group>
      ) : (
        <Sign text={text.data} {...approval} close={close} />
      )}
    </Stack>
  );
}

function Superseded() {
  return (
    <Alert color="red" title="A newer revision replaced this one" role="alert">
      Another admin proposed or approved a newer revision in the meantime. Close this dialog and review the newer
      revision.
    </Alert>
  );
}

const REFUSED: Readonly<Record<Exclude<Eligibility, 'may'>, string>> = {
  own: 'You proposed this revision, so you cannot approve it. Ask two other approvers.',
  approved: 'You already approved this revision.',
  complete: 'This revision has all required approvals.',
  no_approver:
    'You are not in the approver set, so your signature would not count. Ask an approver to approve the revision.',
};

function Sign({
  text,
  order,
  revision,
  approverSet,
  nameOf,
  close,
}: ApprovalProps & { readonly text: SigningText; readonly close: () => void }) {
  const { person } = useSession().account;
  const own = useOwnKey();
  const warnings = useQuery(warningsQuery(order.number, revision.revision));
  const [read, setRead] = useState(false);
  const [confirmed, setConfirmed] = useState(false);
  const signing = useMutation({
    mutationFn: async (key: OwnSigner['key']) => {
      const approval = await signApproval(key, text.view.payload, { immediate: text.view.passed !== null });
      const path = `/orders/${encodeURIComponent(order.number)}/revisions/${revision.revision}/approvals`;
      return call('POST', path, approvalResult, approval);
    },
  });
  const signers = listedSigners(own.data);
  const choice = useChosenSigner(signers);
  if (signing.data) return <Signed result={signing.data} close={close} />;
  const state = approvalState(order, revision, approverSet, text.document.basis);
  const who = eligibility(state, revision, approverSet, person);
  const warned = warnings.data?.warnings ?? [];
  const key = choice.chosen?.key ?? null;
  const { passed } = text.view;
  return (
    <Stack>
      <Warnings warnings={warned} />
      {warnings.isError && <Failure error={warnings.error} retry={() => void warnings.refetch()} />}
      {who === 'may' || who === 'no_approver' ? (
        <>
          {own.error && <Failure error={own.error} />}
          {own.data && own.data.state !== 'listed' && <OwnKeyPanel own={own.data} />}
          <Text size="sm">{missingWords(state, revision, nameOf)}</Text>
          {who === 'may' && <ChooseSigner signers={signers} {...choice} />}
          {passed !== null && who === 'may' && (
            <Alert color="red" title={`The revision ${IMMEDIATE_WORDS[passed]}`} role="alert">
              <Stack gap="xs">
                <Text size="sm">
                  You sign this statement together with the revision. The public ledger contains the statement.
                </Text>
                {key && (
                  <Checkbox
                    checked={confirmed}
                    onChange={({ currentTarget }) => setConfirmed(currentTarget.checked)}
                    label={
                      passed === 'effective'
                        ? 'I confirm that the order takes effect immediately'
                        : 'I confirm that the order ends immediately'
                    }
                  />
                )}
              </Stack>
            </Alert>
          )}
          {warned.length > 0 && key && (
            <Checkbox
              checked={read}
              onChange={({ currentTarget }) => setRead(currentTarget.checked)}
              label="I have read the warnings and still approve"
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
            disabled={warnings.data === undefined || (warned.length > 0 && !read) || (passed !== null && !confirmed)}
            onClick={() => signing.mutate(key)}
          >
            Sign and approve order
          </Button>
        )}
      </Group>
    </Stack>
  );
}

function Signed({ result, close }: { readonly result: ApprovalResult; readonly close: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  // Move the focus to this button, because the button that had the focus no longer exists.
  useEffect(() => button.current?.focus(), []);
  return (
    <Stack>
      <Alert color="cordon" role="status" title={result.adopted ? 'Order approved' : 'Approval recorded'}>
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
