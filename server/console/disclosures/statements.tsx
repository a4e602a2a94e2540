/** Transparency statements: the pending one with its signatures, and all earlier ones. */
import { Badge, Button, Group, NumberInput, Paper, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type StatementView, statementView } from '../../../shared/api/transparency.ts';
import { describeStatement } from '../../../shared/disclosure/describe.ts';
import { TRANSPARENCY_STATEMENT } from '../../../shared/disclosure/documents.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { SignDialog } from '../approver-key/sign-dialog.tsx';
import { call } from '../client/call.ts';
import { useMay, useSession } from '../client/session.tsx';
import { DESK, statementsQuery } from './queries.ts';
import { utcTime } from './utc-time.ts';

export function Statements() {
  const may = useMay();
  const query = useQuery(statementsQuery);
  // The dialog stays open after the last signature, when the statement is no longer pending.
  const [signing, setSigning] = useState<StatementView | null>(null);
  const [opened, { open, close }] = useDisclosure(false);
  const sign = (statement: StatementView) => {
    setSigning(statement);
    open();
  };
  return (
    <>
      <QueryResult query={query} lines={2}>
        {({ statements }) => {
          const pending = statements.filter(({ state }) => state === 'pending');
          const adopted = statements.filter(({ state }) => state === 'adopted');
          return (
            <Stack>
              {pending.map((statement) => (
                <Pending key={statement.digest} statement={statement} sign={() => sign(statement)} />
              ))}
              {may('transparency.propose') && <Propose first={adopted.length === 0} replaces={pending.length > 0} />}
              {adopted.length > 0 && (
                <div>
                  <Text size="sm" fw={600} mb={4}>
                    All signed statements
                  </Text>
                  <Stack component="ul" gap={4} p={0} m={0} style={{ listStyle: 'none' }}>
                    {adopted.map(({ digest, date, expires, signed }) => (
                      <Text key={digest} component="li" size="sm" c="dimmed">
                        {utcTime(date)} until {utcTime(expires)}, {signed} signatures
                      </Text>
                    ))}
                  </Stack>
                </div>
              )}
            </Stack>
          );
        }}
      </QueryResult>
      {signing && <SignStatement statement={signing} opened={opened} close={close} />}
    </>
  );
}

function Pending({ statement, sign }: { readonly statement: StatementView; readonly sign: () => void }) {
  const { text, date, expires, signed, needed, signatures } = statement;
  const may = useMay();
  const { person } = useSession().account;
  const own = signatures.some((signature) => signature.person === person);
  return (
    <Paper withBorder p="md">
      <Stack gap="xs">
        <Group gap="xs">
          <Badge color="yellow">Pending</Badge>
          <Text size="sm">
            {signed} of {needed} signatures
          </Text>
        </Group>
        <Text size="sm">
          “<UserText>{text}</UserText>”
        </Text>
        <Text size="sm" c="dimmed">
          Dated {utcTime(date)}, valid until {utcTime(expires)}
        </Text>
        {own && <Text size="sm">You signed this statement. Another person must sign it too.</Text>}
        {may('transparency.sign') && !own && (
          <div>
            <Button onClick={sign}>Review and sign…</Button>
          </div>
        )}
      </Stack>
    </Paper>
  );
}

function SignStatement({
  statement: { digest, payload },
  opened,
  close,
}: {
  readonly statement: StatementView;
  readonly opened: boolean;
  readonly close: () => void;
}) {
  const client = useQueryClient();
  return (
    <SignDialog
      title="Sign statement"
      opened={opened}
      close={close}
      kind="statement"
      payload={payload}
      describe={describeStatement}
      verb="Sign statement"
      submit={async ({ keyid, signature }) => {
        await call('POST', `/transparency/statements/${digest}/signatures`, statementView, { keyid, signature });
        await client.invalidateQueries(DESK);
        return 'Your signature is recorded.';
      }}
    />
  );
}

function Propose({ first, replaces }: { readonly first: boolean; readonly replaces: boolean }) {
  const client = useQueryClient();
  const [opened, { open, close }] = useDisclosure(false);
  const [days, setDays] = useState<number | null>(null);
  const verb = first ? 'Propose statement' : 'Renew statement';
  return (
    <div>
      <Button variant="default" onClick={open}>
        {verb}…
      </Button>
      <Confirm
        title={verb}
        opened={opened}
        close={close}
        verb={verb}
        act={async () => {
          await call('POST', '/transparency/statements', statementView, days === null ? {} : { days });
          await client.invalidateQueries(DESK);
        }}
      >
        <Stack>
          <Text size="sm">“{TRANSPARENCY_STATEMENT}”</Text>
          <Text size="sm">
            Two people of the role legal must sign the statement. Do not propose a statement that is not true: instead,
            let the current one expire.
          </Text>
          {replaces && <Text size="sm">The new statement replaces the pending one and its signatures.</Text>}
          <NumberInput
            label="Days of validity"
            description="Optional. Without a number, the configured interval applies."
            min={1}
            max={400}
            allowDecimal={false}
            value={days ?? ''}
            onChange={(value) => setDays(typeof value === 'number' ? value : null)}
          />
        </Stack>
      </Confirm>
    </div>
  );
}
