/** What the pages about devices ask of the server. */

import { commandList } from '../../../shared/api/commands.ts';
import {
  alarmList,
  certificateList,
  deviceDetail,
  deviceReceiptList,
  evidenceView,
  verdictView,
} from '../../../shared/api/devices.ts';
import { explanationView } from '../../../shared/api/explanation.ts';
import { question } from '../client/queries.ts';

export const deviceQuestion = (id: string) => question(['devices'], `/devices/${id}`, deviceDetail);
export const verdictQuestion = (id: string) =>
  question(['devices', 'orders', 'clock'], `/devices/${id}/verdict`, verdictView);
export const evidenceQuestion = (id: string) => question(['devices', 'clock'], `/devices/${id}/evidence`, evidenceView);
/** The past changes when late evidence comes. */
export const explanationQuestion = (id: string, at: number) =>
  question(['devices', 'orders'], `/devices/${id}/explanation?at=${at}`, explanationView);
export const commandsQuestion = (id: string) => question(['commands'], `/devices/${id}/commands?limit=50`, commandList);
export const receiptsQuestion = (id: string) => question(['receipts'], `/devices/${id}/receipts`, deviceReceiptList);
export const certificatesQuestion = (id: string) =>
  question(['devices'], `/devices/${id}/certificates`, certificateList);
export const alarmsQuestion = (id: string) => question(['alarms'], `/alarms?device=${id}&limit=50`, alarmList);
