import { actionDetail, actionList } from '../../../shared/api/actions.ts';
import { topicQuery } from '../client/queries.ts';

export const actionsQuery = topicQuery(['accounts'], '/actions', actionList);
export const actionQuery = (id: string) => topicQuery(['accounts'], `/actions/${id}`, actionDetail);
