/** Live queries, collected logs and lost mode. */
import { BILAL, days, HOSTNAME, TIMES } from './story.ts';

const query = { kind: 'processes', name: 'sshd' };
export const liveQueryRequest = { query, devices: [BILAL.device], seconds: 30 };
export const liveQueryView = {
  id: 'qry_abcdefghijklmnop',
  query,
  createdAt: TIMES.now,
  deadline: TIMES.now + 30_000,
  deletedAt: TIMES.now + 3_600_000,
  devices: 2,
  counts: { answered: 1, 'not-connected': 1 },
};
export const liveQueryList = { queries: [liveQueryView] };
export const answerPage = {
  answers: [
    {
      device: BILAL.device,
      user: BILAL.name,
      host: HOSTNAME,
      state: 'answered',
      detail: '',
      rows: [['sshd', 812, 'root', '/usr/sbin/sshd', 9_400_320, TIMES.now - days(3)]],
      truncated: false,
    },
  ],
  next: null,
};
export const deviceLogList = {
  logs: [{ command: 'cmd_abcdefghijklmnop', at: TIMES.now, size: 48_213, deletedAt: TIMES.now + days(7) }],
};

const lost = { reason: 'Left in a taxi in Karachi', contact: 'Please call +92 21 555 0100.' };
export const lostModeRequest = { ...lost, days: 7 };
export const lostModeView = {
  id: 'lst_abcdefghijklmnop',
  ...lost,
  startedAt: TIMES.now - days(1),
  until: TIMES.now + days(6),
  deliveredAt: TIMES.now - days(1),
  unlocatedAt: null,
  endedAt: null,
  endedBy: null,
  positions: { count: 2, newestAt: TIMES.now - 60_000 },
};
export const lostModeState = { lostMode: lostModeView };
export const positionList = {
  positions: [
    { latitude: 24.86081, longitude: 67.00964, accuracy: 12, at: TIMES.now - 60_000 },
    { latitude: 24.86102, longitude: 67.01011, accuracy: 15, at: TIMES.now - 360_000 },
  ],
};
