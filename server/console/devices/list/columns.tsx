/** The columns of the list. On a phone the same cells make a card. They are plain elements, since scrolling makes many of them. */
import { Badge } from '@mantine/core';
import { createColumnHelper, metaHelper, rowSortingFeature, tableFeatures } from '@tanstack/react-table';
import type { ReactNode } from 'react';
import type { ListedDevice } from '../../../../shared/api/devices.ts';
import { Given } from '../../../../shared/look/given.tsx';
import { date, relative } from '../../../../shared/look/time-words.ts';
import { PageLink } from '../../parts/links.tsx';
import { Area, Places } from '../../parts/words.tsx';
import { STATUS_WORDS } from '../../words/devices.ts';
import { ConnectionMark } from '../connection.tsx';
import classes from './device-grid.module.css';

/** A place in the list; the device is missing until its window has come. */
export interface Row {
  readonly index: number;
  readonly device: ListedDevice | undefined;
}

export interface Surroundings {
  /** The row that Tab leads into. */
  readonly tabbable: number;
  /** By the server's clock. */
  readonly now: number;
  /** Version of the newest order list; null while there is none. */
  readonly newestList: number | null;
}

export const features = tableFeatures({
  rowSortingFeature,
  columnMeta: metaHelper<{ readonly area: string }>(),
  tableMeta: metaHelper<Surroundings>(),
});

const helper = createColumnHelper<typeof features, Row>();

const shown = (device: ListedDevice | undefined, content: (device: ListedDevice) => ReactNode): ReactNode =>
  device ? content(device) : <span className={classes.ghost} />;

export const columns = helper.columns([
  helper.accessor(({ device }) => device?.user, {
    id: 'user',
    header: 'User',
    enableSorting: true,
    meta: { area: 'user' },
    cell: ({ row, table }) =>
      shown(row.original.device, ({ id, user }) => (
        <PageLink
          to="/devices/$id"
          params={{ id }}
          className={classes.link}
          truncate
          tabIndex={row.original.index === table.options.meta?.tabbable ? 0 : -1}
        >
          <Given>{user}</Given>
        </PageLink>
      )),
  }),
  helper.accessor(({ device }) => device?.hostname, {
    id: 'host',
    header: 'Host name',
    enableSorting: false,
    meta: { area: 'host' },
    cell: ({ row }) =>
      shown(row.original.device, ({ hostname }) =>
        hostname === null ? <span className={classes.faint}>Not known yet</span> : <Given>{hostname}</Given>,
      ),
  }),
  helper.accessor(({ device }) => device?.group.name, {
    id: 'group',
    header: 'Group',
    enableSorting: false,
    meta: { area: 'group' },
    cell: ({ row }) => shown(row.original.device, ({ group }) => <Given>{group.name}</Given>),
  }),
  helper.accessor(({ device }) => device?.areas, {
    id: 'where',
    header: 'Where',
    enableSorting: false,
    meta: { area: 'where' },
    cell: ({ row }) => shown(row.original.device, (device) => <Where device={device} />),
  }),
  helper.accessor(({ device }) => device?.presence?.lastSeenAt, {
    id: 'seen',
    header: 'Last seen',
    enableSorting: true,
    sortDescFirst: true,
    meta: { area: 'seen' },
    cell: ({ row, table }) => shown(row.original.device, (device) => <State device={device} {...table.options.meta} />),
  }),
  helper.accessor(({ device }) => device?.enrolledAt, {
    id: 'enrolled',
    header: 'Enrolled',
    enableSorting: true,
    sortDescFirst: true,
    meta: { area: 'enrolled' },
    cell: ({ row }) =>
      shown(row.original.device, ({ enrolledAt }) => (
        <time dateTime={new Date(enrolledAt).toISOString()}>{date(enrolledAt)}</time>
      )),
  }),
]);

function Where({ device: { areas, home } }: { readonly device: ListedDevice }) {
  const elsewhere = home !== null && !areas.includes(home);
  return (
    <>
      {areas.length === 0 ? 'Not known' : <Places areas={areas} />}
      {elsewhere && (
        <span className={classes.faint}>
          {' · at home in '}
          <Area code={home} />
        </span>
      )}
    </>
  );
}

function State({
  device: { status, presence, underHold },
  now = 0,
  newestList = null,
}: { readonly device: ListedDevice } & Partial<Surroundings>) {
  const hold = underHold && (
    <Badge color="violet" size="sm" className={classes.behind}>
      Legal hold
    </Badge>
  );
  if (status !== 'active') {
    return (
      <span className={classes.state}>
        <Badge color="gray" size="sm">
          {STATUS_WORDS[status]}
        </Badge>
        {hold}
      </span>
    );
  }
  const behind = presence && newestList !== null ? newestList - presence.listVersion : 0;
  return (
    <span className={classes.state}>
      <ConnectionMark connected={presence?.connected ?? false} />
      <span className={classes.truncated}>
        {presence === null ? 'Never connected' : presence.connected ? 'Connected' : relative(presence.lastSeenAt, now)}
      </span>
      {behind > 0 && (
        <Badge color="yellow" size="sm" className={classes.behind}>
          Older order list
        </Badge>
      )}
      {hold}
    </span>
  );
}
