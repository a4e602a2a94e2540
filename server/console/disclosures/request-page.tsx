/** Page of a request: its terms, approvals, preview of lines, production, and all earlier texts. */
import { Alert, Badge, Button, Group, Paper, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { type DisclosureDetail, disclosureDetail } from '../../../shared/api/disclosures.ts';
import { describeDisclosure } from '../../../shared/disclosure/describe.ts';
import type { DisclosureText } from '../../../shared/disclosure/documents.ts';
import { QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import type { Described } from '../../../shared/order/describe-revision.ts';
import { type DeskSignature, SignDialog } from '../approver-key/sign-dialog.tsx';
import { call } from '../client/call.ts';
import { saveDownload } from '../client/save-download.ts';
import { useMay } from '../client/session.tsx';
import { Page, Section } from '../parts/page.tsx';
import { NarrowDialog } from './narrow-dialog.tsx';
import { DESK, requestPath, requestQuery } from './queries.ts';
import { RefusalFacts } from './refusals.tsx';
import { ProduceDialog, RefuseDialog } from './request-dialogs.tsx';
import { RequestFacts } from './request-facts.tsx';
import { RequestHistory } from './request-history.tsx';
import { RequestPreview } from './request-preview.tsx';
import { Production } from './request-production.tsx';
import { Deadline, StateBadge } from './requests.tsx';

type Dialog = 'approve' | 'narrow' | 'refuse' | 'produce';

export function RequestPage() {
  const { id } = useParams({ from: '/disclosures/$id' });
  const query = useQuery(requestQuery(id));
  if (query.data !== undefined) return <Loaded key={id} request={query.data} />;
  return (
    <Page title={`Request ${id}`}>
      <QueryResult query={query} lines={8}>
        {() => null}
      </QueryResult>
    </Page>
  );
}

function Loaded({ request }: { readonly request: DisclosureDetail }) {
  const may = useMay();
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const close = () => setDialog(null);
  const { state, authority, instrument } = request;
  const open = state === 'drafted' || state === 'approved';
  return (
    <Page
      title={`${authority.name}: ${instrument.reference}`}
      lead={<Lead request={request} />}
      actions={<Actions request={request} choose={setDialog} />}
    >
      {open && <Approvals request={request} approve={() => setDialog('approve')} />}
      {request.refusal && (
        <Section title="Refusal">
          <Paper withBorder p="md">
            <RefusalFacts refusal={request.refusal} />
          </Paper>
        </Section>
      )}
      {request.production && (
        <Section title="Production">
          <Production request={request} production={request.production} />
        </Section>
      )}
      <Section title="Request">
        <RequestFacts request={request} />
      </Section>
      {open && may('disclosures.preview') && (
        <Section title="Records">
          <RequestPreview key={request.version} request={request} />
        </Section>
      )}
      <Section title="History">
        <RequestHistory request={request} />
      </Section>
      <Dialogs request={request} dialog={dialog} close={close} />
    </Page>
  );
}

function Lead({ request }: { readonly request: DisclosureDetail }) {
  return (
    <Stack gap={4}>
      <Group gap="xs">
        <StateBadge state={request.state} />
        <Text size="sm" c="dimmed">
          {request.id}, version {request.version}
        </Text>
      </Group>
      <Deadline request={request} />
    </Stack>
  );
}

function Actions({
  request,
  choose,
}: {
  readonly request: DisclosureDetail;
  readonly choose: (dialog: Dialog) => void;
}) {
  const may = useMay();
  const { state, id } = request;
  const open = state === 'drafted' || state === 'approved';
  return (
    <>
      {state === 'approved' && may('disclosures.produce') && (
        <Button onClick={() => choose('produce')}>Produce records…</Button>
      )}
      {state === 'produced' && may('disclosures.download') && (
        <Button onClick={() => void saveDownload(`${requestPath(id)}/production`, { method: 'GET' })}>
          Download production
        </Button>
      )}
      {open && may('disclosures.narrow') && (
        <Button variant="default" onClick={() => choose('narrow')}>
          Narrow request…
        </Button>
      )}
      {open && may('disclosures.refuse') && (
        <Button variant="default" onClick={() => choose('refuse')}>
          Refuse request…
        </Button>
      )}
    </>
  );
}

function Approvals({ request, approve }: { readonly request: DisclosureDetail; readonly approve: () => void }) {
  const may = useMay();
  const { approved, needed, obstacle, state, versions } = request;
  const newest = versions.at(-1);
  const missing = needed - approved;
  return (
    <Alert
      color={state === 'approved' ? 'cordon' : 'yellow'}
      title={state === 'approved' ? 'Approved' : `${approved} of ${needed} approvals`}
    >
      <Stack gap="xs" align="flex-start">
        <Text size="sm">
          {state === 'approved'
            ? 'Enough people have signed the newest text. The records can be produced once.'
            : `${missing} more ${missing === 1 ? 'person' : 'people'} of the role legal must sign the newest text. A person who drafted or narrowed the request cannot sign it.`}
        </Text>
        <Group gap="xs">
          {newest?.approvals.map(({ person, name }) => (
            <Badge key={person} color="green">
              <UserText>{name}</UserText>
            </Badge>
          ))}
        </Group>
        {may('disclosures.approve') &&
          (obstacle === null ? (
            <Button onClick={approve}>Review and approve…</Button>
          ) : (
            <Text size="sm">{obstacle}</Text>
          ))}
      </Stack>
    </Alert>
  );
}

function Dialogs({
  request,
  dialog,
  close,
}: {
  readonly request: DisclosureDetail;
  readonly dialog: Dialog | null;
  readonly close: () => void;
}) {
  const client = useQueryClient();
  const { id, version, versions } = request;
  const payload = versions.at(-1)?.payload;
  const approve = async ({ digest, keyid, signature }: DeskSignature) => {
    await call('POST', `${requestPath(id)}/approvals`, disclosureDetail, { digest, keyid, signature });
    await client.invalidateQueries(DESK);
    return 'Your approval is recorded, and its entry is in the public ledger.';
  };
  return (
    <>
      {payload !== undefined && payload !== null && (
        <SignDialog
          title="Approve request"
          opened={dialog === 'approve'}
          close={close}
          kind="disclosure"
          payload={payload}
          describe={(text) => withName(describeDisclosure(text, { disclosure: id, version }), request.person?.name)}
          verb="Sign and approve request"
          submit={approve}
        />
      )}
      <NarrowDialog request={request} opened={dialog === 'narrow'} close={close} />
      <RefuseDialog request={request} opened={dialog === 'refuse'} close={close} />
      <ProduceDialog request={request} opened={dialog === 'produce'} close={close} />
    </>
  );
}

/** Adds the name of the account to the text, because the signed text contains only the account's identifier. */
function withName(described: Described<DisclosureText>, name = ''): Described<DisclosureText> {
  return { ...described, lines: [{ label: 'name of the account, by the server', value: name }, ...described.lines] };
}
