import { commandList } from '../../../shared/api/commands.ts';
import {
  alertList,
  certificateList,
  deviceDetail,
  deviceReceiptList,
  evidenceView,
  verdictView,
} from '../../../shared/api/devices.ts';
import { explanationView } from '../../../shared/api/explanation.ts';
import { deviceAdvisories, deviceSoftware } from '../../../shared/api/inventory.ts';
import { lostModeState } from '../../../shared/api/lost-mode.ts';
import { topicQuery } from '../client/queries.ts';

export const deviceQuery = (id: string) => topicQuery(['devices'], `/devices/${id}`, deviceDetail);
export const lostModeQuery = (id: string) => topicQuery(['devices'], `/devices/${id}/lost-mode`, lostModeState);
export const deviceSoftwareQuery = (id: string) => topicQuery(['devices'], `/devices/${id}/software`, deviceSoftware);
export const deviceAdvisoriesQuery = (id: string) =>
  topicQuery(['devices'], `/devices/${id}/advisories`, deviceAdvisories);
export const verdictQuery = (id: string) =>
  topicQuery(['devices', 'orders', 'clock'], `/devices/${id}/verdict`, verdictView);
export const evidenceQuery = (id: string) => topicQuery(['devices', 'clock'], `/devices/${id}/evidence`, evidenceView);
/** A past state of a device is cached only briefly, because evidence can reach the server late and change that state. */
export const explanationQuery = (id: string, at: number) =>
  topicQuery(['devices', 'orders'], `/devices/${id}/explanation?at=${at}`, explanationView);
export const commandsQuery = (id: string) => topicQuery(['commands'], `/devices/${id}/commands?limit=50`, commandList);
export const receiptsQuery = (id: string) => topicQuery(['receipts'], `/devices/${id}/receipts`, deviceReceiptList);
export const certificatesQuery = (id: string) =>
  topicQuery(['devices'], `/devices/${id}/certificates`, certificateList);
export const alertsQuery = (id: string) => topicQuery(['alerts'], `/alerts?device=${id}&limit=50`, alertList);
