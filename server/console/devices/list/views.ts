import { deviceViewList } from '../../../../shared/api/device-views.ts';
import { topicQuery } from '../../client/queries.ts';

/** Saved views, and the columns that the account has chosen. */
export const viewsQuery = topicQuery([], '/device-views', deviceViewList);
