import { expect, it } from 'vitest';
import { COMMAND_KINDS } from '../../../../shared/protocol/command-kinds.ts';
import { allowsJoiners, allowsRetry, offeredKinds } from './offered-kinds.ts';

const all = offeredKinds(() => true);

it('offers every command for many devices, except the fetch of a file and the rollback of a job', () => {
  expect(COMMAND_KINDS.filter((kind) => !all.includes(kind)).sort()).toEqual(['fetch-file', 'roll-back-software']);
});

it.each([
  ['commands.destroy', ['wipe-workspace', 'unenroll']],
  ['commands.change-software', ['change-software', 'install-package', 'update-os']],
  ['commands.power', ['restart-device', 'shut-down-device']],
  ['commands.push-file', ['push-file']],
  ['files.list', ['push-file']],
  ['scripts.run', ['run-script']],
] as const)('without the right %s, omits %s', (missing, kinds) => {
  const offered = offeredKinds((right) => right !== missing);
  expect(all.filter((kind) => !offered.includes(kind)).sort()).toEqual([...kinds].sort());
});

it('allows no later devices and no repetition where the server refuses them', () => {
  expect(all.filter(allowsJoiners).sort()).toEqual([
    'collect-logs',
    'message',
    'refresh-inventory',
    'restart-agent',
    'unlock-workspace',
  ]);
  expect(all.filter((kind) => !allowsRetry(kind)).sort()).toEqual(['run-script', 'unenroll', 'wipe-workspace']);
});
