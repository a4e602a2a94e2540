import { labelList } from '../../../../shared/api/devices.ts';
import { topicQuery } from '../../client/queries.ts';

/** Labels in use on the devices that the admin's role includes. */
export const labelsQuery = topicQuery(['devices'], '/device-labels', labelList);
