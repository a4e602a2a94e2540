import { useQuery } from '@tanstack/react-query';
import type { z } from 'zod';
import type { commandToMany } from '../../../../shared/api/commands.ts';
import { devicePage, type ListedDevice } from '../../../../shared/api/devices.ts';
import { areaName } from '../../../../shared/areas/area-words.ts';
import { topicQuery } from '../../client/queries.ts';
import { type Filter, listPath } from '../list/filter.ts';
import type { WorkspaceCounts } from '../workspace-words.ts';

/** Devices of a bulk command: either a list of ids, or a filter. The server applies the filter when the admin sends the command. */
export type Chosen =
  | { readonly kind: 'some'; readonly devices: readonly ListedDevice[] }
  | { readonly kind: 'all'; readonly filter: Filter };

export interface AffectedDevices {
  /** Number of active devices. Only active devices receive commands. */
  readonly total: number;
  readonly connected: number;
  /** Number of selected devices that are revoked or unenrolled. */
  readonly skipped: number;
  readonly sample: readonly ListedDevice[];
  readonly workspaces: WorkspaceCounts;
}

const SAMPLE = 100;
const ORDER = { sort: 'user', descending: false } as const;

export function affectedAmong(devices: readonly ListedDevice[]): AffectedDevices {
  const active = devices.filter(({ status }) => status === 'active');
  return {
    total: active.length,
    connected: active.filter(({ presence }) => presence?.connected).length,
    skipped: devices.length - active.length,
    sample: active.slice(0, SAMPLE),
    workspaces: {
      locked: active.filter(({ workspace }) => workspace.state === 'locked').length,
      wiped: active.filter(({ workspace }) => workspace.state === 'wiped').length,
    },
  };
}

type Counted = Filter & { readonly workspace?: 'locked' | 'wiped' };

const countQuery = (filter: Counted, limit: number) =>
  topicQuery(['devices'], listPath(filter, ORDER, 0, limit), devicePage);

export function useAffectedDevices(chosen: Chosen) {
  const filter = chosen.kind === 'all' ? chosen.filter : null;
  const enabled = filter !== null;
  const active: Filter = { ...filter, status: 'active' };
  const onlyInactive = filter?.status !== undefined && filter.status !== 'active';
  const all = useQuery({ ...countQuery(filter ?? {}, 1), enabled });
  const first = useQuery({ ...countQuery(active, SAMPLE), enabled: enabled && !onlyInactive });
  const connected = useQuery({ ...countQuery({ ...active, connected: true }, 1), enabled: enabled && !onlyInactive });
  const locked = useQuery({ ...countQuery({ ...active, workspace: 'locked' }, 1), enabled: enabled && !onlyInactive });
  const wiped = useQuery({ ...countQuery({ ...active, workspace: 'wiped' }, 1), enabled: enabled && !onlyInactive });
  const queries = onlyInactive ? [all] : [all, first, connected, locked, wiped];
  const error = queries.find(({ isError }) => isError)?.error ?? null;
  const refetch = () => Promise.all(queries.map((query) => query.refetch()));
  if (chosen.kind === 'some') return { audience: affectedAmong(chosen.devices), error: null, refetch };
  if (onlyInactive && all.data) return { audience: { ...NO_DEVICES, skipped: all.data.total }, error, refetch };
  if (!all.data || !first.data || !connected.data || !locked.data || !wiped.data)
    return { audience: null, error, refetch };
  const { total, devices: sample } = first.data;
  const online = filter?.connected === false ? 0 : connected.data.total;
  const skipped = Math.max(0, all.data.total - total);
  const workspaces = { locked: locked.data.total, wiped: wiped.data.total };
  return { audience: { total, connected: online, skipped, sample, workspaces }, error, refetch };
}

const NO_DEVICES: AffectedDevices = {
  total: 0,
  connected: 0,
  skipped: 0,
  sample: [],
  workspaces: { locked: 0, wiped: 0 },
};

type Target = Pick<z.input<typeof commandToMany>, 'devices' | 'filter' | 'expect'>;

/** Devices for a bulk request. `expect`: number of devices that the admin saw. The server refuses the request if the number has changed. */
export function targetOf(chosen: Chosen, { total }: AffectedDevices): Target {
  if (chosen.kind === 'some') {
    return { devices: chosen.devices.filter(({ status }) => status === 'active').map(({ id }) => id), expect: total };
  }
  const { status: _status, ...filter } = chosen.filter;
  return {
    filter: Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)),
    expect: total,
  };
}

export interface Tally {
  readonly name: string;
  readonly count: number;
}

/** Counts by name, most frequent first. If there are more than `most` names, the last entry is the sum of the remaining names. */
export function tally(names: readonly string[], most: number): Tally[] {
  const counts = [...Map.groupBy(names, (name) => name)].map(([name, { length }]) => ({ name, count: length }));
  counts.sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  if (counts.length <= most) return counts;
  const rest = counts.slice(most - 1);
  const others = rest.reduce((sum, { count }) => sum + count, 0);
  return [...counts.slice(0, most - 1), { name: `${rest.length} others`, count: others }];
}

export const groupName = ({ group }: ListedDevice): string => group.name;
export const locationName = ({ areas }: ListedDevice): string =>
  areas === null
    ? 'Location hidden from your role'
    : areas.length === 0
      ? 'Location unknown'
      : areas.map(areaName).join(' or ');
