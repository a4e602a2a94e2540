/** Where the device is, or may be, and why we think so: every source with what it says, how old that is, and whether it still counts. */
import { Badge, Button, Group, Paper, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import type { z } from 'zod';
import type { DeviceView, evidenceView } from '../../../../shared/api/devices.ts';
import type { Explanation } from '../../../../shared/api/explanation.ts';
import type { UsedDatabase } from '../../../../shared/api/ip-databases.ts';
import { Given } from '../../../../shared/look/given.tsx';
import { Answer } from '../../../../shared/look/states.tsx';
import { date, dateTime, duration } from '../../../../shared/look/time-words.ts';
import { CERTAINTY_MEANING, CERTAINTY_NAMES, SOURCE_NAMES } from '../../../../shared/verdict/words.ts';
import { policiesQuery } from '../../client/policies-query.ts';
import { useServerNow } from '../../client/server-time.tsx';
import { useMay } from '../../client/session.tsx';
import { Section } from '../../parts/page.tsx';
import { Moment, Places } from '../../parts/words.tsx';
import { choiceWords, claimantsWords, disputedName, groundAmong } from '../../words/ground.ts';
import { evidenceQuestion } from '../queries.ts';
import classes from './device.module.css';
import { EndStatement, StatementDialog } from './statement-dialog.tsx';

type Evidence = z.output<typeof evidenceView>;
type Source = Explanation['sources'][number];

interface Then {
  readonly then?: number | undefined;
}

export function PlaceSection({ device }: { readonly device: DeviceView }) {
  const may = useMay();
  const [stating, { open, close }] = useDisclosure(false);
  const query = useQuery({ ...evidenceQuestion(device.id), enabled: may('devices.evidence') });
  const change = may('devices.update') && device.status === 'active';
  return (
    <Section
      title="Where it is, and why we think so"
      actions={
        change && (
          <Button variant="default" size="xs" onClick={open}>
            State where it is…
          </Button>
        )
      }
    >
      {device.statement && <Stated device={device} change={change} />}
      {may('devices.evidence') ? (
        <Answer query={query}>{(evidence) => <Now evidence={evidence} />}</Answer>
      ) : (
        <Text c="dimmed">Your role does not show where devices are.</Text>
      )}
      {change && <StatementDialog device={device} opened={stating} close={close} />}
    </Section>
  );
}

function Stated({ device, change }: { readonly device: DeviceView; readonly change: boolean }) {
  const [ending, { open, close }] = useDisclosure(false);
  if (!device.statement) return null;
  const { kind, areas, reason, at, until } = device.statement;
  return (
    <Paper withBorder p="sm">
      <Group justify="space-between" gap="xs" align="flex-start">
        <div>
          <Text size="sm">
            An admin has stated <Moment at={at} /> that {kind === 'home' ? 'its home is' : 'it is in'}{' '}
            <Places areas={areas} />. This holds until {dateTime(until)}.
          </Text>
          <Text size="sm" c="dimmed">
            Reason: <Given>{reason}</Given>
          </Text>
        </div>
        {change && (
          <Button variant="default" size="xs" onClick={open}>
            End the statement…
          </Button>
        )}
      </Group>
      <EndStatement device={device} opened={ending} close={close} />
    </Paper>
  );
}

function Now({ evidence: { location, sources, observations } }: { readonly evidence: Evidence }) {
  const saidBy = ({ source }: Evidence['sources'][number]) => {
    const said = observations.filter((one) => one.source === source);
    const located = said.find(({ database }) => database !== null);
    return { detail: said[0]?.detail ?? '', database: located?.database ?? null };
  };
  return (
    <>
      <Whereabouts location={location} sources={sources.map((one) => ({ ...one, ...saidBy(one) }))} />
      <OnDisputedGround areas={location.areas} />
    </>
  );
}

/** Whose it is no place says: an order that says nothing begins with the policy's word, and each that is signed has its own. */
function OnDisputedGround({ areas }: { readonly areas: readonly string[] }) {
  const policies = useQuery(policiesQuery);
  const ground = groundAmong(areas);
  const inForce = policies.data?.policies.find(({ active }) => active);
  if (ground.length === 0 || !inForce) return null;
  return (
    <Text size="sm" mt="sm">
      {ground.map((feature) => (
        <span key={feature}>
          {disputedName(feature)} is claimed by {claimantsWords(feature)}. By your policy it{' '}
          {choiceWords(inForce.features[feature]?.choice)}; each order says for itself.{' '}
        </span>
      ))}
    </Text>
  );
}

/** `then`: the past instant that it is about; left out: now. */
export function Whereabouts({ location, sources, then }: Pick<Explanation, 'location' | 'sources'> & Then) {
  const { certainty, areas, source: decides, disagree } = location;
  return (
    <Stack gap="sm">
      <div>
        <Group gap="xs">
          <Text fw={600} size="lg">
            {areas.length === 0 ? 'Place not known' : <Places areas={areas} />}
          </Text>
          {areas.length > 0 && (
            <Badge color={certainty === 'certain' ? 'green' : 'yellow'}>{CERTAINTY_NAMES[certainty]}</Badge>
          )}
        </Group>
        <Text size="sm" c="dimmed">
          {CERTAINTY_MEANING[certainty]}
          {disagree.length > 0 && ' Not all that counts agrees.'}
        </Text>
      </div>
      {sources.length === 0 ? (
        <Text c="dimmed">Nothing has been observed yet. The first connection tells the Internet address.</Text>
      ) : (
        <ul className={classes.list} aria-label="Evidence, what decides first">
          {sources.map((one) => (
            <li key={one.source}>
              <SourceView
                source={one}
                then={then}
                part={part(one, decides, disagree)}
                alone={sources.filter(({ fresh }) => fresh).length < 2}
              />
            </li>
          ))}
        </ul>
      )}
    </Stack>
  );
}

type Part = 'decides' | 'agrees' | 'disagrees' | 'old';

function part({ source, fresh }: Source, decides: string | null, disagree: readonly string[]): Part {
  if (!fresh) return 'old';
  if (source === decides) return 'decides';
  return disagree.includes(source) ? 'disagrees' : 'agrees';
}

const PARTS = {
  decides: { label: 'Decides', color: 'cordon' },
  agrees: { label: 'Agrees', color: 'green' },
  disagrees: { label: 'Disagrees', color: 'red' },
  old: { label: 'No longer counts', color: 'gray' },
} as const;

function SourceView({
  source: { source, areas, at, since, until, fresh, detail, database },
  then,
  part,
  alone,
}: Then & {
  readonly source: Source;
  readonly part: Part;
  /** Nothing else counts. */
  readonly alone: boolean;
}) {
  const today = useServerNow(10_000);
  const now = then ?? today;
  const { label, color } = PARTS[part];
  return (
    <Group justify="space-between" align="flex-start" gap="xs" wrap="nowrap">
      <div>
        <Text size="sm" fw={600}>
          {SOURCE_NAMES[source]}
        </Text>
        <Text size="sm">
          <Places areas={areas} />
          {source === 'address' && /^[\d.:a-f]+$/i.test(detail) && (
            <Text span c="dimmed">
              {' · '}
              {detail}
            </Text>
          )}
        </Text>
        {database !== null && <LocatedBy database={database} />}
        <Text size="xs" c="dimmed">
          {source !== 'statement' && at - since > 60_000 ? (
            <>
              The same since <Moment at={since} now={now} />, last <Moment at={at} now={now} />.
            </>
          ) : (
            <>
              {source === 'statement' ? 'Stated' : 'Observed'} <Moment at={at} now={now} />.
            </>
          )}{' '}
          {!fresh
            ? source === 'statement'
              ? 'It has ended.'
              : 'Too old to count.'
            : until === null
              ? 'Counts as long as the device is connected.'
              : `Counts for another ${duration(until - now)}.`}
        </Text>
      </div>
      <Badge color={color} style={{ flex: 'none' }}>
        {part === 'decides' && alone ? 'Decides alone' : label}
      </Badge>
    </Group>
  );
}

/** Whose word it is that the address is there. */
export function LocatedBy({ database: { name, builtAt, hash } }: { readonly database: UsedDatabase }) {
  return (
    <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
      Located by <Given>{name}</Given>, built {date(builtAt)}, SHA-256 {hash.slice(0, 12)}…
    </Text>
  );
}
