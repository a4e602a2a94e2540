/**
 * Columns of the device list; on a phone, the cells of a row form a card. The cells use plain HTML elements, because scrolling creates many
 * cells.
 */
import { Badge } from '@mantine/core';
import { createColumnHelper, metaHelper, rowSortingFeature, tableFeatures } from '@tanstack/react-table';
import { type CSSProperties, Fragment, type ReactNode } from 'react';
import type { ListedDevice } from '../../../../shared/api/devices.ts';
import { marksOf } from '../../../../shared/devices/device-marks.ts';
import {
  LIST_FACTS,
  type ListColumn,
  REPORTED_FIELDS,
  type ReportedField,
} from '../../../../shared/inventory/list-fields.ts';
import { date, relative } from '../../../../shared/look/time-words.ts';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { PageLink } from '../../parts/links.tsx';
import { Area, AreaNames } from '../../parts/words.tsx';
import { STATUS_WORDS } from '../../words/devices.ts';
import { LIFE_CYCLE_BADGES, MARK_BADGES } from '../../words/record-actions.ts';
import { ConnectionMark } from '../connection-mark.tsx';
import { WorkspaceBadge } from '../workspace-badge.tsx';
import classes from './device-grid.module.css';
import { COLUMN_NAMES, factText } from './fact-words.ts';

/** Row of the device list. `device` is absent until the device's data has loaded. */
export interface Row {
  readonly index: number;
  readonly device: ListedDevice | undefined;
}

export interface Surroundings {
  readonly tabbable: number;
  readonly now: number;
  readonly newestList: number | null;
  readonly columns: readonly ListColumn[];
}

export const features = tableFeatures({
  rowSortingFeature,
  columnMeta: metaHelper<{ readonly area: string }>(),
  tableMeta: metaHelper<Surroundings>(),
});

const helper = createColumnHelper<typeof features, Row>();

const shown = (device: ListedDevice | undefined, content: (device: ListedDevice) => ReactNode): ReactNode =>
  device ? content(device) : <span className={classes.ghost} />;

