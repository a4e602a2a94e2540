/** Whom a command for many would reach, so that it can be looked at before it is sent. */
import { useQuery } from '@tanstack/react-query';
import type { z } from 'zod';
import type { commandToMany } from '../../../../shared/api/commands.ts';
import { devicePage, type ListedDevice } from '../../../../shared/api/devices.ts';
import { areaName } from '../../../../shared/areas/area-words.ts';
import { question } from '../../client/queries.ts';
import { type Filter, listPath } from '../list/filter.ts';

/** The devices by name, or whoever the filter lets through when the command is sent. */
export type Chosen =
  | { readonly kind: 'some'; readonly devices: readonly ListedDevice[] }
  | { readonly kind: 'all'; readonly filter: Filter };

export interface Audience {
  /** Active devices: the others take no commands. */
  readonly total: number;
  readonly connected: number;
  /** Chosen, and not active. */
  readonly left: number;
  readonly sample: readonly ListedDevice[];
}

const SAMPLE = 100;
const ORDER = { sort: 'user', descending: false } as const;

export function audienceOf(devices: readonly ListedDevice[]): Audience {
  const active = devices.filter(({ status }) => status === 'active');
  return {
    total: active.length,
    connected: active.filter(({ presence }) => presence?.connected).length,
    left: devices.length - active.length,
    sample: active.slice(0, SAMPLE),
  };
}

const ask = (filter: Filter, limit: number) => question(['devices'], listPath(filter, ORDER, 0, limit), devicePage);

export function useAudience(chosen: Chosen) {
  const filter = chosen.kind === 'all' ? chosen.filter : null;
  const enabled = filter !== null;
  const active: Filter = { ...filter, status: 'active' };
  const gone = filter?.status !== undefined && filter.status !== 'active';
  const all = useQuery({ ...ask(filter ?? {}, 1), enabled });
  const first = useQuery({ ...ask(active, SAMPLE), enabled: enabled && !gone });
  const connected = useQuery({ ...ask({ ...active, connected: true }, 1), enabled: enabled && !gone });
  const queries = gone ? [all] : [all, first, connected];
  const error = queries.find(({ isError }) => isError)?.error ?? null;
  const refetch = () => Promise.all(queries.map((query) => query.refetch()));
  if (chosen.kind === 'some') return { audience: audienceOf(chosen.devices), error: null, refetch };
  if (gone && all.data) return { audience: { ...NOBODY, left: all.data.total }, error, refetch };
  if (!all.data || !first.data || !connected.data) return { audience: null, error, refetch };
  const { total, devices: sample } = first.data;
  // A filter for those that are not connected asks for two things that exclude each other.
  const online = filter?.connected === false ? 0 : connected.data.total;
  return { audience: { total, connected: online, left: Math.max(0, all.data.total - total), sample }, error, refetch };
}

const NOBODY: Audience = { total: 0, connected: 0, left: 0, sample: [] };

type Target = Pick<z.input<typeof commandToMany>, 'devices' | 'filter' | 'expect'>;

/** What the request says of whom it is for. `expect` makes the server refuse when it is another number by now. */
export function targetOf(chosen: Chosen, { total }: Audience): Target {
  if (chosen.kind === 'some') {
    return { devices: chosen.devices.filter(({ status }) => status === 'active').map(({ id }) => id), expect: total };
  }
  const { text, group, area, connected } = chosen.filter;
  const filter: Record<string, unknown> = { text, group, area, connected };
  return {
    filter: Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)),
    expect: total,
  };
}

export interface Tally {
  readonly name: string;
  readonly count: number;
}

/** The most frequent first, at most `most` of them, and what the others come to. */
export function tally(names: readonly string[], most: number): Tally[] {
  const counts = [...Map.groupBy(names, (name) => name)].map(([name, { length }]) => ({ name, count: length }));
  counts.sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  if (counts.length <= most) return counts;
  const rest = counts.slice(most - 1);
  const others = rest.reduce((sum, { count }) => sum + count, 0);
  return [...counts.slice(0, most - 1), { name: `${rest.length} others`, count: others }];
}

export const groupName = ({ group }: ListedDevice): string => group.name;
export const placeName = ({ areas }: ListedDevice): string =>
  areas.length === 0 ? 'Place not known' : areas.map(areaName).join(' or ');
