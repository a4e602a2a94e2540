import { Badge, Button, Group, Paper, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import type { z } from 'zod';
import type { DeviceView, evidenceView } from '../../../../shared/api/devices.ts';
import type { Explanation } from '../../../../shared/api/explanation.ts';
import type { UsedDatabase } from '../../../../shared/api/ip-databases.ts';
import { QueryResult } from '../../../../shared/look/states.tsx';
import { date, dateTime, duration } from '../../../../shared/look/time-words.ts';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { CERTAINTY_MEANING, CERTAINTY_NAMES, SOURCE_NAMES } from '../../../../shared/verdict/words.ts';
import { policiesQuery } from '../../client/policies-query.ts';
import { useServerNow } from '../../client/server-time.tsx';
import { useMay } from '../../client/session.tsx';
import { Section } from '../../parts/page.tsx';
import { AreaNames, Moment } from '../../parts/words.tsx';
import { choiceWords, claimantsText, disputedName, territoriesAmong } from '../../words/territories.ts';
import { evidenceQuery } from '../queries.ts';
import classes from './device.module.css';
import { EndStatement, StatementDialog } from './statement-dialog.tsx';

type Evidence = z.output<typeof evidenceView>;
type Source = Explanation['sources'][number];

interface Then {
  readonly then?: number | undefined;
}

export function LocationSection({ device }: { readonly device: DeviceView }) {
  const may = useMay();
  const [stating, { open, close }] = useDisclosure(false);
  const query = useQuery({ ...evidenceQuery(device.id), enabled: may('devices.evidence') });
  const change = may('devices.update') && device.status === 'active';
  return (
    <Section
      title="Location and evidence"
      actions={
        change && (
          <Button variant="default" size="xs" onClick={open}>
            Set location…
          </Button>
        )
      }
    >
      {device.statement && <Stated device={device} change={change} />}
      {may('devices.evidence') ? (
        <QueryResult query={query}>{(evidence) => <Now evidence={evidence} />}</QueryResult>
      ) : (
        <Text c="dimmed">Your role cannot see device locations. Ask an owner for access if you need it.</Text>
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
            An admin stated <Moment at={at} /> that {kind === 'home' ? 'its home area is' : 'the device is in'}{' '}
            <AreaNames areas={areas} />. The statement is valid until {dateTime(until)}.
          </Text>
          <Text size="sm" c="dimmed">
            Reason: <UserText>{reason}</UserText>
          </Text>
        </div>
        {change && (
          <Button variant="default" size="xs" onClick={open}>
            End statement…
          </Button>
        )}
      </Group>
      <EndStatement device={device} opened={ending} close={close} />
    </Paper>
  );
}

function Now({ evidence: { location, sources, observations } }: { readonly evidence: Evidence }) {
  const observedBy = ({ source }: Evidence['sources'][number]) => {
    const observed = observations.filter((one) => one.source === source);
    const located = observed.find(({ database }) => database !== null);
    return { detail: observed[0]?.detail ?? '', database: located?.database ?? null };
  };
  return (
    <>
      <LocationEvidence location={location} sources={sources.map((one) => ({ ...one, ...observedBy(one) }))} />
      <TerritoryNote areas={location.areas} />
    </>
  );
}

/** Country to which the territory policy assigns a disputed territory. An order can assign the territory to another country. */
function TerritoryNote({ areas }: { readonly areas: readonly string[] }) {
  const policies = useQuery(policiesQuery);
  const territories = territoriesAmong(areas);
  const inForce = policies.data?.policies.find(({ active }) => active);
  if (territories.length === 0 || !inForce) return null;
  return (
    <Text size="sm" mt="sm">
      {territories.map((feature) => (
        <span key={feature}>
          {disputedName(feature)} is claimed by {claimantsText(feature)}. In your territory policy it{' '}
          {choiceWords(inForce.features[feature]?.choice)}. Each order can decide differently.{' '}
        </span>
      ))}
    </Text>
  );
}

export function LocationEvidence({ location, sources, then }: Pick<Explanation, 'location' | 'sources'> & Then) {
  const { certainty, areas, source: decides, disagree } = location;
  return (
    <Stack gap="sm">
      <div>
        <Group gap="xs">
          <Text fw={600} size="lg">
            {areas.length === 0 ? 'Location unknown' : <AreaNames areas={areas} />}
          </Text>
          {areas.length > 0 && (
            <Badge color={certainty === 'certain' ? 'green' : 'yellow'}>{CERTAINTY_NAMES[certainty]}</Badge>
          )}
        </Group>
        <Text size="sm" c="dimmed">
          {CERTAINTY_MEANING[certainty]}
          {disagree.length > 0 && ' Some valid sources disagree.'}
        </Text>
      </div>
      {sources.length === 0 ? (
        <Text c="dimmed">
          No evidence of the location yet. The first connection of the device provides its IP address.
        </Text>
      ) : (
        <ul className={classes.list} aria-label="Evidence, with the decisive source first">
          {sources.map((one) => (
            <li key={one.source}>
              <SourceView
                source={one}
                then={then}
                part={part(one, decides, disagree)}
                onlySource={sources.filter(({ fresh }) => fresh).length < 2}
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
  old: { label: 'Expired', color: 'gray' },
} as const;

function SourceView({
  source: { source, areas, at, since, until, fresh, detail, database },
  then,
  part,
  onlySource,
}: Then & {
  readonly source: Source;
  readonly part: Part;
  /** True if the location depends on a single source of evidence. */
  readonly onlySource: boolean;
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
          <AreaNames areas={areas} />
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
              Unchanged since <Moment at={since} now={now} />, last seen <Moment at={at} now={now} />.
            </>
          ) : (
            <>
              {source === 'statement' ? 'Stated' : 'Observed'} <Moment at={at} now={now} />.
            </>
          )}{' '}
          {!fresh
            ? source === 'statement'
              ? 'The admin’s statement is no longer valid.'
              : 'The evidence has expired.'
            : until === null
              ? 'This evidence is valid while the device is connected.'
              : `This evidence is valid for another ${duration(until - now)}.`}
        </Text>
      </div>
      <Badge color={color} style={{ flex: 'none' }}>
        {part === 'decides' && onlySource ? 'Decides alone' : label}
      </Badge>
    </Group>
  );
}

export function LocatedBy({ database: { name, builtAt, hash } }: { readonly database: UsedDatabase }) {
  return (
    <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
      Located by <UserText>{name}</UserText>, built {date(builtAt)}, SHA-256 {hash.slice(0, 12)}…
    </Text>
  );
}
