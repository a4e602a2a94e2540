import { Button, Checkbox, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import { type newDeviceView, type SavedDeviceView, savedDeviceView } from '../../../../shared/api/device-views.ts';
import { done } from '../../../../shared/api/wire.ts';
import { Failure } from '../../../../shared/look/states.tsx';
import { call } from '../../client/call.ts';
import { useMay } from '../../client/session.tsx';
import { viewsQuery } from './views.ts';

export type ViewBody = Omit<z.input<typeof newDeviceView>, 'name' | 'shared'>;

/** Dialog that saves the present list as a view, or replaces or deletes the open view. */
export function ViewDialog({
  view,
  body,
  close,
  saved,
  removed,
}: {
  /** Open view; null if none is open. */
  readonly view: SavedDeviceView | null;
  readonly body: ViewBody;
  readonly close: () => void;
  readonly saved: (view: SavedDeviceView) => void;
  readonly removed: () => void;
}) {
  const may = useMay();
  const client = useQueryClient();
  const own = view?.mine ? view : null;
  const [name, setName] = useState(own?.name ?? '');
  const [shared, setShared] = useState(own?.shared ?? false);
  const changed = () => client.invalidateQueries({ queryKey: viewsQuery.queryKey });
  const saving = useMutation({
    mutationFn: () => {
      const content = { ...body, name: name.trim(), shared };
      // If the admin types another name, the dialog saves a copy under that name.
      return own && own.name === content.name
        ? call('PATCH', `/device-views/${own.id}`, savedDeviceView, content)
        : call('POST', '/device-views', savedDeviceView, content);
    },
    onSuccess: async (result) => {
      await changed();
      saved(result);
    },
  });
  const removing = useMutation({
    mutationFn: () => call('DELETE', `/device-views/${view?.id}`, done),
    onSuccess: async () => {
      removed();
      await changed();
    },
  });
  const maySave = name.trim() !== '';
  return (
    <Modal opened onClose={close} title="Saved view">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (maySave) saving.mutate();
        }}
      >
        <Stack>
          <Text size="sm">A view keeps the filters, the columns and the sort order of this list.</Text>
          <TextInput
            label="Name"
            maxLength={80}
            data-autofocus
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
          />
          {may('device-views.share') && (
            <Checkbox
              label="Share with all admins"
              description="Each admin sees only the devices of the own scope."
              checked={shared}
              onChange={({ currentTarget }) => setShared(currentTarget.checked)}
            />
          )}
          {saving.isError && <Failure error={saving.error} />}
          {removing.isError && <Failure error={removing.error} />}
          <Group justify="space-between">
            {view && (view.mine || may('device-views.share')) ? (
              <Button variant="subtle" color="red" loading={removing.isPending} onClick={() => removing.mutate()}>
                Delete view
              </Button>
            ) : (
              <span />
            )}
            <Button type="submit" disabled={!maySave} loading={saving.isPending}>
              Save view
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
