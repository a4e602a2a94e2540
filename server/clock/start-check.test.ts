import { describe, expect, it } from 'vitest';
import { checkStart, type StartFacts } from './start-check.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.parse('2027-03-01T12:00:00Z');

const USUAL: StartFacts = {
  now: NOW,
  uptime: 10 * DAY,
  boot: 'this',
  newest: { at: NOW - HOUR, what: 'a ledger entry' },
  heartbeat: { at: NOW - HOUR, uptime: 10 * DAY - HOUR, boot: 'this' },
  measured: null,
  released: NOW - 90 * DAY,
  authorityEnds: NOW + 1000 * DAY,
  longestSilence: 30 * DAY,
  accepted: null,
};
const REBOOTED = { at: NOW - HOUR, uptime: 99 * DAY, boot: 'the one before' };
const longAgo = (days: number): Partial<StartFacts> => ({
  newest: { at: NOW - days * DAY, what: 'a ledger entry' },
  heartbeat: { ...REBOOTED, at: NOW - days * DAY },
});
const measured = (ahead: number) => ({ measured: { source: 'the NTP server ntp.example.org', ahead } });

describe('a server starts', () => {
  it.each<[string, Partial<StartFacts>]>([
    ['an hour after it last ran', {}],
    ['for the first time', { newest: null, heartbeat: null, authorityEnds: null }],
    ['after a reboot', { heartbeat: REBOOTED }],
    ['on a system that names no boot', { boot: null, heartbeat: { ...REBOOTED, boot: null } }],
    ['a few minutes before the newest time in the store', { newest: { at: NOW + 5 * MINUTE, what: 'a list' } }],
    ['after three weeks off', longAgo(21)],
    ['after a year off, when a time source agrees', { ...longAgo(365), ...measured(MINUTE) }],
    [
      'after a paused virtual machine, when a time source agrees',
      {
        heartbeat: { at: NOW - 5 * DAY, uptime: 10 * DAY - HOUR, boot: 'this' },
        ...measured(0),
      },
    ],
  ])('%s', (_name, given) => {
    expect(checkStart({ ...USUAL, ...given })).toEqual({ objection: null });
  });
});

const REFUSED: [string, Partial<StartFacts>, RegExp][] = [
  ['before the release', { released: NOW + DAY }, /This release dates from 2027-03-02/],
  [
    'before the newest time in the store',
    { newest: { at: NOW + 2 * DAY, what: 'an order list' } },
    /already holds an order list of 2027-03-03T12:00:00.000Z, which is 2 days later/,
  ],
  [
    'before the newest time in the store, whatever a time source says',
    { newest: { at: NOW + 2 * DAY, what: 'an order list' }, ...measured(0) },
    /already holds an order list/,
  ],
  [
    'two days ahead of the uptime',
    { heartbeat: { at: NOW - 2 * DAY - HOUR, uptime: 10 * DAY - HOUR, boot: 'this' } },
    /the clock was set forward by 2 days since the server last ran/,
  ],
  [
    'two hours behind the uptime',
    { heartbeat: { at: NOW + HOUR, uptime: 10 * DAY - HOUR, boot: 'this' }, newest: null },
    /the clock was set back by 2 hours/,
  ],
  ['ahead of a time source', { heartbeat: REBOOTED, ...measured(2 * DAY) }, /2 days ahead of the NTP server ntp/],
  ['behind a time source', { newest: null, heartbeat: null, ...measured(-3 * HOUR) }, /3 hours behind the NTP/],
  ['after the end of the issuing certificate', { authorityEnds: NOW - DAY }, /issuing certificate ended/],
  ['after a year off, when no time source confirms it', longAgo(365), /no time source confirms the clock/],
];

describe('a server refuses to start', () => {
  it.each(REFUSED)('%s', (_name, given, words) => {
    expect(() => checkStart({ ...USUAL, ...given })).toThrow(words);
    expect(() => checkStart({ ...USUAL, ...given })).toThrow(
      /does not start, because .* Set the machine's clock.* CORDON_ACCEPT_CLOCK=2027-03-01T12:00:00.000Z/,
    );
  });

  it.each(REFUSED)('%s, unless an admin accepts the time that the clock shows', (_name, given, words) => {
    const accepted = checkStart({ ...USUAL, ...given, accepted: NOW - MINUTE });
    expect(accepted.objection).toMatch(words);
  });

  it('although an earlier start was accepted: the setting names a time, so it has no later effect', () => {
    const given = { ...USUAL, newest: { at: NOW + 2 * DAY, what: 'a list' }, accepted: NOW - HOUR };
    expect(() => checkStart(given)).toThrow(/names 2027-03-01T11:00:00.000Z, which is not the time/);
  });
});
