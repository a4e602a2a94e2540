import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { instantOf, offsetOf, parseTimeline, TimelineError } from './timeline.ts';

const folder = join(import.meta.dirname, '../timelines');

const state = { at: '2015-01-01T10:00', expect: 'state', label: 'a', services: { mail: 'allowed' } };
const propose = {
  at: '2015-01-01T09:00',
  do: 'propose',
  order: 'o',
  areas: ['PK'],
  services: ['mail'],
  nexus: ['present'],
  effective: '2015-01-02T00:00',
};
const timeline = {
  name: 'small',
  about: '',
  zone: 'Asia/Karachi',
  fleet: [
    { label: 'a', count: 1, home: 'PK', evidence: { ip: 'PK', position: [1, 2, 3], network: '410', sim: '410' } },
  ],
  steps: [propose, state],
};
const parse = (change: object) => parseTimeline(JSON.stringify({ ...timeline, ...change }));
const parseStep = (...steps: object[]) => parse({ steps: [propose, ...steps] });

describe('timeline', () => {
  it.each(readdirSync(folder).filter((file) => file.endsWith('.json')))('%s is as the format says', (file) => {
    expect(parseTimeline(readFileSync(join(folder, file), 'utf8')).steps.length).toBeGreaterThan(5);
  });

  it('gives instants by the zone, defaults, and numbers as people count', () => {
    const { steps, fleet } = parse({});
    expect(steps[0]).toMatchObject({ number: 1, at: Date.parse('2015-01-01T04:00Z'), by: 'proposer' });
    expect(steps[1]).toMatchObject({ number: 2, see: 'both' });
    expect(fleet[0]).toMatchObject({ online: true });
  });

  it.each([
    ['the timeline: unknown field "color"', { color: 'red' }],
    ['fleet.0: unknown field "cuont"', { fleet: [{ ...timeline.fleet[0], cuont: 2 }] }],
    ['fleet.0.evidence: unknown field "wifi"', { fleet: [{ ...timeline.fleet[0], evidence: { wifi: 'x' } }] }],
    ['fleet.0.count', { fleet: [{ ...timeline.fleet[0], count: 0 }] }],
    ['fleet: a label stands there twice', { fleet: [timeline.fleet[0], timeline.fleet[0]] }],
    ['zone: is an IANA time zone', { zone: 'Asia/Karachee' }],
    ['fleet: "server" is the server', { fleet: [{ ...timeline.fleet[0], label: 'server' }], steps: [propose] }],
    ['steps', { steps: [] }],
  ])('refuses with %s', (message, change) => {
    expect(() => parse(change)).toThrow(TimelineError);
    expect(() => parse(change)).toThrow(message);
  });

  it.each([
    ['step 2: unknown field "becuase"', { ...state, becuase: 'home' }],
    ['step 2.services: unknown field "fax"', { ...state, services: { fax: 'allowed' } }],
    ['step 2.services: names no service', { ...state, services: {} }],
    ['step 2.publication', { at: state.at, do: 'revise', order: 'o', publication: 'secret' }],
    ['step 2.noticePlan.0', { at: state.at, do: 'revise', order: 'o', noticePlan: ['P2D'] }],
    ['step 2: no order "x" has been proposed before it', { at: state.at, do: 'revise', order: 'o', answers: 'x' }],
    ['step 2.waiting', { at: state.at, do: 'revise', order: 'o', waiting: 'burn' }],
    ['step 2.services.mail', { ...state, services: { mail: 'perhaps' } }],
    ['step 2.because', { ...state, because: 'rain' }],
    ['step 2.expect', { at: state.at, label: 'a' }],
    ['step 2.do: unknown act "teleport"', { at: state.at, do: 'teleport', label: 'a' }],
    ['step 2: unknown field "order"', { at: state.at, do: 'offline', label: 'a', order: 'o' }],
    ['step 2: no fleet is labeled "b"', { ...state, label: 'b' }],
    ['step 2: nobody is called "b"', { at: state.at, do: 'crash', who: 'b' }],
    ['step 2: no fleet is labeled "b"', { ...propose, at: state.at, exempt: ['b'] }],
    ['step 2: no fleet is labeled "b"', { ...propose, at: state.at, exempt: ['a', { label: 'b' }] }],
    ['step 2.exempt.0', { ...propose, at: state.at, exempt: [{ label: 'a', until: 'soon' }] }],
    ['step 2.puts.5.5.5', { at: state.at, do: 'ip-database', database: 'd', puts: { '5.5.5': 'PK' } }],
    ['step 2.puts.5.5.5.1', { at: state.at, do: 'ip-database', database: 'd', puts: { '5.5.5.1': 'Pakistan' } }],
    ['step 2: unknown field "database"', { at: state.at, do: 'rollback', database: 'd' }],
    ['step 2: the server was not stopped', { at: state.at, do: 'start' }],
    ['step 2: no order "p" has been proposed', { at: state.at, do: 'approve', order: 'p' }],
    ['step 2: no order "p" has been proposed', { ...state, order: 'p' }],
    ['step 2: 2014-12-31T00:00 is before the step above it', { ...state, at: '2014-12-31T00:00' }],
    [
      'step 2: no order "p" has been proposed',
      { at: state.at, do: 'pause', order: 'o', expect: { refused: 'conflict', order: 'p' } },
    ],
    ['step 2.at: is a time such as', { ...state, at: 'yesterday' }],
    ['step 2.expect.refused', { at: state.at, do: 'pause', order: 'o', expect: { refused: 'no_such_code' } }],
    [
      'step 2.expect: unknown field "reason"',
      { at: state.at, do: 'pause', order: 'o', expect: { refused: 'conflict', reason: 1 } },
    ],
    ['step 2: "x" has not been sent to a', { at: state.at, expect: 'inbox', label: 'a', texts: ['x'] }],
    ['step 2: no fleet is labeled "b"', { at: state.at, expect: 'inbox', label: 'b', texts: [] }],
    ['step 2: unknown field "order"', { at: state.at, expect: 'inbox', label: 'a', texts: [], order: 'o' }],
    ['step 2.offset', { at: state.at, do: 'clock', label: 'a', offset: 'two days' }],
    ['step 2.evidence: unknown field "wifi"', { at: state.at, do: 'move', label: 'a', evidence: { wifi: null } }],
  ])('refuses with %s', (message, step) => {
    expect(() => parseStep(step)).toThrow(message);
  });

  it('leaves unknown areas and services to the server, whose refusal can be expected', () => {
    const steps = [{ ...propose, areas: ['*'], services: ['telepathy'], expect: { refused: 'unknown_area' } }];
    expect(parse({ steps }).steps[0]).toMatchObject({ areas: ['*'], services: ['telepathy'] });
  });

  it('refuses an inbox with a text that went to another device, or is listed twice', () => {
    const fleet = ['a', 'b'].map((label) => ({ label, count: 1, home: 'PK' }));
    const sent = { at: state.at, do: 'send', from: 'a', to: 'b', text: 'x' };
    const inbox = (label: string, ...texts: string[]) =>
      parse({ fleet, steps: [sent, { at: state.at, expect: 'inbox', label, texts }] });
    expect(inbox('b', 'x').steps[1]).toMatchObject({ label: 'b', texts: ['x'] });
    expect(() => inbox('a', 'x')).toThrow('step 2: "x" has not been sent to a before it');
    expect(() => inbox('b', 'x', 'x')).toThrow('step 2: a text stands there twice');
  });

  it('takes of a stopped server nothing but to be started', () => {
    const at = state.at;
    const stopped = (...steps: object[]) => parseStep({ at, do: 'stop' }, ...steps);
    expect(
      stopped({ at, do: 'offline', label: 'a' }, { ...state, see: 'device' }, { at, do: 'start' }, state),
    ).toBeTruthy();
    const wrong = 'step 3: the server was stopped, and this takes it: start it first';
    for (const step of [
      state,
      propose,
      { do: 'stop' },
      { do: 'crash', who: 'server' },
      { do: 'withdraw', order: 'o' },
    ]) {
      expect(() => stopped({ ...step, at })).toThrow(wrong);
    }
  });

  it('refuses a step at a local time that does not exist, and takes it with an offset', () => {
    expect(() => parse({ zone: 'Asia/Beirut', steps: [{ ...propose, at: '2024-03-31T00:30' }] })).toThrow(
      'step 1.at: 2024-03-31T00:30 is no time in Asia/Beirut',
    );
    expect(instantOf('2024-03-31T00:30+02:00', 'Asia/Beirut')).toBe(Date.parse('2024-03-30T22:30Z'));
  });

  it('counts a clock’s offset in months from the step’s own day', () => {
    const from = Date.parse('2015-03-15T12:00Z');
    expect(offsetOf('-P30D', from, 'Asia/Karachi')).toBe(-30 * 86_400_000);
    expect(offsetOf('P1M', from, 'Asia/Karachi')).toBe(31 * 86_400_000);
    expect(offsetOf('-PT90M', from, 'Asia/Karachi')).toBe(-90 * 60_000);
  });
});
