/** Secrets never appear in the log, wherever they are: in a field, deep inside an object, in a list, in an error, or inside a text. */
import { describe, expect, it } from 'vitest';
import { formatActivationLink } from '../../shared/protocol/activation-link.ts';
import { deviceIdSchema } from '../../shared/protocol/ids.ts';
import { createServerLog } from './server-log.ts';

/** Log line as text and as JSON. */
function logged(
  facts: object,
  message = 'an entry',
): { readonly text: string; readonly json: Record<string, unknown> } {
  const lines: string[] = [];
  const log = createServerLog('debug', { write: (line: string) => void lines.push(line) });
  log.error(facts, message);
  expect(lines).toHaveLength(1);
  const [text = ''] = lines;
  return { text, json: JSON.parse(text) };
}

const DEVICE = deviceIdSchema.parse('dev_aaaaaaaaaaaaaaaa');
const CODE_SECRET = 'abcdefghijklmnopqrstuvwxyz';
const TOKEN = `cordon_${'Zz09_-'.repeat(7)}a`;
const COOKIE = 'c00kie-Value_of_a_session_0123456789abcdefg';
const ACTIVATION = formatActivationLink({
  publicUrl: 'https://cordon.example:8444',
  deviceUrl: 'wss://cordon.example:8443',
  fingerprint: 'a'.repeat(64),
  code: { id: DEVICE, secret: CODE_SECRET },
});
const PRIVATE_KEY =
  '-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----';

/** Secrets with the text that must not appear. */
const SECRETS: readonly (readonly [name: string, text: string, secret: string])[] = [
  ['an API token', TOKEN, TOKEN.slice(7)],
  ['an authorization header', `Bearer ${TOKEN}`, TOKEN.slice(7)],
  ['an unknown bearer', 'authorization: Bearer eyJhbGciOiJF.eyJzdWIi.c2ln', 'eyJzdWIi'],
  ['a session cookie', `cordon_session=${COOKIE}; Path=/; HttpOnly`, COOKIE],
  ['a session cookie over HTTPS', `theme=dark; __Host-cordon_session=${COOKIE}`, COOKIE],
  ['the cookie of a known browser', `__Host-cordon_browser=${COOKIE}`, COOKIE],
  ['an activation link', ACTIVATION, CODE_SECRET],
  ['an activation link in a QR code page', encodeURIComponent(ACTIVATION), CODE_SECRET],
  ['an activation code', `${DEVICE}.${CODE_SECRET}`, CODE_SECRET],
  ['an invitation link', `https://cordon.example:8445/#invitation=${COOKIE}`, COOKIE],
  ['a verification link', `https://cordon.example/#verify=${COOKIE}`, COOKIE],
  ['a mail server’s URL', 'smtps://cordon:hunter2-secret@mail.example.org:465', 'hunter2-secret'],
  ['the first owner’s link', `https://cordon.example/#first-owner&invitation=${COOKIE}`, COOKIE],
  ['the URL of a database', 'postgres://cordon:hunter2@db.example:5432/cordon', 'hunter2'],
  ['the options of a connection', 'host=db.example password=hunter2 user=cordon', 'hunter2'],
  ['a passphrase in a query', 'file:///keys?passphrase=hunter2&mode=ro', 'hunter2'],
  ['a private key', PRIVATE_KEY, 'MIGHAgEAMBMGByqGSM49AgEG'],
  ['an identity of age', 'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX', 'GFPYYSJZ'],
];

/** Positions whose name does not say that the value is a secret. */
const PLACES: readonly (readonly [name: string, log: (text: string) => string])[] = [
  ['a field', (text) => logged({ detail: text }).text],
  ['the message', (text) => logged({}, `it failed with ${text} twice`).text],
  ['a quoted text', (text) => logged({ detail: `"${text}"` }).text],
  ['an object inside', (text) => logged({ a: { b: { c: { d: text } } } }).text],
  ['a list', (text) => logged({ args: ['server/start.js', text] }).text],
  ['an error', (text) => logged({ err: new Error(`connecting to ${text} failed`) }).text],
  ['the cause of an error', (text) => logged({ err: new Error('failed', { cause: new Error(text) }) }).text],
  ['a field of an error, as pg has', (text) => logged({ err: Object.assign(new Error('x'), { detail: text }) }).text],
];

describe.each(SECRETS)('%s does not appear in the log', (_name, text, secret) => {
  it.each(PLACES)('in %s', (_place, log) => {
    const line = log(text);
    expect(line).not.toContain(secret);
    expect(line).toContain('[removed]');
    expect(() => JSON.parse(line)).not.toThrow();
    expect(line.trimEnd()).not.toContain('\n');
  });
});

describe.each([
  'password',
  'passphrase',
  'totp',
  'totpSecret',
  'secret',
  'token',
  'csrf',
  'x-cordon-csrf',
  'cookie',
  'set-cookie',
  'authorization',
  'privateKey',
  'keyPem',
  'Authorization',
  'Cookie',
])('a field called %s is removed', (name) => {
  it.each<readonly [string, (value: unknown) => object]>([
    ['at the top', (value) => ({ [name]: value })],
    ['in an object', (value) => ({ body: { [name]: value } })],
    ['in headers of a request', (value) => ({ req: { headers: { [name]: value } } })],
    ['five levels down', (value) => ({ a: { b: { c: { d: { [name]: value } } } } })],
    ['in a list', (value) => ({ all: [{ [name]: value }] })],
    ['in an error', (value) => ({ err: Object.assign(new Error('x'), { [name]: value }) })],
  ])('%s', (_place, put) => {
    for (const value of ['hunter2', 'hunter2 "quoted" \\ and \n more hunter2', ['hunter2', 'hunter2'], 271828]) {
      const { text } = logged(put(value));
      expect(text).not.toMatch(/hunter2|271828/);
      expect(text).toContain('[removed]');
    }
  });
});

it.each(['secret', 'token', 'set-cookie'])('an object called %s is removed to its third level', (name) => {
  const value = { inner: 'hunter2' };
  for (const put of [{ [name]: value }, { a: { [name]: value } }, { a: { b: { [name]: value } } }]) {
    expect(logged(put).text).not.toContain('hunter2');
  }
});

it('leaves other text unchanged, and each entry on one line of JSON', () => {
  const facts = {
    event: 'sign_in_failed',
    email: 'eve@example.org',
    code: 'credentials_wrong',
    address: '2001:db8::1',
    device: DEVICE,
    order: '2015-1',
    path: '/device/record?list=4&record=2&approverSet=1',
    tokens: 3,
    url: 'https://cordon.example:8444/orders/list',
    state: 'a token is unknown',
    note: 'basic',
    ms: 12,
  };
  const { json } = logged(facts, 'the bearer of a letter\n{"level":30}');
  expect(json).toMatchObject(facts);
  expect(json['msg']).toBe('the bearer of a letter\n{"level":30}');
});
