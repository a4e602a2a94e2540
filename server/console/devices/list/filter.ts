/** Filters, sort order and columns of the device list. `app/searches.ts` keeps them in the page address. */
import {
  type Condition,
  columnsSchema,
  conditionsSchema,
  LIST_FACTS,
  type ListColumn,
  type ReportedField,
} from '../../../../shared/inventory/list-fields.ts';
import { COMPLIANCE_STATES, type ComplianceState } from '../../../../shared/policy/compliance-states.ts';
import type { DeviceSearch } from '../../app/searches.ts';
import { withQuery } from '../../client/call.ts';

/** Filters without a form field. Health issues link to the device list with these filters. */
export const ISSUE_FILTERS = ['everConnected', 'seenBefore', 'listBelow', 'located', 'countersigned'] as const;
type IssueFilter = (typeof ISSUE_FILTERS)[number];
export interface Filter
  extends Pick<DeviceSearch, 'text' | 'group' | 'label' | 'area' | 'status' | 'lifeCycle' | 'connected' | IssueFilter> {
  readonly compliance?: ComplianceState | undefined;
  readonly where?: readonly Condition[] | undefined;
}
export const SORTS = ['user', 'enrolled', 'seen', ...LIST_FACTS] as const;
export interface Order {
  readonly sort: (typeof SORTS)[number];
  readonly descending: boolean;
}

export const DEFAULT_COLUMNS: readonly ListColumn[] = ['host', 'group', 'location', 'labels', 'seen'];

export function filterOf(search: DeviceSearch): Filter {
  const { sort: _sort, descending: _descending, columns: _columns, view: _view, compliance, where, ...filter } = search;
  const state = COMPLIANCE_STATES.find((one) => one === compliance);
  const conditions = conditionsSchema.safeParse(where).data;
  return { ...filter, ...(state && { compliance: state }), ...(conditions && { where: conditions }) };
}

export const columnsOf = (search: DeviceSearch): readonly ListColumn[] | undefined =>
  search.columns && columnsSchema.safeParse(search.columns).data;

export const sortOf = (name: string | undefined): Order['sort'] => SORTS.find((one) => one === name) ?? 'user';

/** Returns the sort order of the device list. By default, dates are sorted newest first, and all others in ascending order. */
export function orderOf(search: DeviceSearch): Order {
  const sort = sortOf(search.sort);
  return { sort, descending: search.descending ?? (sort === 'enrolled' || sort === 'seen') };
}

export const listPath = (
  { where, ...filter }: Filter,
  order: Order,
  offset: number,
  limit: number,
  facts: readonly ReportedField[] = [],
): string =>
  withQuery('/devices', {
    ...filter,
    where: where && JSON.stringify(where),
    ...order,
    columns: facts.join(','),
    offset,
    limit,
  });

export const exportPath = ({ where, ...filter }: Filter, order: Order, facts: readonly ReportedField[]): string =>
  withQuery('/devices.csv', { ...filter, where: where && JSON.stringify(where), ...order, columns: facts.join(',') });

/** Number of active filters, without the search text. */
export const setFilters = (filter: Filter): number =>
  [filter.group, filter.label, filter.area, filter.status, filter.lifeCycle, filter.connected, filter.compliance]
    .concat(ISSUE_FILTERS.map((name) => filter[name] as string | undefined))
    .filter((value) => value !== undefined).length + (filter.where?.length ?? 0);

export const isNarrowed = (filter: Filter): boolean => filter.text !== undefined || setFilters(filter) > 0;

export const filterKey = (filter: Filter): string => listPath(filter, { sort: 'user', descending: false }, 0, 1);
