import { describe, expect, it } from 'vitest';
import { CordonError } from '../shared/errors.ts';
import { EXIT } from '../shared/exit-codes.ts';
import { deviceIdSchema, newCommandId } from '../shared/protocol/ids.ts';
import { plain, plainJson } from '../shared/text/visible-text.ts';
import type { AgentStatus } from './agent.ts';
import type { DenialView, GateView } from './enforcement/gate-view.ts';
import { explainFailure } from './explain-failure.ts';
import { messageLines, noticeLines, statusLines } from './view.ts';

const AT = Date.parse('2015-12-30T07:00:00Z');
/** Control characters that clear the screen, set the title, reverse the line, break it, and hide a tag. */
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
  authoritative: null,
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
  approverSet: 1,
  list: 2,
  record: 1,
  listExpires: AT,
  location: { areas: [], certainty: 'unknown', source: null, disagree: [], network: null },
  sources: [{ name: 'gpsd', state: 'failed', detail: HOSTILE }],
  gates: [gate('management'), gate('messaging'), gate('mail')],
  nextChange: null,
  policy: { settings: [], compliance: null },
  lostMode: null,
  displayName: null,
  workspace: 'open',
  mailPrograms: null,
  connector: null,
  messaging: { state: 'uncertified' },
  mail: { state: 'uncertified' },
  unsent: 0,
  disk: null,
  ...changes,
});
const shown = (changes: Partial<AgentStatus> = {}, running = true) => statusLines(status(changes), running).join('\n');

describe('status', () => {
  it('explains how to start a stopped agent, without a connection state', () => {
    expect(shown({}, false)).toMatch(/not running; start it with `cordon-agent run`/);
    expect(shown({}, false)).not.toMatch(/connection/);
  });

  it.each(['unknown', 'contested'] as const)(
    'says that no order applies to an open service if the location is %s and the order allows it',
    (reason) => {
      const text = shown({ gates: [{ ...gate('messaging'), open: true, reasons: [reason] }] });
      expect(text).toContain('The order does not apply in this case.');
      expect(text).not.toContain('The order applies');
    },
  );

  it('explains why a source refuses', () => {
    const sources = [{ name: 'GeoClue', state: 'refused', detail: 'disallowed by configuration' }] as const;
    expect(shown({ sources })).toMatch(/^sensors +GeoClue: access refused \(disallowed by configuration\)$/m);
  });

  it.each([
    ['revoked', /revoked: it is over\n[\s\S]*activation link[\s\S]*enroll --replace/],
    ['rejected', /rejected: it is over\n.*tries again by itself[\s\S]*wrong database/],
    ['unrestored', /unrestored: it is over\n.*Tell your admin\..*tries again by itself/],
    ['refused', /refused: it is over\n.*No action is necessary/],
    ['waiting', /waiting: it is over\n.*tries again by itself/],
  ] as const)('says what to do when the connection is %s', (connection, words) => {
    expect(shown({ connection, connectionDetail: 'it is over' })).toMatch(words);
  });

  const MiB = 2 ** 20;
  it.each([
    ['nothing of a disk with room', 'ok', 100, 32, null],
    [
      'that the disk is full',
      'full',
      0.5,
      31.5,
      /^disk +full: 0.5 MiB free. The agent still stores and enforces new orders: 31.5 of 32.0 MiB .*\n +Messages, commands and position reports wait. Free some space/m,
    ],
    ['that nothing is reserved', 'full', 0, 0, /The agent cannot store new orders: 0.0 of 32.0 MiB/],
    [
      'that the reserve is incomplete',
      'low',
      3,
      20,
      /^disk +low: 3.0 MiB free. .*20.0 of 32.0 MiB .*\n +The reserved space may be too small for the largest orders. Free/m,
    ],
  ] as const)('says %s', (_case, state, free, reserved, words) => {
    const lines = shown({ disk: { state, free: free * MiB, reserved: reserved * MiB, size: 32 * MiB } });
    if (words === null) expect(lines).not.toMatch(/^disk/m);
    else expect(lines).toMatch(words);
  });

  it('states that the order list has expired, and whom to tell while the server is reachable', () => {
    expect(shown({ now: AT - 1 })).toMatch(/\(valid until 2015-12-30T07:00Z\)/);
    expect(shown({ now: AT, connection: 'waiting' })).toMatch(/expired 2015-12-30T07:00Z, no newer list has arrived\)/);
    expect(shown({ now: AT, connection: 'connected' })).toMatch(
      /no newer list has arrived; orders may have .* tell your admin/,
    );
  });

  it('shows mail with its own state and gate', () => {
    expect(shown()).toMatch(/^mail +not verified yet; your organization must verify this device$/m);
    expect(shown({ mail: { state: 'ready', address: 'ada@corp.example', name: 'Ada' } })).toMatch(
      /^mail +ready; your address is ada@corp\.example$/m,
    );
    expect(shown({ gates: [gate('messaging'), gate('mail')] })).toMatch(/messaging +open.*\nmail +open/);
    const suspended = shown({ gates: [gate('mail', [denial({ waiting: 'return' })])] });
    expect(suspended).toMatch(/mail +suspended.*mails to you are returned to the senders/s);
  });

  it('names each order that suspends a service, with its end and its text once', () => {
    const ends = denial({ order: '2015-002', until: AT });
    const text = shown({ gates: [gate('messaging', [denial(), ends]), gate('mail', [denial()])] });
    expect(text).toMatch(
      /messaging +suspended, since 2015-12-30T07:00Z\n +by order 2015-001\.3, .*; no end time\n +This device is in .* The mobile network of this device is in .*\n/,
    );
    expect(text).toMatch(/by order 2015-002\.3, .*; until 2015-12-30T07:00Z/);
    expect(text).toMatch(
      /mail +suspended.*\n +by order 2015-001\.3[^\n]*\n +This device is in [^\n]*\n +mails to you wait [^\n]*$/,
    );
    expect(text.match(/Service is suspended/g)).toHaveLength(2);
  });
});

