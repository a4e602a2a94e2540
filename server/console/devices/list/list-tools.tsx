/** Saved views, conditions, columns and export of the device list. */
import { Button, Group, Pill, Select } from '@mantine/core';
import { IconColumns3, IconDeviceFloppy, IconDownload, IconFilterPlus } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { SavedDeviceView } from '../../../../shared/api/device-views.ts';
import { done } from '../../../../shared/api/wire.ts';
import { type ListColumn, MOST_CONDITIONS, reportedAmong } from '../../../../shared/inventory/list-fields.ts';
import { Failure } from '../../../../shared/look/states.tsx';
import { call } from '../../client/call.ts';
import { saveDownload } from '../../client/save-download.ts';
import { useMay } from '../../client/session.tsx';
import { ColumnDialog } from './column-dialog.tsx';
import { ConditionDialog } from './condition-dialog.tsx';
import { conditionText } from './fact-words.ts';
import { exportPath, type Filter, type Order } from './filter.ts';
import { usePhone } from './use-phone.ts';
import { ViewDialog } from './view-dialog.tsx';
import { viewsQuery } from './views.ts';

interface ListState {
  readonly filter: Filter;
  readonly order: Order;
  readonly columns: readonly ListColumn[];
}

export function ListTools({
  list,
  view,
  narrow,
  open,
  showColumns,
}: {
  readonly list: ListState;
  /** Id of the open view. */
  readonly view: string | undefined;
  readonly narrow: (change: Filter) => void;
  readonly open: (view: SavedDeviceView | null) => void;
  /** Displays the given columns until the admin opens another view; undefined displays the columns of the account. */
  readonly showColumns: (columns: readonly ListColumn[] | undefined) => void;
}) {
  const may = useMay();
  const phone = usePhone();
  const client = useQueryClient();
  const views = useQuery({ ...viewsQuery, enabled: may('device-views.list') });
  const [dialog, setDialog] = useState<'condition' | 'columns' | 'view' | null>(null);
  const close = () => setDialog(null);
  const current = views.data?.views.find(({ id }) => id === view) ?? null;
  const storing = useMutation({
    mutationFn: (columns: readonly ListColumn[]) => call('POST', '/device-columns', done, { columns }),
    onSuccess: () => client.invalidateQueries({ queryKey: viewsQuery.queryKey }),
  });
  const exporting = useMutation({
    mutationFn: () => saveDownload(exportPath(list.filter, list.order, reportedAmong(list.columns)), { method: 'GET' }),
  });
  const saveColumns = (columns: readonly ListColumn[]) => {
    close();
    if (current) return showColumns(columns);
    showColumns(undefined);
    storing.mutate(columns);
  };
  const conditions = list.filter.where ?? [];
  const withConditions = (where: Filter['where']) => narrow({ where: where?.length === 0 ? undefined : where });
  const failure = storing.error ?? exporting.error ?? views.error;
  return (
    <>
      <Group gap="xs">
        {may('device-views.list') && (
          <Select
            aria-label="Saved view"
            placeholder="Saved views"
            w={220}
            maw="100%"
            size="xs"
            data={(views.data?.views ?? []).map(({ id, name, mine, owner }) => ({
              value: id,
              label: mine ? name : `${name} (${owner.name})`,
            }))}
            searchable
            clearable
            clearButtonProps={{ 'aria-label': 'Close view' }}
            nothingFoundMessage="No saved view"
            value={current?.id ?? null}
            onChange={(id) => open(views.data?.views.find((one) => one.id === id) ?? null)}
          />
        )}
        {may('device-views.create') && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconDeviceFloppy size={16} aria-hidden />}
            onClick={() => setDialog('view')}
          >
            Save view…
          </Button>
        )}
        <Button
          size="xs"
          variant="default"
          leftSection={<IconFilterPlus size={16} aria-hidden />}
          disabled={conditions.length >= MOST_CONDITIONS}
          onClick={() => setDialog('condition')}
        >
          Add condition…
        </Button>
        {!phone && may('device-columns.save') && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconColumns3 size={16} aria-hidden />}
            onClick={() => setDialog('columns')}
          >
            Choose columns…
          </Button>
        )}
        {may('devices.export') && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
            loading={exporting.isPending}
            onClick={() => exporting.mutate()}
          >
            Download CSV
          </Button>
        )}
      </Group>
      {failure && <Failure error={failure} />}
      {conditions.length > 0 && (
        <Group gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }} aria-label="Conditions">
          {conditions.map((condition) => (
            <li key={JSON.stringify(condition)}>
              <Pill
                size="lg"
                withRemoveButton
                onRemove={() => withConditions(conditions.filter((one) => one !== condition))}
                removeButtonProps={{
                  'aria-label': `Remove condition: ${conditionText(condition)}`,
                  'aria-hidden': false,
                  tabIndex: 0,
                }}
              >
                {conditionText(condition)}
              </Pill>
            </li>
          ))}
        </Group>
      )}
      <ConditionDialog
        opened={dialog === 'condition'}
        close={close}
        add={(condition) => {
          withConditions([...conditions, condition]);
          close();
        }}
      />
      {dialog === 'columns' && <ColumnDialog columns={list.columns} close={close} save={saveColumns} />}
      {dialog === 'view' && (
        <ViewDialog
          view={current}
          body={bodyOf(list)}
          close={close}
          saved={(saved) => {
            close();
            open(saved);
          }}
          removed={() => {
            close();
            open(null);
          }}
        />
      )}
    </>
  );
}

const bodyOf = ({ filter, order, columns }: ListState) => ({
  filter: JSON.parse(JSON.stringify(filter)),
  columns: [...columns],
  ...order,
});
