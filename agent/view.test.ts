import { describe, expect, it } from 'vitest';
import { CordonError } from '../shared/errors.ts';
import { deviceIdSchema } from '../shared/protocol/ids.ts';
import { plain, plainJson } from '../shared/text/visible-text.ts';
import type { AgentStatus } from './agent.ts';
import type { DenialView, GateView } from './enforcement/gate-view.ts';
import { EXIT } from './exit-codes.ts';
import { explainFailure } from './explain-failure.ts';
import { messageLines, noticeLines, statusLines } from './view.ts';

const AT = Date.parse('2015-12-30T07:00:00Z');
/** Clears the screen, sets the title, turns the line round, breaks it, and hides a tag. */
const HOSTILE = 'Order\u001b[2J\u009b31m\u0007 \u202egnihton\u2028x\n\u{e0041}<script>';
const STEERING = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u{e0000}-\u{e007f}]/u;

const denial = (changes: Partial<DenialView> = {}): DenialView => ({
  order: '2015-001',
  revision: 3,
  title: 'Pakistan, November 2015',
  reasons: ['present', 'network'],
  until: null,
  waiting: 'hold',
  appeal: 'the High Court',
  statement: { en: 'Service is suspended.' },
  ...changes,
});
const gate = (service: GateView['service'], denials: readonly DenialView[] = []): GateView => ({
  service,
  open: denials.length === 0,
  reasons: ['no_order'],
  denials,
  since: AT,
});
const status = (changes: Partial<AgentStatus> = {}): AgentStatus => ({
  device: deviceIdSchema.parse('dev_aaaaaaaaaaaaaaaa'),
  generation: 1,
  installation: 'inst',
  now: AT,
  authenticatedTime: true,
  claimedTime: null,
  connection: 'connected',
  connectionDetail: null,
  certificateExpires: AT,
  root: 1,
  list: 2,
  record: 1,
  listExpires: AT,
  location: { areas: [], certainty: 'unknown', source: null, disagree: [], network: null },
  sources: [{ name: 'gpsd', state: 'failed', detail: HOSTILE }],
  gates: [gate('management'), gate('messaging'), gate('mail')],
  nextChange: null,
  workspace: 'open',
  messaging: { state: 'uncertified' },
  unsent: 0,
  ...changes,
});
const shown = (changes: Partial<AgentStatus> = {}, running = true) => statusLines(status(changes), running).join('\n');

describe('status', () => {
  it('says how to start an agent that does not run, and nothing of a connection', () => {
    expect(shown({}, false)).toMatch(/not running: start it with `cordon-agent run`/);
    expect(shown({}, false)).not.toMatch(/connection/);
  });

  it('says of a source that refuses why it does', () => {
    const sources = [{ name: 'GeoClue', state: 'refused', detail: 'disallowed by configuration' }] as const;
    expect(shown({ sources })).toMatch(/^sensors +GeoClue: refuses \(disallowed by configuration\)$/m);
  });

  it.each([
    ['revoked', /revoked: it is over\n[\s\S]*new link[\s\S]*enrol --replace/],
    ['rejected', /rejected: it is over\n.*tries again by itself[\s\S]*wrong database/],
    ['refused', /refused: it is over\n.*nothing to do here/],
    ['waiting', /waiting: it is over\n.*tries again by itself/],
  ] as const)('says what to do when the connection is %s', (connection, words) => {
    expect(shown({ connection, connectionDetail: 'it is over' })).toMatch(words);
  });

  it('says that the order list has expired, and whom to tell while the server is there', () => {
    expect(shown({ now: AT - 1 })).toMatch(/\(good until 2015-12-30T07:00Z\)/);
    expect(shown({ now: AT, connection: 'waiting' })).toMatch(/expired 2015-12-30T07:00Z, and no newer one has come\)/);
    expect(shown({ now: AT, connection: 'connected' })).toMatch(
      /no newer one has come: orders may have .* tell your admin/,
    );
  });

  it('names each order that suspends, its end, and its words once', () => {
    const ends = denial({ order: '2015-002', until: AT });
    const text = shown({ gates: [gate('messaging', [denial(), ends]), gate('mail', [denial()])] });
    expect(text).toMatch(
      /messaging +suspended, since 2015-12-30T07:00Z\n +by order 2015-001\.3, .*, because present, network; no end is set\n/,
    );
    expect(text).toMatch(/by order 2015-002\.3, .*; until 2015-12-30T07:00Z/);
    expect(text).toMatch(/mail +suspended.*\n +by order 2015-001\.3[^\n]*$/);
    expect(text.match(/Service is suspended/g)).toHaveLength(2);
  });
});

