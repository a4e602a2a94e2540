/** Live queries and collected logs. */
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