it('shows the time of a late notice instead of its planned moment', () => {
  const displayedLine = (late: boolean) => {
    const { order, revision, title, statement, authoritative, appeal } = denial();
    const terms = {
      order,
      revision,
      title,
      statement,
      authoritative,
      appeal,
      services: ['mail'],
      areas: ['PK'],
    } as const;
    const rest = { status: 'active', reasons: [], effective: AT, until: null, exit: null } as const;
    const notice = { ...terms, ...rest, deliveries: [{ moment: 'P30D', at: AT, displayed: false, late } as const] };
    return noticeLines([notice], ['en'], 'UTC').at(-1);
  };
  expect(displayedLine(false)).toMatch(/^ {2}Displayed 30 days before: .*30 Dec 2015/);
  expect(displayedLine(true)).toMatch(/^ {2}Displayed: .*30 Dec 2015/);
});

it('names the authoritative text in the language of the displayed text', () => {
  const lines = (authoritative: string | null, languages: readonly string[]) => {
    const { order, revision, title, appeal } = denial();
    const statement = { de: 'Der Dienst endet.', en: 'Service ends.', sv: 'Tjänsten upphör.' };
    const rest = { status: 'active', reasons: [], effective: AT, until: null, exit: null, deliveries: [] } as const;
    const of = { services: ['messaging'], areas: ['PK'], statement, authoritative, appeal } as const;
    return noticeLines([{ order, revision, title, ...of, ...rest }], languages, 'UTC');
  };
  expect(lines('de', ['en'])).toContain('  Authoritative text: German. This is a translation.');
  expect(lines('de', ['de'])).toContain('  Dieser Text ist maßgeblich.');
  // There is no Swedish text, so the reader's next language is used.
  expect(lines('ur', ['sv', 'de'])).toContain('  Maßgeblicher Text: Urdu. Dies ist eine Übersetzung.');
  expect(lines(null, ['en']).join('\n')).not.toMatch(/authoritative/i);
  expect(shownDenial('de')).toContain('authoritative text: de');
  expect(shownDenial(null)).not.toContain('authoritative');
});

const shownDenial = (authoritative: string | null) =>
  statusLines(status({ gates: [gate('messaging', [denial({ authoritative })])] }), true).join('\n');

describe('case 51: text from the server and from people', () => {
  it('cannot control a terminal in any field', () => {
    const hostile = denial({ title: HOSTILE, appeal: HOSTILE, statement: { en: HOSTILE } });
    const lines = [
      ...statusLines(status({ connectionDetail: HOSTILE, gates: [gate('mail', [hostile])] }), true),
      ...noticeLines(
        [
          {
            ...hostile,
            status: 'paused',
            services: ['mail'],
            areas: ['PK'],
            effective: AT,
            until: AT,
            title: HOSTILE,
            reasons: ['present'],
            exit: { exportsUntil: AT, approved: true, wiped: null },
            deliveries: [{ moment: 'P7D', at: AT, displayed: false, late: false }],
          },
        ],
        [],
        'UTC',
      ),
      ...messageLines([{ id: newCommandId(), text: HOSTILE, at: AT, displayed: false }]),
    ];
    for (const line of lines) expect(line).not.toMatch(STEERING);
    expect(lines.join('\n')).toContain('<script>');
  });

  it('is isolated when it runs from right to left', () => {
    expect(plain('اطلاع: سروس معطل ہے')).toBe('\u2068اطلاع: سروس معطل ہے\u2069');
    expect(plain('Café, 東京')).toBe('Café, 東京');
  });

  it('is complete and escaped in JSON', () => {
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
      /cannot be reached \(ECONNREFUSED: it\)\. Check the network/,
      EXIT.unavailable,
    ],
    [
      'no server at any address',
      Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }),
      /\(ECONNREFUSED\)/,
      EXIT.unavailable,
    ],
    [
      'another certificate',
      nodeError('SELF_SIGNED_CERT_IN_CHAIN'),
      /Another machine may pretend to be the server. Tell your admin/,
      EXIT.unverified,
    ],
    ['a clock years off', nodeError('CERT_NOT_YET_VALID'), /Set this machine’s clock/, EXIT.unverified],
    [
      'another user’s folder',
      nodeError('EACCES', { path: '/x' }),
      /permission for \/x\. Run this command as/,
      EXIT.forbidden,
    ],
    ['a missing file', nodeError('ENOENT', { path: '/x' }), /^\/x does not exist\. Check the name\.$/, EXIT.notFound],
    ['a full disk', nodeError('ENOSPC'), /Free some space/, EXIT.unavailable],
    ['nonsense', new SyntaxError('Unexpected token < in JSON'), /has an unknown format/, EXIT.unverified],
    ['our own', new CordonError('code_used', 'It was used.'), /^It was used. \(code_used\)$/, EXIT.conflict],
  ])('is explained: %s', (_name, error, words, exit) => {
    const explained = explainFailure(error);
    expect(explained.words).toMatch(words);
    expect(explained.exit).toBe(exit);
  });
});
