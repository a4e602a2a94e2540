import { describe, expect, it } from 'vitest';
import { type Decision, decide, RETRY_AFTER, type Situation } from './decide.ts';

const NOW = 1_000_000_000;
const OLD_AGENT = 'a';
const NEW_AGENT = 'b';
const target = (version: string, revision = 5) => ({ version, revision });
const base: Situation = {
  installed: '0.2.0',
  target: target('0.3.0'),
  former: [],
  record: null,
  instance: OLD_AGENT,
  connected: true,
  isLate: false,
  now: NOW,
};
const record = (state: NonNullable<Situation['record']>['state'], more: Partial<Situation['record']> = {}) => ({
  state,
  to: '0.3.0',
  revision: 5,
  instance: OLD_AGENT,
  attempts: 1,
  at: NOW - 1000,
  ...more,
});
const waiting = { installed: '0.3.0', record: record('waiting') };
const failed = (more: Parameters<typeof record>[1] = {}) => ({ record: record('failed', more) });

const CASES: readonly (readonly [string, Partial<Situation>, Decision])[] = [
  ['a newer version', {}, 'install'],
  ['the same version', { installed: '0.3.0' }, 'none'],
  ['the same version in another form', { installed: '0:0.3.0' }, 'none'],
  ['an agent without a package', { installed: null }, 'none'],
  ['no channel, or a channel without a package', { target: null }, 'none'],
  ['an agent that is not connected', { connected: false }, 'offline'],
  ['an earlier version that the channel never left', { installed: '0.4.0' }, 'none'],
  ['a channel that an admin moved back', { installed: '0.4.0', former: ['0.4.0', '0.3.0'] }, 'install'],
  ['a pre-release of the target', { installed: '0.3.0~rc1' }, 'install'],
  ['a number with more digits', { installed: '0.9.0', target: target('0.10.0') }, 'install'],
  ['an installation that runs', { record: record('installing') }, 'wait'],
  ['a rollback that runs', { record: record('rolling-back') }, 'wait'],
  ['the agent from before the update', waiting, 'wait'],
  ['the new agent, not connected', { ...waiting, instance: NEW_AGENT, connected: false }, 'wait'],
  ['the new agent, connected', { ...waiting, instance: NEW_AGENT }, 'confirm'],
  ['the new agent, connected at the last moment', { ...waiting, instance: NEW_AGENT, isLate: true }, 'confirm'],
  ['no connected agent in time', { ...waiting, connected: false, isLate: true }, 'roll-back'],
  ['no channel during an update', { ...waiting, target: null, instance: NEW_AGENT }, 'confirm'],
  ['a newer publication during an update', { ...waiting, target: target('0.4.0', 6) }, 'wait'],
  ['another program that changed the package', { ...waiting, installed: '0.2.0' }, 'forget'],
  ['a version that has just failed', failed(), 'held'],
  ['a version that failed a day ago', failed({ at: NOW - RETRY_AFTER }), 'install'],
  ['a version that failed three times', failed({ at: NOW - RETRY_AFTER, attempts: 3 }), 'held'],
  ['a version that failed, published again', { ...failed(), target: target('0.3.0', 6) }, 'install'],
  ['another version after a failure', { ...failed(), target: target('0.3.1', 6) }, 'install'],
  ['a clock that was set back after a failure', failed({ at: NOW + RETRY_AFTER }), 'install'],
  [
    'a version after a finished update',
    { installed: '0.3.0', record: record('done'), target: target('0.4.0') },
    'install',
  ],
];

describe('the decision about an update', () => {
  it.each(CASES)('%s', (_, change, decision) => {
    expect(decide({ ...base, ...change })).toBe(decision);
  });
});
