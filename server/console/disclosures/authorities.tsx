/** Registry of authorities. Two people verify the key of each with the authority itself, by a channel that Cordon does not provide. */
import { Badge, Button, Code, Group, Paper, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { AuthorityView } from '../../../shared/api/disclosures.ts';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { useMay, useSession } from '../client/session.tsx';
import { AddAuthorityDialog, ConfirmAuthorityDialog, RevokeAuthorityDialog } from './authority-dialogs.tsx';
import { AUTHORITY_STATES } from './disclosure-words.ts';
import { authoritiesQuery } from './queries.ts';
import { utcTime } from './utc-time.ts';

export function Authorities() {
  const may = useMay();
  const query = useQuery(authoritiesQuery);
  const [adding, setAdding] = useState(false);
  const add = may('authorities.add') && <Button onClick={() => setAdding(true)}>Add authority…</Button>;
  return (
    <Stack>
      <Text c="dimmed" maw={760}>
        The desk seals records only to a verified key. Two people compare the key with the authority, for example by
        calling a publicly listed number.
      </Text>
      {add && <div>{add}</div>}
      <QueryResult query={query}>
        {({ authorities }) =>
          authorities.length === 0 ? (
            <Empty title="No authorities">
              Add the authority with its age key. A second person of the role legal then compares the fingerprint and
              verifies the key. Only then can a request name the authority.
            </Empty>
          ) : (
            <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: 'none' }}>
              {authorities.map((authority) => (
                <Paper key={authority.id} component="li" withBorder p="md">
                  <Authority authority={authority} />
                </Paper>
              ))}
            </Stack>
          )
        }
      </QueryResult>
      <AddAuthorityDialog opened={adding} close={() => setAdding(false)} />
    </Stack>
  );
}

function Authority({ authority }: { readonly authority: AuthorityView }) {
  const { id, name, recipient, fingerprint, state, added, confirmed, revoked } = authority;
  const may = useMay();
  const { person } = useSession().account;
  const [dialog, setDialog] = useState<'confirm' | 'revoke' | null>(null);
  const close = () => setDialog(null);
  const own = added.person === person;
  return (
    <Stack gap="xs" style={{ overflowWrap: 'anywhere' }}>
      <Group justify="space-between" align="flex-start" gap="xs">
        <Text fw={600} miw={0}>
          <UserText>{name}</UserText>
        </Text>
        <Badge color={AUTHORITY_STATES[state].color}>{AUTHORITY_STATES[state].label}</Badge>
      </Group>
      <Text size="sm">
        Key: <Code>{recipient}</Code>
      </Text>
      <Text size="sm">
        Fingerprint (SHA-256): <Code>{fingerprint}</Code>
      </Text>
      <Step verb="Added" {...added} text={added.verifiedBy} />
      {confirmed && <Step verb="Verified" {...confirmed} text={confirmed.verifiedBy} />}
      {revoked && <Step verb="Revoked" {...revoked} text={revoked.reason} />}
      {state === 'unconfirmed' && own && may('authorities.confirm') && (
        <Text size="sm" c="dimmed">
          You added this key. Ask another person of the role legal to verify it.
        </Text>
      )}
      <Group gap="xs">
        {state === 'unconfirmed' && !own && may('authorities.confirm') && (
          <Button size="xs" aria-label={`Verify key of ${name}`} onClick={() => setDialog('confirm')}>
            Verify key…
          </Button>
        )}
        {state !== 'revoked' && may('authorities.revoke') && (
          <Button size="xs" variant="default" aria-label={`Revoke key of ${name}`} onClick={() => setDialog('revoke')}>
            Revoke key…
          </Button>
        )}
      </Group>
      <ConfirmAuthorityDialog id={id} name={name} opened={dialog === 'confirm'} close={close} />
      <RevokeAuthorityDialog id={id} name={name} opened={dialog === 'revoke'} close={close} />
    </Stack>
  );
}

function Step({
  verb,
  name,
  at,
  text,
}: {
  readonly verb: string;
  readonly name: string;
  readonly at: number;
  readonly text: string;
}) {
  return (
    <Text size="sm" c="dimmed">
      {verb} by <UserText>{name}</UserText>, {utcTime(at)}: <UserText>{text}</UserText>
    </Text>
  );
}
