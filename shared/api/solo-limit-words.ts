/** Text about the limit for one person: devices that this person may wipe, unenroll, revoke, retire, re-enroll or reassign alone in 24 hours. */
import type { z } from 'zod';
import type { actionList } from './actions.ts';

type SoloLimit = z.output<typeof actionList>['soloLimit'];

const devices = (count: number): string => `${count.toLocaleString('en')} ${count === 1 ? 'device' : 'devices'}`;

/** Returns the sentences that tell a person how much of the limit is used. */
export const soloLimitText = ({ used, limit }: SoloLimit): string =>
  `In the last 24 hours, you have wiped, unenrolled, revoked, retired, re-enrolled or reassigned ${devices(used)} without a second person. One person may do so for at most ${devices(limit)} in 24 hours. Pending actions do not count.`;
