import { channelList, notificationRuleList } from '../../../shared/api/notifications.ts';
import { topicQuery } from '../client/queries.ts';

export const rulesQuery = topicQuery([], '/notifications/rules', notificationRuleList);
export const channelsQuery = topicQuery([], '/notifications/channels', channelList);
