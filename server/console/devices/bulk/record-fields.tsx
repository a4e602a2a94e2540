/** Fields of the actions on the records of devices. */
import { NativeSelect, Radio, Select, Stack, TagsInput, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { LONGEST_LABEL, MOST_LABELS, normalizedLabel } from '../../../../shared/devices/labels.ts';
import { groupsQuery } from '../../client/queries.ts';
import { useServerNow } from '../../client/server-time.tsx';
import { HoldFields } from '../../holds/hold-fields.tsx';
import { AreaSelect } from '../../parts/area-select.tsx';
import { staticGroups } from '../../parts/group-choices.ts';
import { REVOCATION_WORDS } from '../../words/devices.ts';
import type { RecordActionKind } from '../../words/record-actions.ts';
import { type Problems, problemsOf, type StatementForm } from '../device/statement.ts';
import { StatementFields } from '../device/statement-fields.tsx';
import { LostModeFields } from '../lost-mode-fields.tsx';
import { type AreaDraft, REVOCATION_REASONS, type RecordDraft } from './record-draft.ts';

interface FieldsProps {
  readonly draft: RecordDraft;
  readonly change: (next: Partial<RecordDraft>) => void;
}

/** `single`: the form concerns one device, whose labels the admin edits as a whole. */
export function RecordFields({
  kind,
  single,
  ...fields
}: FieldsProps & { readonly kind: RecordActionKind; readonly single: boolean }) {
  switch (kind) {
    case 'label':
      return <LabelFields {...fields} single={single} />;
    case 'revoke':
      return <ReasonField {...fields} />;
    case 'place':
      return <PlacementFields {...fields} />;
    case 'add-to-group':
    case 'remove-from-group':
      return (
        <GroupSelect
          label="Group"
          placeholder="Choose a group"
          required
          value={fields.draft.group}
          change={(group) => fields.change({ group })}
        />
      );
    case 'place-hold':
      return <HoldFields draft={fields.draft.hold} change={(hold) => fields.change({ hold })} />;
    case 'start-lost-mode':
      return <LostModeFields draft={fields.draft.lost} change={(lost) => fields.change({ lost })} />;
    default:
      return null;
  }
}

const normalized = (labels: readonly string[]): string[] => [
  ...new Set(labels.map(normalizedLabel).filter((label) => label !== '')),
];

function LabelFields({ draft: { add, remove }, change, single }: FieldsProps & { readonly single: boolean }) {
  const shared = { maxTags: MOST_LABELS, maxLength: LONGEST_LABEL, splitChars: [','], acceptValueOnBlur: true };
  return (
    <Stack gap="sm">
      <TagsInput
        {...shared}
        label={single ? 'Labels' : 'Labels to add'}
        description={`Type a label and press Enter. A device has at most ${MOST_LABELS} labels.`}
        value={[...add]}
        onChange={(value) => change({ add: normalized(value) })}
      />
      {!single && (
        <TagsInput
          {...shared}
          label="Labels to remove"
          value={[...remove]}
          onChange={(value) => change({ remove: normalized(value) })}
        />
      )}
    </Stack>
  );
}

function ReasonField({ draft: { reason }, change }: FieldsProps) {
  return (
    <Radio.Group
      label="Reason"
      required
      value={reason}
      onChange={(value) => change({ reason: REVOCATION_REASONS.find((one) => one === value) ?? null })}
    >
      <Stack gap={6} mt={4}>
        {REVOCATION_REASONS.map((one) => (
          <Radio key={one} value={one} label={REVOCATION_WORDS[one]} />
        ))}
      </Stack>
    </Radio.Group>
  );
}

function GroupSelect({
  change,
  ...props
}: {
  readonly label: string;
  readonly required?: boolean;
  readonly placeholder?: string;
  readonly value: string | null;
  readonly change: (group: string | null) => void;
}) {
  const groups = useQuery(groupsQuery).data?.groups ?? [];
  return (
    <Select
      {...props}
      data={staticGroups(groups).map(({ id, name }) => ({ value: id, label: name }))}
      searchable
      clearable={!props.required}
      clearButtonProps={{ 'aria-label': 'Keep the group' }}
      limit={100}
      nothingFoundMessage="No group found"
      onChange={change}
    />
  );
}

const STATED = [
  { value: 'keep', label: 'Keep' },
  { value: 'state', label: 'State a location' },
  { value: 'end', label: 'End the statements' },
] as const;

/** Problems of the fields that the admin has filled in. The button stays disabled while another field is empty. */
function shownProblems(form: StatementForm, now: number): Problems {
  const { areas, until } = problemsOf(form, now);
  return {
    ...(areas !== undefined && form.areas.length > 0 && { areas }),
    ...(until !== undefined && form.until !== '' && { until }),
  };
}

function PlacementFields({ draft, change }: FieldsProps) {
  const now = useServerNow(10_000);
  const { primary, home, seat, stated, statement, statedAt } = draft;
  return (
    <Stack gap="sm">
      <GroupSelect
        label="Primary group"
        placeholder="Keep the group of each device"
        value={primary}
        change={(group) => change({ primary: group })}
      />
      <AreaChoice label="Home area" value={home} change={(next) => change({ home: next })} />
      <AreaChoice label="Legal seat" value={seat} change={(next) => change({ seat: next })} />
      <NativeSelect
        label="Location statement"
        data={[...STATED]}
        value={stated}
        onChange={({ currentTarget: { value } }) =>
          change({ stated: STATED.find((one) => one.value === value)?.value ?? 'keep', statedAt: now })
        }
      />
      {stated === 'state' && (
        <>
          <Text size="sm">
            Your statement overrides all observed evidence of these devices until the statement ends. Orders use the
            statement at once.
          </Text>
          <StatementFields
            form={statement}
            problems={shownProblems(statement, statedAt)}
            set={(next) => change({ statement: { ...statement, ...next }, statedAt: now })}
          />
        </>
      )}
    </Stack>
  );
}

const USES = [
  { value: 'keep', label: 'Keep' },
  { value: 'area', label: 'Choose an area' },
  { value: 'group', label: 'Use the area of the group' },
] as const;

function AreaChoice({
  label,
  value,
  change,
}: {
  readonly label: string;
  readonly value: AreaDraft;
  readonly change: (next: AreaDraft) => void;
}) {
  return (
    <>
      <NativeSelect
        label={label}
        data={[...USES]}
        value={value.use}
        onChange={({ currentTarget }) =>
          change({ ...value, use: USES.find((one) => one.value === currentTarget.value)?.value ?? 'keep' })
        }
      />
      {value.use === 'area' && (
        <AreaSelect
          aria-label={`${label}: area`}
          placeholder="Country or part of a country"
          value={value.area}
          onChange={(area) => change({ ...value, area })}
        />
      )}
    </>
  );
}
