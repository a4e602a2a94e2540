/** Questions about destructive actions. */
import { actionDetail, actionList } from '../../../shared/api/actions.ts';
import { question } from '../client/queries.ts';

export const actionsQuery = question(['accounts'], '/actions', actionList);
export const actionQuery = (id: string) => question(['accounts'], `/actions/${id}`, actionDetail);
