/**
 * The root of approvers: whose approval an order needs. Devices follow it by its signatures alone, so it changes only when enough of those who
 * are in office sign the next one, each with a key of their own.
 */
import { Badge, Button, Code, Group, Paper, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ApproversView } from '../../../shared/api/approvers.ts';
import { listed } from '../../../shared/areas/area-words.ts';
import { Given } from '../../../shared/look/given.tsx';
import { Answer, Empty, Failure, Loading } from '../../../shared/look/states.tsx';
import { attestationWords } from '../../../shared/order/attestation.ts';
import { OwnKeyPanel } from '../approver-key/own-key-panel.tsx';
import { rootsOf } from '../approver-key/root-of-approvers.ts';
import { useOwnKey } from '../approver-key/use-own-key.ts';
import { approverKeysQuery, approversQuery } from '../client/queries.ts';
import { useMay, useSession } from '../client/session.tsx';
import { PageLink } from '../parts/links.tsx';
import { Section } from '../parts/page.tsx';
import { ProposeRootDialog } from './propose-root-dialog.tsx';
import { SignRootDialog } from './sign-root-dialog.tsx';

export function Approvers() {
  const approvers = useQuery(approversQuery);
  return <Answer query={approvers}>{(data) => <Roots approvers={data} />}</Answer>;
}

function Roots({ approvers }: { readonly approvers: ApproversView }) {
  const may = useMay();
  const { person } = useSession().account;
  const own = useOwnKey();
  const keys = useQuery({ ...approverKeysQuery, enabled: may('approver-keys.list') }).data?.keys ?? [];
  const [dialog, setDialog] = useState<'propose' | 'sign' | null>(null);
  const { current, waiting } = rootsOf(approvers);
  const named = (id: string) => keys.find((key) => key.person === id)?.name ?? (id === person ? 'You' : id);
  const approves = may('approver-keys.register');
  const signed = new Set(approvers.waiting?.signatures.map(({ keyid }) => keyid));
  const mine = own.data?.key?.keyid;
  const canSign =
    mine !== undefined &&
    !signed.has(mine) &&
    [current, waiting].some((root) => root?.approvers.some(({ keyid }) => keyid === mine));

  return (
    <Stack gap="xl">
      {approves &&
        (own.error ? <Failure error={own.error} /> : own.data ? <OwnKeyPanel own={own.data} /> : <Loading lines={2} />)}

      {waiting && approvers.waiting && (
        <Section title={`The next list of approvers waits, version ${waiting.version}`}>
          <Paper withBorder p="md">
            <Stack>
              <People
                people={waiting.approvers.map(({ person: id, keyid }) => ({
                  name: named(id),
                  keyid,
                  note: signed.has(keyid) ? 'has signed' : null,
                }))}
              />
              <Text size="sm">{attestationWords(waiting)}</Text>
              <Text size="sm" c="dimmed">
                {waiting.threshold} of them will be needed for an order.{' '}
                {current
                  ? 'It takes effect when enough of those in office, and enough of the new ones, have signed it.'
                  : 'It takes effect when enough of them have signed it.'}
              </Text>
              {may('approvers.sign') && canSign && (
                <div>
                  <Button onClick={() => setDialog('sign')}>Read and sign</Button>
                </div>
              )}
              {mine !== undefined && signed.has(mine) && <Text size="sm">You have signed it.</Text>}
            </Stack>
          </Paper>
        </Section>
      )}

      <Section
        title="Approvers in office"
        actions={
          may('approvers.propose') && (
            <Button variant="default" size="xs" onClick={() => setDialog('propose')}>
              {current ? 'Propose another list' : 'Propose the first list'}
            </Button>
          )
        }
      >
        {current === null ? (
          <Empty title="Nobody yet">
            Two people or more make a key each, in their own browser or with the command line. Then the list of their
            keys is proposed here and signed by them. Devices can join after that.
          </Empty>
        ) : (
          <Paper withBorder p="md">
            <Stack>
              <People
                people={current.approvers.map(({ person: id, keyid }) => ({ name: named(id), keyid, note: null }))}
              />
              <Text size="sm">{attestationWords(current)}</Text>
              <Text size="sm" c="dimmed">
                An order needs {current.threshold} of them, none of them its proposer. Version {current.version} of the
                list.
              </Text>
            </Stack>
          </Paper>
        )}
        {approvers.uncovered.length > 0 && (
          <Text size="sm">
            <Badge color="yellow">Approve again</Badge> Approvers of{' '}
            {approvers.uncovered.map((order, index) => (
              <span key={order}>
                {index > 0 && ', '}
                <PageLink to="/orders/$number" params={{ number: order }}>
                  {order}
                </PageLink>
              </span>
            ))}{' '}
            have left the list: devices that join from now on do not believe{' '}
            {approvers.uncovered.length === 1 ? 'it' : 'them'} until somebody in office approves once more.
          </Text>
        )}
      </Section>

      {keys.length > 0 && (
        <Section title="Keys that the server knows">
          <People
            people={keys.map(({ name, keyid }) => ({
              name,
              keyid,
              note: listed(
                [
                  current?.approvers.some((each) => each.keyid === keyid) ? 'in office' : null,
                  waiting?.approvers.some((each) => each.keyid === keyid) ? 'on the next list' : null,
                ].filter((word) => word !== null),
              ),
            }))}
          />
        </Section>
      )}
      <ProposeRootDialog opened={dialog === 'propose'} close={() => setDialog(null)} keys={keys} current={current} />
      {approvers.waiting && own.data?.key && (
        <SignRootDialog
          opened={dialog === 'sign'}
          close={() => setDialog(null)}
          root={approvers.waiting}
          current={approvers.current}
          signKey={own.data.key}
          named={named}
        />
      )}
    </Stack>
  );
}

interface Listed {
  readonly name: string;
  readonly keyid: string;
  readonly note: string | null;
}

function People({ people }: { readonly people: readonly Listed[] }) {
  return (
    <Stack component="ul" gap={6} p={0} m={0} style={{ listStyle: 'none' }}>
      {people.map(({ name, keyid, note }) => (
        <Group key={keyid} component="li" gap="xs">
          <Text fw={500}>
            <Given>{name}</Given>
          </Text>
          <Code title={keyid}>{keyid.slice(0, 16)}…</Code>
          {note && <Badge color="green">{note}</Badge>}
        </Group>
      ))}
    </Stack>
  );
}
