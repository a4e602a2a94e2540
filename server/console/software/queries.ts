import type { z } from 'zod';
import { inventorySections } from '../../../shared/api/inventory.ts';
import { packageList } from '../../../shared/api/packages.ts';
import {
  advisoryDetail,
  advisoryDevicePage,
  advisoryPage,
  softwareDetail,
  softwareDevicePage,
  softwarePage,
} from '../../../shared/api/software.ts';
import { updateChannelList } from '../../../shared/api/update-channels.ts';
import { ApiError } from '../../../shared/look/api-error.ts';
import { call, withQuery } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';

const PAGE = 50;

/** Changes of devices do not repeat these queries, because in a large fleet a device reports every second. */
export const softwareQuery = (
  filter: { text?: string | undefined; source?: string | undefined },
  cursor: string | null,
) => topicQuery([], withQuery('/software', { ...filter, cursor, limit: PAGE }), softwarePage);
export const titleQuery = (id: number) => topicQuery([], `/software/${id}`, softwareDetail);

export type VersionSearch = Readonly<Partial<Record<'below' | 'atLeast' | 'above' | 'version', string | undefined>>>;
export const titleDevicesQuery = (id: number, filter: VersionSearch, cursor: number | null) =>
  topicQuery([], withQuery(`/software/${id}/devices`, { ...filter, cursor, limit: PAGE }), softwareDevicePage);

/** All devices of a list with pages. A job accepts a list of at most 10,000 devices. */
const MOST_DEVICES = 10_000;
const LARGEST_PAGE = 200;
type Page = z.output<typeof softwareDevicePage> | z.output<typeof advisoryDevicePage>;

async function everyDevice(
  path: string,
  schema: typeof softwareDevicePage | typeof advisoryDevicePage,
  filter: VersionSearch = {},
): Promise<Page['devices']> {
  const devices: Page['devices'] = [];
  for (let cursor: number | null = null; ; ) {
    const page: Page = await call('GET', withQuery(path, { ...filter, cursor, limit: LARGEST_PAGE }), schema);
    devices.push(...page.devices);
    cursor = page.cursor;
    if (cursor === null) return devices;
    if (devices.length >= MOST_DEVICES) {
      const detail = `The list has more than ${MOST_DEVICES.toLocaleString('en')} devices. Choose a group instead, with the button “Update…” of the software.`;
      throw new ApiError('too_large', detail, 0);
    }
  }
}

export const everyTitleDevice = (id: number, filter: VersionSearch) =>
  everyDevice(`/software/${id}/devices`, softwareDevicePage, filter);
export const everyAdvisoryDevice = (id: string) => everyDevice(`${advisoryPath(id)}/devices`, advisoryDevicePage);

export const advisoriesQuery = (text: string | undefined, cursor: string | null) =>
  topicQuery([], withQuery('/advisories', { text, cursor, limit: PAGE }), advisoryPage);
const advisoryPath = (id: string) => `/advisories/${encodeURIComponent(id)}`;
export const advisoryQuery = (id: string) => topicQuery([], advisoryPath(id), advisoryDetail);
export const advisoryDevicesQuery = (id: string, cursor: number | null) =>
  topicQuery([], withQuery(`${advisoryPath(id)}/devices`, { cursor, limit: PAGE }), advisoryDevicePage);
export const advisoryCsvPath = (id: string) => `${advisoryPath(id)}/devices.csv`;

export const packagesQuery = topicQuery([], '/packages', packageList);
export const channelsQuery = topicQuery([], '/update-channels', updateChannelList);

export const sectionsQuery = topicQuery([], '/inventory-sections', inventorySections);
