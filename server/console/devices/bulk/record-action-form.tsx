/** Form for an action on the records of one or many devices, with a preview by the server. */
import { Alert, Button, Group, List, Paper, Radio, Stack, TagsInput, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type DeviceActionImpact, deviceActionResult, RECORD_ACTIONS } from '../../../../shared/api/device-actions.ts';
import { LONGEST_LABEL, MOST_LABELS, normalizedLabel } from '../../../../shared/devices/labels.ts';
import { ApiError } from '../../../../shared/look/api-error.ts';
import { Failure, Loading } from '../../../../shared/look/states.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { devicesText } from '../../actions/action-words.ts';
import { call } from '../../client/call.ts';
import { useMay } from '../../client/session.tsx';
import { REVOCATION_WORDS } from '../../words/devices.ts';
import {
  RECORD_ACTION_MEANING,
  RECORD_ACTION_NAMES,
  type RecordActionKind,
  recordActionVerb,
} from '../../words/record-actions.ts';
import { type Selection, useActionPreview } from './action-preview.ts';
import { CountConfirmation, Proposed, SecondPerson } from './confirmation.tsx';
import { RefusedDevices } from './refused-devices.tsx';

const RIGHTS = {
  'mark-missing': 'devices.mark-missing',
  'mark-found': 'devices.mark-found',
  label: 'devices.label',
  revoke: 'devices.revoke-many',
  retire: 'devices.retire',
} as const;
const REASONS = ['keyCompromise', 'cessationOfOperation', 'privilegeWithdrawn', 'unspecified'] as const;
type Reason = (typeof REASONS)[number];

const normalized = (labels: readonly string[]): string[] => [
  ...new Set(labels.map(normalizedLabel).filter((label) => label !== '')),
];