it('says of a notice that came too late when it was told, not what it should have been', () => {
  const told = (late: boolean) => {
    const { order, revision, title, statement, appeal } = denial();
    const terms = { order, revision, title, statement, appeal, services: ['mail'], areas: ['PK'] } as const;
    const rest = { status: 'active', reasons: [], effective: AT, until: null, exit: null } as const;
    const notice = { ...terms, ...rest, told: [{ moment: 'P30D', at: AT, shown: false, late } as const] };
    return noticeLines([notice], ['en'], 'UTC').at(-1);
  };
  expect(told(false)).toMatch(/^ {2}Told 30 days before: .*30 Dec 2015/);
  expect(told(true)).toMatch(/^ {2}Told: .*30 Dec 2015/);
});

describe('case 51: text from elsewhere', () => {
  it('steers no terminal, wherever it stands', () => {
    const hostile = denial({ title: HOSTILE, appeal: HOSTILE, statement: { en: HOSTILE } });
    const lines = [
      ...statusLines(status({ connectionDetail: HOSTILE, gates: [gate('mail', [hostile])] }), true),
      ...noticeLines(
        [
          {
            ...hostile,
            ...{ status: 'held', services: ['mail'], areas: ['PK'], effective: AT, until: AT, title: HOSTILE },
            reasons: ['present'],
            exit: { exportsUntil: AT, approved: true, wiped: null },
            told: [{ moment: 'P7D', at: AT, shown: false, late: false }],
          },
        ],
        [],
        'UTC',
      ),
      ...messageLines([{ id: 'm', text: HOSTILE, at: AT, shown: false }]),
    ];
    for (const line of lines) expect(line).not.toMatch(STEERING);
    expect(lines.join('\n')).toContain('<script>');
  });

  it('is isolated when it runs from right to left', () => {
    expect(plain('اطلاع: سروس معطل ہے')).toBe('\u2068اطلاع: سروس معطل ہے\u2069');
    expect(plain('Café, 東京')).toBe('Café, 東京');
  });

  it('says the same in JSON, escaped', () => {
    const text = plainJson({ title: HOSTILE });
    expect(text.replaceAll('\n', '')).not.toMatch(STEERING);
    expect(JSON.parse(text)).toEqual({ title: HOSTILE });
  });
});

describe('a failure', () => {
  const nodeError = (code: string, more: object = {}) => Object.assign(new Error(`${code}: it`), { code, ...more });
  it.each([
    [
      'no server',
      nodeError('ECONNREFUSED'),
      /cannot be reached \(ECONNREFUSED: it\): check the network/,
      EXIT.unavailable,
    ],
    [
      'no server at any address',
      Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }),
      /\(ECONNREFUSED\)/,
      EXIT.unavailable,
    ],
    ['another certificate', nodeError('SELF_SIGNED_CERT_IN_CHAIN'), /somebody else. Tell your admin/, EXIT.unverified],
    ['a clock years off', nodeError('CERT_NOT_YET_VALID'), /set its clock right/, EXIT.unverified],
    ['another user’s folder', nodeError('EACCES', { path: '/x' }), /permission for \/x: run this as/, EXIT.refused],
    ['a missing file', nodeError('ENOENT', { path: '/x' }), /^There is no \/x\.$/, EXIT.notFound],
    ['a full disk', nodeError('ENOSPC'), /make room/, EXIT.unavailable],
    ['nonsense', new SyntaxError('Unexpected token < in JSON'), /makes no sense here/, EXIT.unverified],
    ['our own', new CordonError('code_used', 'It was used.'), /^It was used. \(code_used\)$/, EXIT.conflict],
  ])('is explained: %s', (_name, error, words, exit) => {
    const explained = explainFailure(error);
    expect(explained.words).toMatch(words);
    expect(explained.exit).toBe(exit);
  });
});
