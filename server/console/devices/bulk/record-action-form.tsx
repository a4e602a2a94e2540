/** Form for an action on the records of one or many devices, with a preview by the server. */
import { Alert, Button, Group, List, Paper, Radio, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import {
  type DeviceActionImpact,
  deviceActionResult,
  MOST_LOST_TOGETHER,
  RECORD_ACTIONS,
} from '../../../../shared/api/device-actions.ts';
import { ApiError } from '../../../../shared/look/api-error.ts';
import { Failure, Loading } from '../../../../shared/look/states.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { devicesText } from '../../actions/action-words.ts';
import { isBlocked, OrderEffects, WhoConfirms } from '../../actions/who-confirms.tsx';
import { call } from '../../client/call.ts';
import { useMay } from '../../client/session.tsx';
import {
  RECORD_ACTION_MEANING,
  RECORD_ACTION_NAMES,
  type RecordActionKind,
  recordActionVerb,
} from '../../words/record-actions.ts';
import { type Selection, useActionPreview } from './action-preview.ts';
import { CountConfirmation, Proposed } from './confirmation.tsx';
import { EMPTY_DRAFT, previewFields, type RecordDraft, requestFields } from './record-draft.ts';
import { RecordFields } from './record-fields.tsx';
import { RefusedDevices } from './refused-devices.tsx';
import { RunningChange } from './running-change.tsx';

/** Milliseconds without a change of the form before the server previews the action. */
const PAUSE = 300;

export const RECORD_RIGHTS = {
  'mark-missing': 'devices.mark-missing',
  'mark-found': 'devices.mark-found',
  label: 'devices.label',
  place: 'devices.place',
  'add-to-group': 'devices.add-to-group',
  'remove-from-group': 'devices.remove-from-group',
  'place-hold': 'legal-holds.place-many',
  'start-lost-mode': 'lost-mode.start-many',
  'end-lost-mode': 'lost-mode.end-many',
  revoke: 'devices.revoke-many',
  retire: 'devices.retire',
} as const;
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
  const offered = RECORD_ACTIONS.filter((kind) => may(RECORD_RIGHTS[kind]));
  // The admin chooses the action. A preselected one could be performed by mistake.
  const [kind, setKind] = useState<RecordActionKind | null>(action);
  const [draft, setDraft] = useState<RecordDraft>({ ...EMPTY_DRAFT, add: labels ?? [] });
  const [confirmed, setConfirmed] = useState<number | null>(null);
  // The labels of one device are edited as a whole, and the request names those that the admin added or removed.
  const changed =
    labels === undefined
      ? draft
      : {
          ...draft,
          add: draft.add.filter((label) => !labels.includes(label)),
          remove: labels.filter((label) => !draft.add.includes(label)),
        };
  const many = action === null;
  const ends = kind === 'retire' || kind === 'revoke';
  const lost = kind === 'start-lost-mode' || kind === 'end-lost-mode';
  const counted = many && (ends || lost);
  const fields = kind && previewFields(kind, changed);
  const further = kind && requestFields(kind, changed);
  const body = { ...selection, ...fields };
  // Waits for a pause in typing, for example of the reason of a statement.
  const request = JSON.stringify(kind && fields && { ...body, action: kind });
  const [settled] = useDebouncedValue(request, PAUSE);
  const acting = useMutation({
    mutationFn: () =>
      call('POST', `/device-actions/${kind}`, deviceActionResult, {
        ...body,
        expect: affected,
        ...further,
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
  const preview = useActionPreview(acting.isSuccess ? null : JSON.parse(settled));
  const affected = preview.data?.affected ?? 0;
  const tooMany = lost && affected > MOST_LOST_TOGETHER;
  const ready =
    preview.data !== undefined &&
    !preview.isPlaceholderData &&
    settled === request &&
    affected > 0 &&
    fields !== null &&
    further !== null &&
    !tooMany &&
    !isBlocked(preview.data.secondPerson) &&
    (!counted || confirmed === affected);
  if (acting.error instanceof ApiError && acting.error.code === 'second_person_required') {
    return <Proposed error={acting.error} close={close} />;
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
          kind && <Text size="sm">{RECORD_ACTION_MEANING[kind]}</Text>
        )}
        {kind && (
          <RecordFields
            kind={kind}
            single={labels !== undefined}
            draft={draft}
            change={(next) => {
              setDraft((before) => ({ ...before, ...next }));
              setConfirmed(null);
              acting.reset();
            }}
          />
        )}
        {preview.isError && <Failure error={preview.error} retry={() => void preview.refetch()} />}
        {preview.isLoading && <Loading lines={2} />}
        {fields && preview.data && many && <Affected impact={preview.data} />}
        {fields && preview.data && (many || affected === 0) && (
          <RefusedDevices refused={preview.data.refused} names={preview.data.names} />
        )}
        {tooMany && <TooMany />}
        {counted && affected > 0 && !tooMany && (
          <CountConfirmation
            {...(kind === 'start-lost-mode' && { title: 'Each device shows lost mode to its user' })}
            noun="action"
            total={affected}
            confirmed={confirmed}
            confirm={setConfirmed}
          />
        )}
        {fields && preview.data && <OrderEffects effects={preview.data.effects} />}
        {fields && <WhoConfirms second={preview.data?.secondPerson} />}
        {acting.error instanceof ApiError && acting.error.code === 'conflict' ? (
          <Alert color="yellow" title="The number of devices has changed" role="alert">
            <Text size="sm">The server changed nothing. Review the affected devices, then repeat the action.</Text>
          </Alert>
        ) : (
          acting.isError && <Failure error={acting.error} />
        )}
        {acting.isPending && <RunningChange />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" {...(ends && { color: 'red' })} disabled={!ready} loading={acting.isPending}>
            {kind ? recordActionVerb(kind, many ? devicesText(affected) : null) : 'Choose an action'}
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

function TooMany() {
  return (
    <Alert color="yellow" title="Too many devices">
      <Text size="sm">
        One action starts or ends lost mode on at most {MOST_LOST_TOGETHER.toLocaleString('en')} devices. Select fewer
        devices.
      </Text>
    </Alert>
  );
}
