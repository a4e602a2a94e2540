/** Device page's listener over real HTTP: access checks, links and contents. The conversations exist only in memory. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { CordonError } from '../../shared/errors.ts';
import type { LostMode } from '../../shared/lost-mode/lost-mode.ts';
import { newCommandId, newLostModeId } from '../../shared/protocol/ids.ts';
import { freePort } from '../../tests/support/free-port.ts';
import { IDLE_AGENT } from '../../tests/support/idle-agent.ts';
import { type OpenedPrograms, openProgramsOf } from '../../tests/support/mail-programs-of.ts';
import { type MailDevice, MailWorld } from '../../tests/support/mail-world.ts';
import { createMemoryTalk, type MemoryTalk } from '../../tests/support/memory-talk.ts';
import { type AskPage, askPage, OWN, signInToPage, ticketOf } from '../../tests/support/page-client.ts';
import { openPasscodeOf } from '../../tests/support/passcode-of.ts';
import { until } from '../../tests/support/until.ts';
import type { Messaging } from '../messaging/messaging.ts';
import { delayedNotice, type PowerNotice } from '../work/power-notice.ts';
import type { UpdateOffer } from '../work/update-offer.ts';
import { organizationFiles } from '../workspace/organization-files.ts';
import { LARGEST_ATTACHMENT, TOKEN_HEADER } from './api.ts';
import { openPage, type Page } from './page.ts';

const HTML = 'text/html,application/xhtml+xml';

const mailWorld = new MailWorld();
let mailDevice: MailDevice;
beforeAll(async () => {
  mailDevice = await mailWorld.enroll('Ada');
});
afterAll(() => mailWorld.close());

let talk: MemoryTalk;
let ada: Messaging;
let ben: Messaging;
let page: Page;
let root: string;
let offer: UpdateOffer | null;
let notice: PowerNotice | null;
let lostMode: LostMode | null;
let shown: string[];
let idleMinutes: number | null;
let agentChanged: () => void;
let programs: OpenedPrograms;

beforeEach(async () => {
  talk = createMemoryTalk({ per_ada: 'Ada', per_ben: 'Ben', per_cem: 'Cem' });
  ada = talk.messagingOf('per_ada');
  ben = talk.messagingOf('per_ben');
  root = mkdtempSync(join(tmpdir(), 'cordon-page-'));
  mkdirSync(join(root, 'dist/assets'), { recursive: true });
  writeFileSync(join(root, 'secret.txt'), 'secret');
  writeFileSync(join(root, 'dist/index.html'), '<p>the page</p>');
  writeFileSync(join(root, 'dist/assets/index-abc.js'), 'export {};');
  [shown, idleMinutes, offer, notice, lostMode] = [[], null, null, null, null];
  programs = openProgramsOf(mailDevice);
  page = await openPage(
    {
      messaging: ada,
      mail: mailDevice.mail,
      programs: programs.service,
      files: organizationFiles(mailDevice.workspace),
      idleMinutes: () => idleMinutes,
      power: {
        current: () => notice,
        change(change) {
          const next = notice && (change === 'now' ? { ...notice, startsAt: 1 } : delayedNotice(notice, 0));
          if (!next) throw new CordonError('conflict', 'You cannot delay this again.');
          notice = next;
          return next;
        },
      },
      updates: {
        current: () => offer,
        change: (change) => {
          if (!offer) throw new CordonError('conflict', 'No update waits for you.');
          offer = change === 'now' ? { ...offer, startsAt: 1 } : { ...offer, delaysLeft: 0 };
          return offer;
        },
      },
      agent: {
        ...IDLE_AGENT,
        lostMode: {
          current: () => lostMode,
          end() {
            if (!lostMode) throw new CordonError('conflict', 'Lost mode is off.');
            lostMode = null;
          },
        },
        passcode: openPasscodeOf(mailDevice.workspace).work,
        notices: { list: () => [], markDisplayed: (orders) => void shown.push(...(orders ?? [])) },
        onChange(listener) {
          agentChanged = listener;
          return () => undefined;
        },
      },
      log: { error: (facts, message) => console.error(message, facts) },
    },
    join(root, 'dist'),
  );
});
afterEach(async () => {
  vi.useRealTimers();
  await page.close();
  await programs.service.stop(true);
  rmSync(root, { recursive: true, force: true });
});

const ask: AskPage = (path, headers, method, body) => askPage(page, path, headers, method, body);
const signIn = () => signInToPage(page);

it('exchanges a link once, within a minute, for a cookie that scripts cannot read and a token that stays with the page', async () => {
  const link = page.link();
  expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#open=[A-Za-z0-9_-]{43}$/);
  const { status, headers, json } = await ask('/api/session', OWN, 'POST', { ticket: ticketOf(link) });
  const { port } = new URL(page.url);
  expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
  expect(headers['set-cookie']).toEqual([
    expect.stringMatching(new RegExp(`^cordon_page_${port}=[A-Za-z0-9_-]{43}; Path=/; HttpOnly; SameSite=Strict$`)),
  ]);
  expect(json()['token']).toMatch(/^[A-Za-z0-9_-]{43}$/);
  const again = await ask('/api/session', OWN, 'POST', { ticket: ticketOf(link) });
  expect([again.status, again.json()['code'], again.headers['set-cookie']]).toEqual([
    401,
    'credentials_wrong',
    undefined,
  ]);

  vi.useFakeTimers({ toFake: ['Date'] });
  const late = page.link();
  vi.setSystemTime(Date.now() + 60_000);
  expect((await ask('/api/session', OWN, 'POST', { ticket: ticketOf(late) })).status).toBe(401);
  for (const ticket of ['', 'x'.repeat(43), 'x'.repeat(1000)]) {
    expect([400, 401]).toContain((await ask('/api/session', OWN, 'POST', { ticket })).status);
  }
  // New links replace unused links.
  const [first, ...others] = Array.from({ length: 12 }, () => ticketOf(page.link()));
  expect((await ask('/api/session', OWN, 'POST', { ticket: first })).status).toBe(401);
  expect((await ask('/api/session', OWN, 'POST', { ticket: others.at(-1) })).status).toBe(200);
});

it('ends a session without input at the idle limit of the policy, and no request prolongs it by itself', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
  const unlimited = await signIn();
  later(10 * 86_400);
  const status = async (session: Record<string, string>) => (await ask('/api/messaging-status', session)).status;
  expect(await status(unlimited)).toBe(200);
  idleMinutes = 2;
  expect(await status(unlimited)).toBe(401);

  const mine = await signIn();
  later(100);
  expect(await status(mine)).toBe(200);
  expect((await ask('/api/session/use', mine, 'POST', {})).status).toBe(200);
  later(100);
  expect(await status(mine)).toBe(200);
  later(20);
  expect(await status(mine)).toBe(401);
  expect((await ask('/api/session/use', mine, 'POST', {})).status).toBe(401);
  const stream = await ask('/api/events', { ...OWN, cookie: mine['cookie'] ?? '' });
  expect(stream.status).toBe(401);
});

it('refuses requests without both halves of a session, from another page, or under another host name', async () => {
  const mine = await signIn();
  const other = await signIn();
  const { [TOKEN_HEADER]: token = '', cookie = '' } = mine;
  const paths = [
    '/api/messaging-status',
    '/api/conversations',
    '/api/people?text=b',
    '/api/mail/status',
    '/api/mail/programs',
    '/api/mail/programs/dovecot',
    '/api/search?text=a',
    '/api/files',
    '/api/export',
  ];
  for (const path of paths) {
    expect([path, (await ask(path, mine)).status]).toEqual([path, 200]);
    for (const [headers, status] of [
      [OWN, 401],
      [{ ...OWN, cookie }, 401],
      [{ ...OWN, [TOKEN_HEADER]: token }, 401],
      [{ ...OWN, cookie, [TOKEN_HEADER]: other[TOKEN_HEADER] ?? '' }, 401],
      [{ ...mine, cookie: cookie.replace(/=./, '=~') }, 401],
      [{ ...mine, 'sec-fetch-site': 'same-site' }, 403],
      [{ ...mine, 'sec-fetch-site': 'cross-site' }, 403],
      [{ ...mine, 'sec-fetch-site': 'none' }, 403],
      [{ cookie, [TOKEN_HEADER]: token }, 403],
      [{ ...mine, host: 'evil.example' }, 403],
      [{ ...mine, host: `evil.localhost:${new URL(page.url).port}` }, 403],
      [{ ...mine, host: '127.0.0.1:1' }, 403],
    ] as const) {
      const refused = await ask(path, headers);
      expect([path, headers, refused.status]).toEqual([path, headers, status]);
      expect(refused.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    }
  }
  // A page of another origin may link to the page. The agent refuses the page under the host name of another site.
  expect((await ask('/', { accept: HTML, 'sec-fetch-site': 'cross-site' })).status).toBe(200);
  expect((await ask('/', { accept: HTML, host: 'evil.example' })).status).toBe(403);
  expect((await ask('/', { accept: HTML, host: `localhost:${new URL(page.url).port}` })).status).toBe(200);

  const ended = await ask('/api/session', mine, 'DELETE');
  expect(ended.headers['set-cookie']?.[0]).toContain('Expires=Thu, 01 Jan 1970');
  expect((await ask('/api/messaging-status', mine)).status).toBe(401);
  expect((await ask('/api/messaging-status', other)).status).toBe(200);
});

it('serves the page with a policy against foreign content, and responses with a policy against execution', async () => {
  const { headers } = await ask('/conversations/abc', { accept: HTML });
  const policy = String(headers['content-security-policy'])
    .replace(/'nonce-[^']+'/, 'NONCE')
    .split(';')
    .sort();
  expect(policy).toEqual([
    "base-uri 'none'",
    "connect-src 'self'",
    "default-src 'none'",
    "font-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "img-src 'self' data:",
    "require-trusted-types-for 'script'",
    "script-src 'self'",
    "style-src 'self' NONCE",
    "style-src-attr 'unsafe-inline'",
    'trusted-types default dompurify mail',
  ]);
  const mine = await signIn();
  const answer = await ask('/api/conversations', mine);
  expect(answer.headers).toMatchObject({
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    'content-security-policy': expect.stringMatching(/default-src 'none'.*sandbox/),
  });
});

it('case 53: no spelling of a path leaves the page’s folder or the conversation', async () => {
  const mine = await signIn();
  for (const path of [
    '/assets/../../secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/assets/%2e%2e/%2e%2e/secret.txt',
    '/assets/..%5c..%5csecret.txt',
    '//secret.txt',
    '/assets/%00',
    '/__proto__',
    '/api/conversations/..%2f..%2fsecret.txt/messages',
    '/api/conversations/%2e%2e/messages',
    '/api/messages/..%2fx/attachments/0',
    '/api/messages/x/attachments/-1',
    '/api/messages/x/attachments/0x1',
    '/api/messages/x/attachments/1e9',
    '/api/nothing',
  ]) {
    const { status, body } = await ask(path, mine);
    expect([path, status]).toEqual([path, expect.toSatisfy((code: number) => code >= 400 && code < 500)]);
    expect(body.toString()).not.toBe('secret');
  }
});

it('serves a conversation: people, messages, attachments, read reports, search and export', async () => {
  const mine = await signIn();
  const json = async (path: string, method = 'GET', body?: unknown) => {
    const { status, json: parsed } = await ask(path, mine, method, body);
    expect([path, status]).toEqual([path, 200]);
    return parsed();
  };
  expect(await json('/api/messaging-status')).toMatchObject({
    state: 'ready',
    me: { name: 'Ada' },
    connected: true,
    denials: [],
    restricted: false,
  });
  expect((await json('/api/people?text=be'))['people']).toEqual([
    { person: 'per_ben', name: 'Ben', email: null, groups: ['Karachi office'] },
  ]);
  const { id } = await json('/api/conversations', 'POST', { people: ['per_ben'], title: null });
  const bytes = Buffer.from('<script>alert(1)</script>');
  const upload = await ask('/api/uploads?name=a.html&type=text/html', mine, 'POST', bytes);
  const sent = { text: 'سلام', attachments: [upload.json()['id']] };
  const { id: message } = await json(`/api/conversations/${id}/messages`, 'POST', sent);
  // The agent deletes an upload after its message, so a repeated request cannot send the upload twice.
  expect((await ask(`/api/conversations/${id}/messages`, mine, 'POST', sent)).status).toBe(404);
  await ben.read(String(id), [String(message)]);
  const { messages } = await json(`/api/conversations/${id}/messages`);
  expect(messages).toMatchObject([
    {
      id: message,
      mine: true,
      text: 'سلام',
      state: 'read',
      attachments: [{ name: 'a.html', type: 'text/html', size: 25 }],
    },
  ]);
  const file = await ask(`/api/messages/${message}/attachments/0`, mine);
  expect([file.status, file.headers['content-type'], file.headers['content-disposition'], file.body]).toEqual([
    200,
    'application/octet-stream',
    'attachment; filename=attachment',
    bytes,
  ]);
  expect((await ask(`/api/messages/${message}/attachments/1`, mine)).headers['content-disposition']).toBeUndefined();
  expect((await json('/api/search?text=%D8%B3%D9%84'))['messages']).toHaveLength(1);
  await json(`/api/conversations/${id}`, 'PATCH', { title: 'Plans' });
  await json(`/api/conversations/${id}/people`, 'POST', { people: ['per_cem'] });
  const hello = await ben.send(String(id), { text: 'hello', attachments: [] });
  await ben.send(String(id), { text: 'Are you there?', attachments: [] });
  expect((await json('/api/conversations'))['conversations']).toMatchObject([{ title: 'Plans', unread: 2 }]);
  await json(`/api/conversations/${id}/read`, 'POST', { messages: [hello] });
  expect((await json('/api/conversations'))['conversations']).toMatchObject([{ unread: 1 }]);
  const copy = await ask('/api/export', mine);
  expect(copy.headers['content-disposition']).toBe('attachment; filename=cordon-messages.jsonl');
  const lines = copy.body.toString().trimEnd().split('\n');
  expect(lines.map((line) => Object.keys(JSON.parse(line))[0])).toEqual(['conversation', ...Array(5).fill('message')]);
  await json('/api/shown', 'POST', { orders: ['2026-001'] });
  expect(shown).toEqual(['2026-001']);
  await json(`/api/conversations/${id}`, 'DELETE');
  expect((await json('/api/conversations'))['conversations']).toMatchObject([{ state: 'left' }]);
});

it('limits the size of requests, and explains each refusal', async () => {
  const mine = await signIn();
  const id = await ada.start({ people: ['per_ben'], title: null });
  const status = async (path: string, body: unknown, method = 'POST') => (await ask(path, mine, method, body)).status;
  expect(await status('/api/uploads?name=a&type=a/b', Buffer.alloc(LARGEST_ATTACHMENT))).toBe(200);
  expect(await status('/api/uploads?name=a&type=a/b', Buffer.alloc(LARGEST_ATTACHMENT + 1))).toBe(413);
  expect(await status('/api/uploads?name=a&type=none', Buffer.alloc(1))).toBe(400);
  expect(await status('/api/uploads?type=a/b', Buffer.alloc(1))).toBe(400);
  expect(await status(`/api/conversations/${id}/messages`, { text: ' ', attachments: [] })).toBe(400);
  expect(await status(`/api/conversations/${id}/messages`, { text: 'x'.repeat(16_001), attachments: [] })).toBe(400);
  expect(await status(`/api/conversations/${id}/messages`, { text: 'x', attachments: [], more: 1 })).toBe(400);
  expect(await status(`/api/conversations/${id}/messages`, { text: 'x'.repeat(300_000), attachments: [] })).toBe(413);
  expect(await status('/api/conversations', { people: [], title: null })).toBe(400);
  expect(await status('/api/conversations/none/messages', { text: 'x', attachments: [] })).toBe(404);
  // At most twenty uploads wait in memory.
  for (let count = 1; count < 20; count++)
    expect(await status('/api/uploads?name=a&type=a/b', Buffer.alloc(1))).toBe(200);
  expect(await status('/api/uploads?name=a&type=a/b', Buffer.alloc(1))).toBe(429);

  talk.become('per_ada', { state: 'denied', orders: ['2026-001'] });
  const denied = await ask(`/api/conversations/${id}/messages`, mine, 'POST', { text: 'x', attachments: [] });
  expect([denied.status, denied.json()['code'], denied.json()['detail']]).toEqual([
    451,
    'service_denied',
    expect.stringContaining('2026-001'),
  ]);
  expect((await ask('/api/export', mine)).status).toBe(200);
  talk.become('per_ada', { state: 'locked' });
  const locked = await ask('/api/export', mine);
  expect([locked.status, locked.json()['code']]).toEqual([409, 'workspace_locked']);
});

it('switches other mail programs on and off, and gives the password once', async () => {
  const mine = await signIn();
  const port = await freePort();
  const answer = async (path: string, method = 'GET', body?: unknown) => {
    const { status, json } = await ask(`/api/mail/programs${path}`, mine, method, body);
    return { status, body: json() };
  };
  for (const path of ['/on', '/off']) {
    expect((await ask(`/api/mail/programs${path}`, OWN, 'POST', { port })).status).toBe(401);
    const foreign = { ...mine, 'sec-fetch-site': 'cross-site' };
    expect((await ask(`/api/mail/programs${path}`, foreign, 'POST', { port })).status).toBe(403);
  }
  expect(await answer('')).toMatchObject({ status: 200, body: { allowed: false, on: false, defaultPort: 8587 } });
  expect(await answer('/on', 'POST', { port })).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  programs.allow(true);
  for (const body of [{}, { port: 0 }, { port: 65_536 }, { port: '25' }, { port, more: 1 }]) {
    expect([body, (await answer('/on', 'POST', body)).status]).toEqual([body, 400]);
  }
  expect(existsSync(programs.maildir)).toBe(false);
  const { status, body: made } = await answer('/on', 'POST', { port });
  expect([status, Object.keys(made).sort()]).toEqual([200, ['maildir', 'password', 'passwords', 'port', 'user']]);
  expect(made).toMatchObject({ user: 'ada@corp.example', port, maildir: programs.maildir });
  const { body: state } = await answer('');
  expect(state).toEqual({
    allowed: true,
    on: true,
    port,
    defaultPort: 8587,
    user: 'ada@corp.example',
    maildir: programs.maildir,
    problem: null,
  });
  expect(existsSync(programs.maildir)).toBe(true);
  const again = await answer('/on', 'POST', { port });
  expect(again.body['password']).not.toBe(made['password']);
  const example = await ask('/api/mail/programs/dovecot', mine);
  expect(example.headers['content-disposition']).toBe('attachment; filename=dovecot.conf.example');
  expect(example.body.toString()).toContain('passwd_file_path = @HOME@/mail-programs.passwd');
  expect((await answer('/off', 'POST')).status).toBe(200);
  expect((await answer('')).body).toMatchObject({ on: false, port: null, user: null });
  expect(existsSync(programs.maildir)).toBe(false);
});

it('shows an update that waits for the user, and delays or starts it', async () => {
  const mine = await signIn();
  const answer = async (method = 'GET', body?: unknown, headers = mine) => {
    const { status, json } = await ask('/api/update', headers, method, body);
    return { status, body: json() };
  };
  expect(await answer()).toEqual({ status: 200, body: { offer: null } });
  expect(await answer('POST', { change: 'now' })).toMatchObject({ status: 409, body: { code: 'conflict' } });
  offer = { command: newCommandId(), scope: 'security', startsAt: 9, deadline: 20, hours: 4, delaysLeft: 1 };
  const shownOffer = { scope: 'security', startsAt: 9, deadline: 20, hours: 4, delaysLeft: 1 };
  expect((await answer()).body).toEqual({ offer: shownOffer });
  expect((await answer('POST', { change: 'never' })).status).toBe(400);
  expect((await answer('POST', { change: 'now' }, OWN)).status).toBe(401);
  expect((await answer('POST', { change: 'delay' })).body).toEqual({ ...shownOffer, delaysLeft: 0 });
  expect((await answer('POST', { change: 'now' })).body).toMatchObject({ startsAt: 1 });
});

it('shows a restart that waits for the user, who may delay it once', async () => {
  const mine = await signIn();
  const answer = async (method = 'GET', body?: unknown, headers = mine) => {
    const { status, json } = await ask('/api/power', headers, method, body);
    return { status, body: json() };
  };
  expect(await answer()).toEqual({ status: 200, body: { notice: null } });
  notice = { command: newCommandId(), kind: 'restart-device', minutes: 1, startsAt: 9, delayed: false, boot: 'a' };
  const shownNotice = { kind: 'restart-device', minutes: 1, startsAt: 9, delayed: false };
  expect((await answer()).body).toEqual({ notice: shownNotice });
  expect((await answer('POST', { change: 'delay' }, OWN)).status).toBe(401);
  expect((await answer('POST', { change: 'delay' })).body).toEqual({ ...shownNotice, startsAt: 60_009, delayed: true });
  expect(await answer('POST', { change: 'delay' })).toMatchObject({ status: 409, body: { code: 'conflict' } });
  expect((await answer('POST', { change: 'now' })).body).toMatchObject({ startsAt: 1 });
});

it('shows lost mode, which the user may end', async () => {
  const mine = await signIn();
  const answer = async (method = 'GET', path = '/api/lost-mode', headers = mine) => {
    const { status, json } = await ask(path, headers, method, method === 'POST' ? {} : undefined);
    return { status, body: json() };
  };
  expect(await answer()).toEqual({ status: 200, body: { mode: null } });
  const mode = { id: newLostModeId(), reason: 'Left in a train', contact: '+44 20 7946 0000', startedAt: 1, until: 9 };
  lostMode = mode;
  expect((await answer()).body).toEqual({ mode });
  expect((await answer('POST', '/api/lost-mode/end', OWN)).status).toBe(401);
  expect((await answer('POST', '/api/lost-mode/end')).status).toBe(200);
  expect((await answer()).body).toEqual({ mode: null });
  expect(await answer('POST', '/api/lost-mode/end')).toMatchObject({ status: 409, body: { code: 'conflict' } });
});

it('lists, adds, returns and deletes the files of the organization’s folder, and reaches no other file', async () => {
  const session = await signIn();
  await mailDevice.workspace.put('messages/secret', Buffer.from('secret'));
  expect((await ask('/api/files?name=rules.txt', session, 'POST', Buffer.from('rules'))).status).toBe(200);
  expect((await ask('/api/files', session)).json()).toEqual({
    state: 'open',
    files: [{ name: 'rules.txt', size: 5 }],
    fetched: [],
  });
  const got = await ask('/api/files/content?name=rules.txt', session);
  expect(got.body.toString()).toBe('rules');
  expect(got.headers['content-disposition']).toContain('attachment');
  expect(got.headers['content-type']).toBe('application/octet-stream');
  for (const name of ['..%2Fmessages%2Fsecret', 'messages%2Fsecret', '', '..']) {
    expect((await ask(`/api/files/content?name=${name}`, session)).status).toBe(400);
    expect((await ask(`/api/files?name=${name}`, session, 'POST', Buffer.from('x'))).status).toBe(400);
  }
  expect((await ask('/api/files/content?name=missing', session)).status).toBe(404);
  expect((await ask('/api/files/remove', session, 'POST', { name: 'rules.txt' })).status).toBe(200);
  expect((await ask('/api/files', session)).json()).toMatchObject({ files: [] });
});

it('reports changes without content to a page with the cookie, until the session ends', async () => {
  const mine = await signIn();
  expect((await ask('/api/events', OWN)).status).toBe(401);
  const heard: string[] = [];
  let ended = false;
  const { port } = new URL(page.url);
  const open = new Promise<void>((resolve) => {
    const { cookie = '' } = mine;
    request({ host: '127.0.0.1', port, path: '/api/events', headers: { ...OWN, cookie } }, (response) => {
      response.setEncoding('utf8').on('data', (text: string) => heard.push(text));
      response.once('end', () => {
        ended = true;
      });
      resolve();
    }).end();
  });
  await open;
  const count = () => heard.join('').split('event:changed').length - 1;
  const id = await ben.start({ people: ['per_ada'], title: null });
  await ben.send(id, { text: 'a secret', attachments: [] });
  await until(() => expect(count()).toBe(1));
  for (let change = 0; change < 50; change++) agentChanged();
  await until(() => expect(count()).toBe(2));
  expect(heard.join('')).not.toContain('secret');
  await ask('/api/session', mine, 'DELETE');
  await until(() => expect(ended).toBe(true));
});