const [USER, ...BASE] = helper.columns([
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
          <UserText>{user}</UserText>
        </PageLink>
      )),
  }),
  helper.accessor(({ device }) => device?.displayName ?? device?.hostname, {
    id: 'host',
    header: 'Device name',
    enableSorting: false,
    meta: { area: 'host' },
    cell: ({ row }) =>
      shown(row.original.device, ({ displayName, hostname }) => {
        const name = displayName ?? hostname;
        return name === null ? <span className={classes.faint}>Not reported yet</span> : <UserText>{name}</UserText>;
      }),
  }),
  helper.accessor(({ device }) => device?.group.name, {
    id: 'group',
    header: 'Group',
    enableSorting: false,
    meta: { area: 'group' },
    cell: ({ row }) => shown(row.original.device, ({ group }) => <UserText>{group.name}</UserText>),
  }),
  helper.accessor(({ device }) => device?.areas, {
    id: 'location',
    header: 'Location',
    enableSorting: false,
    meta: { area: 'where' },
    cell: ({ row }) => shown(row.original.device, (device) => <Where device={device} />),
  }),
  helper.accessor(({ device }) => device?.labels, {
    id: 'labels',
    header: 'Labels',
    enableSorting: false,
    meta: { area: 'labels' },
    cell: ({ row }) => shown(row.original.device, ({ labels }) => <Labels labels={labels} />),
  }),
  helper.accessor(({ device }) => device && marksOf(device), {
    id: 'marks',
    header: 'Marks',
    enableSorting: false,
    meta: { area: 'marks' },
    cell: ({ row }) => shown(row.original.device, (device) => <Marks device={device} />),
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

const factColumn = (fact: ReportedField) =>
  helper.accessor(({ device }) => device?.facts?.[fact], {
    id: fact,
    header: COLUMN_NAMES[fact],
    enableSorting: LIST_FACTS.some((one) => one === fact),
    meta: { area: 'fact' },
    cell: ({ row }) =>
      shown(row.original.device, ({ facts }) => {
        const value = facts?.[fact] ?? null;
        return value === null ? (
          <span className={classes.faint}>Unknown</span>
        ) : (
          <UserText>{factText(fact, value)}</UserText>
        );
      }),
  });

type Column = (typeof BASE)[number] | ReturnType<typeof factColumn>;

/** Definitions of the chosen columns, in their order, after the user. */
export const columnsFor = (chosen: readonly ListColumn[]) =>
  helper.columns([
    USER,
    ...chosen.flatMap((column): Column[] => {
      const base = BASE.find(({ id }) => id === column);
      return base ? [base] : REPORTED_FIELDS.filter((field) => field === column).map(factColumn);
    }),
  ]);

/** Widths of columns in rem: minimum, and share of the remaining width. */
const WIDTHS: Readonly<Record<string, readonly [number, number]>> = {
  user: [11, 1.3],
  host: [8, 1],
  group: [7, 0.9],
  location: [12, 1.7],
  labels: [7, 0.8],
  marks: [7, 0.8],
  seen: [12, 1],
  enrolled: [6, 0],
};
const widthOf = (column: string) => WIDTHS[column] ?? [8, 0.8];
const GAP = 0.75;

/** Style variables of the grid for the chosen columns. */
export function cellsOf(chosen: readonly ListColumn[]): CSSProperties {
  const widths = ['user', ...chosen].map(widthOf);
  const cells = widths.map(([least, share]) => (share === 0 ? `${least}rem` : `minmax(${least}rem, ${share}fr)`));
  const total = widths.reduce((sum, [least]) => sum + least + GAP, 4);
  return { '--cells': cells.join(' '), '--row-width': `${total}rem` } as CSSProperties;
}

function Where({ device: { areas, home } }: { readonly device: ListedDevice }) {
  const elsewhere =
    home !== null && areas !== null && !areas.some((area) => area === home || area.startsWith(`${home}-`));
  return (
    <>
      {areas === null ? 'Hidden from your role' : areas.length === 0 ? 'Unknown' : <AreaNames areas={areas} />}
      {elsewhere && (
        <span className={classes.faint}>
          {' · home area '}
          <Area code={home} />
        </span>
      )}
    </>
  );
}

function Labels({ labels }: Pick<ListedDevice, 'labels'>) {
  return (
    <span title={labels.join(', ')}>
      {labels.map((label, index) => (
        <Fragment key={label}>
          {index > 0 && ' '}
          <span className={classes.label}>
            <UserText>{label}</UserText>
          </span>
        </Fragment>
      ))}
    </span>
  );
}

function Marks({ device }: { readonly device: ListedDevice }) {
  const marks = marksOf(device);
  return (
    <span className={classes.state} title={marks.map((mark) => MARK_BADGES[mark].label).join(', ')}>
      {marks.map((mark) => (
        <Badge key={mark} color={MARK_BADGES[mark].color} size="sm">
          {MARK_BADGES[mark].label}
        </Badge>
      ))}
    </span>
  );
}

function State({
  device: { status, presence, underLegalHold, mailConnector, workspace, lifeCycle },
  now = 0,
  newestList = null,
}: { readonly device: ListedDevice } & Partial<Surroundings>) {
  const mark = LIFE_CYCLE_BADGES[lifeCycle];
  const marks = (
    <>
      {underLegalHold && (
        <Badge color="violet" size="sm" className={classes.behind}>
          Legal hold
        </Badge>
      )}
      {mailConnector && (
        <Badge color="indigo" size="sm" className={classes.behind}>
          Mail connector
        </Badge>
      )}
    </>
  );
  if (status !== 'active') {
    return (
      <span className={classes.state}>
        <Badge color="gray" size="sm" className={classes.behind}>
          {mark ? mark.label : STATUS_WORDS[status]}
        </Badge>
        <WorkspaceBadge state={workspace.state} size="sm" className={classes.behind} />
        {marks}
      </span>
    );
  }
  const behind = presence && newestList !== null ? newestList - presence.listVersion : 0;
  return (
    <span className={classes.state}>
      <ConnectionMark connected={presence?.connected ?? false} />
      <span className={classes.time}>
        {presence === null ? 'Never connected' : presence.connected ? 'Connected' : relative(presence.lastSeenAt, now)}
      </span>
      {mark && (
        <Badge color={mark.color} size="sm" className={classes.behind}>
          {mark.label}
        </Badge>
      )}
      <WorkspaceBadge state={workspace.state} size="sm" className={classes.behind} />
      {behind > 0 && (
        <Badge color="yellow" size="sm" className={classes.behind}>
          Outdated order list
        </Badge>
      )}
      {marks}
    </span>
  );
}
