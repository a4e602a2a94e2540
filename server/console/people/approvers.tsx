/** Current and proposed approver set. A new approver set needs signatures of the current approvers, which devices verify. */
import { Badge, Button, Code, Group, Paper, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ApproversView } from '../../../shared/api/approvers.ts';
import { listed } from '../../../shared/areas/area-words.ts';
import { Empty, Failure, Loading, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { attestationWords } from '../../../shared/order/attestation.ts';
import { approverSetsOf } from '../approver-key/approver-set.ts';
import { OwnKeyPanel } from '../approver-key/own-key-panel.tsx';
import { useOwnKey } from '../approver-key/use-own-key.ts';
import { approverKeysQuery, approversQuery } from '../client/queries.ts';
import { useMay, useSession } from '../client/session.tsx';
import { PageLink } from '../parts/links.tsx';
import { Section } from '../parts/page.tsx';
import { ProposeApproverSetDialog } from './propose-approver-set-dialog.tsx';
import { SignApproverSetDialog } from './sign-approver-set-dialog.tsx';

export function Approvers() {
  const approvers = useQuery(approversQuery);
  return <QueryResult query={approvers}>{(data) => <ApproverSets approvers={data} />}</QueryResult>;
}

function ApproverSets({ approvers }: { readonly approvers: ApproversView }) {
  const may = useMay();
  const { person } = useSession().account;
  const own = useOwnKey();
  const keys = useQuery({ ...approverKeysQuery, enabled: may('approver-keys.list') }).data?.keys ?? [];
  const [dialog, setDialog] = useState<'propose' | 'sign' | null>(null);
  const { current, waiting } = approverSetsOf(approvers);
  const nameOf = (id: string) => keys.find((key) => key.person === id)?.name ?? (id === person ? 'You' : id);
  const approves = may('approver-keys.register');
  const signed = new Set(approvers.pending?.signatures.map(({ keyid }) => keyid));
  const mine = own.data?.signers ?? [];
  const signers = mine.filter(
    ({ key: { keyid } }) =>
      !signed.has(keyid) &&
      [current, waiting].some((approverSet) => approverSet?.approvers.some((each) => each.keyid === keyid)),
  );

  return (
    <Stack gap="xl">
      {approves &&
        // A failed refresh must not remove the panel, because the panel shows the result of a registration.
        (own.data ? <OwnKeyPanel own={own.data} /> : own.error ? <Failure error={own.error} /> : <Loading lines={2} />)}

      {waiting && (
        <ProposedSet
          waiting={waiting}
          hasCurrent={current !== null}
          signed={signed}
          mine={mine.map(({ key }) => key.keyid)}
          nameOf={nameOf}
          sign={may('approvers.sign') && signers.length > 0 ? () => setDialog('sign') : null}
        />
      )}

      <Section
        title="Current approver set"
        actions={
          may('approvers.propose') && (
            <Button variant="default" size="xs" onClick={() => setDialog('propose')}>
              {current ? 'Propose approver set' : 'Propose first approver set'}
            </Button>
          )
        }
      >
        <CurrentSet current={current} nameOf={nameOf} />
        {approvers.uncoveredOrders.length > 0 && <UncoveredOrders orders={approvers.uncoveredOrders} />}
      </Section>

      {keys.length > 0 && (
        <Section title="Registered keys">
          <People
            people={keys.map(({ name, keyid, verified, rpId }) => ({
              name,
              keyid,
              verified,
              note: listed(
                [
                  rpId === null ? null : 'passkey',
                  current?.approvers.some((each) => each.keyid === keyid) ? 'in current set' : null,
                  waiting?.approvers.some((each) => each.keyid === keyid) ? 'in proposed set' : null,
                ].filter((part) => part !== null),
              ),
            }))}
          />
        </Section>
      )}
      <ProposeApproverSetDialog
        opened={dialog === 'propose'}
        close={() => setDialog(null)}
        keys={keys}
        current={current}
      />
      {approvers.pending && signers.length > 0 && (
        <SignApproverSetDialog
          opened={dialog === 'sign'}
          close={() => setDialog(null)}
          approverSet={approvers.pending}
          current={approvers.current}
          signers={signers}
          nameOf={nameOf}
        />
      )}
    </Stack>
  );
}

type NameOf = (person: string) => string;
type SetOfApprovers = NonNullable<ReturnType<typeof approverSetsOf>['current']>;

const peopleIn = (set: SetOfApprovers, nameOf: NameOf, note: (keyid: string) => string | null): Listed[] =>
  set.approvers.map(({ person, keyid, attestation, rpId }) => ({
    name: nameOf(person),
    keyid,
    verified: attestation === 'verified',
    note: listed([rpId === undefined ? null : 'passkey', note(keyid)].filter((part) => part !== null)),
  }));

function ProposedSet({
  waiting,
  hasCurrent,
  signed,
  mine,
  nameOf,
  sign,
}: {
  readonly waiting: SetOfApprovers;
  readonly hasCurrent: boolean;
  /** Identifiers of the keys that have signed the proposed approver set. */
  readonly signed: ReadonlySet<string>;
  /** Identifiers of the admin's own keys. */
  readonly mine: readonly string[];
  readonly nameOf: NameOf;
  /** Opens the dialog for signing; null if this admin cannot sign. */
  readonly sign: (() => void) | null;
}) {
  return (
    <Section title={`Proposed approver set ${waiting.version}`}>
      <Paper withBorder p="md">
        <Stack>
          <People people={peopleIn(waiting, nameOf, (keyid) => (signed.has(keyid) ? 'signed' : null))} />
          <Text size="sm">{attestationWords(waiting)}</Text>
          <Text size="sm" c="dimmed">
            An order will need {waiting.threshold} of these approvers.{' '}
            {hasCurrent
              ? 'The approver set takes effect when enough current and new approvers have signed.'
              : 'The approver set takes effect when enough approvers have signed.'}
          </Text>
          {sign && (
            <div>
              <Button onClick={sign}>Review and sign</Button>
            </div>
          )}
          {mine.some((keyid) => signed.has(keyid)) && <Text size="sm">You signed this approver set.</Text>}
        </Stack>
      </Paper>
    </Section>
  );
}

function CurrentSet({ current, nameOf }: { readonly current: SetOfApprovers | null; readonly nameOf: NameOf }) {
  if (current === null) {
    return (
      <Empty title="No approver set">
        At least two people must each create a key, in the browser or on the command line. Then propose the approver set
        here. Orders need approvers, and the approvers must first sign the approver set.
      </Empty>
    );
  }
  return (
    <Paper withBorder p="md">
      <Stack>
        <People people={peopleIn(current, nameOf, () => null)} />
        <Text size="sm">{attestationWords(current)}</Text>
        <Text size="sm" c="dimmed">
          Approver set {current.version}. An order needs {current.threshold} of these approvers, not counting its
          proposer.
        </Text>
      </Stack>
    </Paper>
  );
}

function UncoveredOrders({ orders }: { readonly orders: readonly string[] }) {
  return (
    <Text size="sm">
      <Badge color="yellow">Approval needed</Badge> Approvers of{' '}
      {orders.map((order, index) => (
        <span key={order}>
          {index > 0 && ', '}

          <PageLink to="/orders/$number" params={{ number: order }}>
            {order}
          </PageLink>
        </span>
      ))}{' '}
      left the approver set. New devices reject {orders.length === 1 ? 'this order' : 'these orders'} until a current
      approver approves again.
    </Text>
  );
}

interface Listed {
  readonly name: string;
  readonly keyid: string;
  /** True if the signed approver set or the server says that the approver's e-mail address is verified. */
  readonly verified: boolean;
  readonly note: string | null;
}

function People({ people }: { readonly people: readonly Listed[] }) {
  return (
    <Stack component="ul" gap={6} p={0} m={0} style={{ listStyle: 'none' }}>
      {people.map(({ name, keyid, verified, note }) => (
        <Group key={keyid} component="li" gap="xs">
          <Text fw={500}>
            <UserText>{name}</UserText>
          </Text>
          <Code title={keyid}>{keyid.slice(0, 16)}…</Code>
          <Badge color={verified ? 'green' : 'gray'}>{verified ? 'Verified address' : 'Self-attested'}</Badge>
          {note && <Badge color="green">{note}</Badge>}
        </Group>
      ))}
    </Stack>
  );
}
