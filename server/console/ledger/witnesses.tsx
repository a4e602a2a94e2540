import { Alert, Badge, Group, Paper, Stack, Text } from '@mantine/core';
import { IconEyeX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type WitnessList, witnessList } from '../../../shared/api/ledger.ts';
import { type Cosignature, validCosignatures } from '../../../shared/ledger/cosignature.ts';
import { QueryResult } from '../../../shared/look/states.tsx';
import { dateTime } from '../../../shared/look/time-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { topicQuery } from '../client/queries.ts';
import { Section } from '../parts/page.tsx';
import type { LedgerCheck } from './check-ledger.ts';

type Witness = WitnessList['witnesses'][number];

/** Witnesses of the ledger. This browser itself verifies their cosignatures on the checkpoint that it has checked. */
export function Witnesses({ check }: { readonly check: LedgerCheck }) {
  const query = useQuery(topicQuery(['ledger'], '/ledger/witnesses', witnessList));
  return (
    <Section title="Witnesses">
      <Text c="dimmed" maw={760}>
        Other organizations run the witnesses. With a cosignature, a witness states that the ledger only grew. A witness
        never cosigns a second version of a ledger that it has cosigned.
      </Text>
      <QueryResult query={query}>{(list) => <WitnessRows list={list} check={check} />}</QueryResult>
    </Section>
  );
}

function WitnessRows({ list, check }: { readonly list: WitnessList; readonly check: LedgerCheck }) {
  const { witnesses, policy, obstacle } = list;
  const missing = (policy?.keys ?? []).filter((key) => !witnesses.some((witness) => witness.key === key));
  const keys = [...witnesses.map(({ key }) => key), ...missing];
  const verified = useQuery({
    queryKey: ['ledger', 'cosignatures', check.note, keys],
    queryFn: () => validCosignatures(check.note, keys),
  });
  const valid = verified.data ?? [];
  return (
    <Stack gap="xs">
      {obstacle !== null && (
        <Alert color="red" icon={<IconEyeX aria-hidden />} title="The ledger is suspended" role="alert">
          <Text size="sm">
            <UserText>{obstacle}</UserText>. New ledger entries wait. The page “Overview” says how to fix this.
          </Text>
        </Alert>
      )}
      <Text size="sm">{ruleWords(list, valid)}</Text>
      {witnesses.map((witness) => (
        <WitnessRow
          key={witness.key}
          witness={witness}
          cosignature={valid.find(({ key }) => key === witness.key)}
          required={policy?.keys.includes(witness.key) ?? false}
        />
      ))}
      {missing.map((key) => (
        <Paper key={key} withBorder p="sm">
          <Group justify="space-between">
            <UserText>{key.slice(0, key.indexOf('+'))}</UserText>
            <Badge color="red">Not configured</Badge>
          </Group>
          <Text size="sm" c="dimmed">
            Devices require this witness, but the server sends it no checkpoints. Add the witness to CORDON_WITNESSES.
          </Text>
        </Paper>
      ))}
    </Stack>
  );
}

function ruleWords({ witnesses, policy }: WitnessList, valid: readonly Cosignature[]): string {
  if (!policy) {
    return witnesses.length === 0
      ? 'This server has no witness. Set CORDON_WITNESSES to add one.'
      : 'Devices require no cosignatures. To change that, propose an approver set with witnesses under “People & access”.';
  }
  const counted = valid.filter(({ key }) => policy.keys.includes(key)).length;
  const rule = `Devices require cosignatures of ${policy.threshold} of ${policy.keys.length} witnesses.`;
  return counted >= policy.threshold
    ? `${rule} This browser verified ${counted}.`
    : `${rule} This browser verified only ${counted}, so devices refuse this checkpoint.`;
}

function WitnessRow({
  witness: { name, url, cosigned, failure, late },
  cosignature,
  required,
}: {
  readonly witness: Witness;
  readonly cosignature: Cosignature | undefined;
  readonly required: boolean;
}) {
  const [color, state] = cosignature
    ? ['green', 'Cosigned']
    : late
      ? ['red', 'Late']
      : ['yellow', failure === null ? 'Pending' : 'Failing'];
  return (
    <Paper withBorder p="sm">
      <Group justify="space-between">
        <Group gap="xs">
          <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
            <UserText>{name}</UserText>
          </Text>
          {required && <Badge variant="default">In the approver set</Badge>}
        </Group>
        <Badge color={color}>{state}</Badge>
      </Group>
      <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
        {cosigned
          ? `Last cosigned ${cosigned.size.toLocaleString('en')} entries on ${dateTime(cosigned.at)}.`
          : 'No cosignature yet.'}{' '}
        {url}
      </Text>
      {failure !== null && (
        <Text size="sm">
          The last submission failed: <UserText>{failure}</UserText>.
        </Text>
      )}
    </Paper>
  );
}
