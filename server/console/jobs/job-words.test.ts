import { expect, it } from 'vitest';
import type { Command } from '../../../shared/protocol/frames.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import { failureCauses, isRepeatable, repeated } from './job-words.ts';

const failure = (device: string, state: 'failed' | 'expired', detail: string | null) => ({
  device: device as DeviceId,
  user: device,
  state,
  detail,
});

it('groups failures by state and detail, the most frequent first', () => {
  const causes = failureCauses([
    failure('a', 'expired', null),
    failure('b', 'failed', 'not_permitted: no helper'),
    failure('c', 'failed', 'not_permitted: no helper'),
  ]);
  expect(causes.map(({ state, detail, devices }) => [state, detail, devices.map(({ user }) => user)])).toEqual([
    ['failed', 'not_permitted: no helper', ['b', 'c']],
    ['expired', null, ['a']],
  ]);
});

it('repeats a change of software under an id of its own, and no command that destroys data', () => {
  const change: Command = { kind: 'change-software', change: 'old', manager: 'apt', action: 'update', packages: [] };
  expect(repeated(change)).toMatchObject({ kind: 'change-software', change: expect.not.stringMatching('old') });
  expect(repeated({ kind: 'refresh-inventory' })).toEqual({ kind: 'refresh-inventory' });
  expect((['wipe-workspace', 'unenroll', 'roll-back-software'] as const).some(isRepeatable)).toBe(false);
});