/** `action`: null if the admin chooses it here. `labels`: present labels of the one device, which the admin edits as a whole. */
export function RecordActionForm({
  selection,
  action,
  labels,
  close,
  done,
}: {
  readonly selection: Selection;
  readonly action: RecordActionKind | null;
  readonly labels?: readonly string[];
  readonly close: () => void;
  readonly done: () => void;
}) {
  const may = useMay();
  const client = useQueryClient();
  const offered = RECORD_ACTIONS.filter((kind) => may(RIGHTS[kind]));
  const [kind, setKind] = useState<RecordActionKind>(action ?? offered[0] ?? 'mark-missing');
  const [add, setAdd] = useState<readonly string[]>(labels ?? []);
  const [taken, setTaken] = useState<readonly string[]>([]);
  const [reason, setReason] = useState<Reason | null>(null);
  const [confirmed, setConfirmed] = useState<number | null>(null);
  const remove = labels === undefined ? taken : labels.filter((label) => !add.includes(label));
  const change = { add: add.filter((label) => !labels?.includes(label)), remove: [...remove] };
  const changes = change.add.length + change.remove.length > 0;
  const ends = kind === 'retire' || kind === 'revoke';
  const body = { ...selection, ...(kind === 'label' && change) };
  const acting = useMutation({
    mutationFn: () =>
      call('POST', `/device-actions/${kind}`, deviceActionResult, {
        ...body,
        expect: affected,
        ...(kind === 'revoke' && { reason: reason ?? 'unspecified' }),
      }),
    onSuccess: () => {
      done();
      void client.invalidateQueries();
    },
    onError: (refused) => {
      if (!(refused instanceof ApiError) || refused.code !== 'conflict') return;
      setConfirmed(null);
      void preview.refetch();
    },
  });
  // After the action, a repeated preview would say that the devices are already changed.
  const previewed = !acting.isSuccess && (kind !== 'label' || changes);
  const preview = useActionPreview(previewed ? { ...body, action: kind } : null);
  const affected = preview.data?.affected ?? 0;
  const many = action === null;
  const ready =
    preview.data !== undefined &&
    !preview.isPlaceholderData &&
    affected > 0 &&
    (kind !== 'revoke' || reason !== null) &&
    (kind !== 'label' || changes) &&
    (!ends || !many || confirmed === affected);
  if (acting.error instanceof ApiError && acting.error.code === 'second_person_required') {
    return <Proposed noun="action" close={close} />;
  }
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) acting.mutate();
      }}
    >
      <Stack>
        {many ? (
          <Radio.Group
            label="Action"
            value={kind}
            onChange={(value) => {
              setKind(offered.find((one) => one === value) ?? kind);
              setConfirmed(null);
              acting.reset();
            }}
          >
            <Stack gap={6} mt={4}>
              {offered.map((one) => (
                <Radio
                  key={one}
                  value={one}
                  label={RECORD_ACTION_NAMES[one]}
                  description={one === kind ? RECORD_ACTION_MEANING[one] : null}
                />
              ))}
            </Stack>
          </Radio.Group>
        ) : (
          <Text size="sm">{RECORD_ACTION_MEANING[kind]}</Text>
        )}
        {kind === 'label' && (
          <LabelFields
            single={labels !== undefined}
            add={add}
            remove={taken}
            change={(next) => {
              setAdd(normalized(next.add));
              setTaken(normalized(next.remove));
            }}
          />
        )}
        {kind === 'revoke' && <ReasonField reason={reason} change={setReason} />}
        {preview.isError && <Failure error={preview.error} retry={() => void preview.refetch()} />}
        {preview.isLoading && <Loading lines={2} />}
        {preview.data && many && <Affected impact={preview.data} />}
        {preview.data && (many || affected === 0) && (
          <RefusedDevices refused={preview.data.refused} names={preview.data.names} />
        )}
        {ends && many && affected > 0 && (
          <CountConfirmation noun="action" total={affected} confirmed={confirmed} confirm={setConfirmed} />
        )}
        {ends && <SecondPerson noun="action" total={affected} />}
        {acting.error instanceof ApiError && acting.error.code === 'conflict' ? (
          <Alert color="yellow" title="The number of devices has changed" role="alert">
            <Text size="sm">The server changed nothing. Review the affected devices, then repeat the action.</Text>
          </Alert>
        ) : (
          acting.isError && <Failure error={acting.error} />
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" {...(ends && { color: 'red' })} disabled={!ready} loading={acting.isPending}>
            {recordActionVerb(kind, many ? devicesText(affected) : null)}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Affected({ impact: { affected, sample } }: { readonly impact: DeviceActionImpact }) {
  const shown = sample.slice(0, 5);
  return (
    <Paper withBorder p="sm" component="section" aria-label="Affected devices">
      <Text fw={600} aria-live="polite">
        {affected === 0 ? 'No affected devices' : `${devicesText(affected)} affected`}
      </Text>
      <List size="sm" listStyleType="none" spacing={2} aria-label="First devices">
        {shown.map(({ id, user, hostname }) => (
          <List.Item key={id}>
            <UserText>{user}</UserText>
            {hostname !== null && (
              <Text span size="sm" c="dimmed">
                {' · '}
                <UserText>{hostname}</UserText>
              </Text>
            )}
          </List.Item>
        ))}
        {affected > shown.length && (
          <List.Item>
            <Text size="sm" c="dimmed">
              and {(affected - shown.length).toLocaleString('en')} more
            </Text>
          </List.Item>
        )}
      </List>
    </Paper>
  );
}

interface Labels {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

function LabelFields({
  single,
  add,
  remove,
  change,
}: Labels & { readonly single: boolean; readonly change: (labels: Labels) => void }) {
  const shared = { maxTags: MOST_LABELS, maxLength: LONGEST_LABEL, splitChars: [','], acceptValueOnBlur: true };
  return (
    <Stack gap="sm">
      <TagsInput
        {...shared}
        label={single ? 'Labels' : 'Labels to add'}
        description={`Type a label and press Enter. A device has at most ${MOST_LABELS} labels.`}
        value={[...add]}
        onChange={(value) => change({ add: value, remove })}
      />
      {!single && (
        <TagsInput
          {...shared}
          label="Labels to remove"
          value={[...remove]}
          onChange={(value) => change({ add, remove: value })}
        />
      )}
    </Stack>
  );
}

function ReasonField({
  reason,
  change,
}: {
  readonly reason: Reason | null;
  readonly change: (reason: Reason | null) => void;
}) {
  return (
    <Radio.Group
      label="Reason"
      required
      value={reason}
      onChange={(value) => change(REASONS.find((one) => one === value) ?? null)}
    >
      <Stack gap={6} mt={4}>
        {REASONS.map((one) => (
          <Radio key={one} value={one} label={REVOCATION_WORDS[one]} />
        ))}
      </Stack>
    </Radio.Group>
  );
}
