/** Paths that the demo adds to the API, over real HTTP. A server without the demo has none of them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROLES } from '../../shared/api/roles.ts';
import { newDeviceId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';

const PATHS = [
  ['GET', '/demo', undefined],
  ['POST', '/demo/clock', { to: 0 }],
  ['POST', '/demo/message', {}],
  ['POST', '/demo/session', { ticket: 'a ticket of nobody' }],
] as const;

const DAY = 86_400_000;
const endpoint = { device: newDeviceId(), user: 'Zoë' };

describe('server without the demo', () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.close());

  it.each(PATHS)('has no %s %s, also for an owner', async (method, path, body) => {
    const owner = await api.account(`owner${path.replaceAll('/', '-')}@example.org`, [
      { role: 'owner', group: null, area: null },
    ]);
    const headers = { authorization: `Bearer ${await api.token(owner)}` };
    const { status, json } = await api.request(method, `/api/v1${path}`, headers, body);
    expect([status, json.code]).toEqual([404, 'not_found']);
    expect((await api.request('GET', '/api/openapi.json')).text).not.toContain('/demo');
  });
});

describe('server with the demo', () => {
  let api: ApiServer;
  let now = 1_000 * DAY;
  let behind: { token: string; csrf: string; approverKey: string | null } | null = null;
  let headers: Record<string, string>;

  beforeAll(async () => {
    api = await startApi({
      demo: {
        now: () => now,
        jump: async (to) => {
          now = to;
        },
        message: () => ({ from: endpoint, to: endpoint }),
        send: async () => ({ outcome: 'refused', order: '2015-001', detail: 'suspended' }),
        session: async (ticket) => (ticket === 'the ticket of Zoë' ? behind : null),
      },
    });
    const who = await api.account('zoe@example.org', [{ role: 'auditor', group: null, area: null }]);
    headers = { authorization: `Bearer ${await api.token(who)}` };
  });
  afterAll(() => api.close());

  it('serves every signed-in admin with any role', async () => {
    for (const role of ROLES) {
      const who = await api.account(`${role}@example.org`, [{ role, group: null, area: null }]);
      const theirs = { authorization: `Bearer ${await api.token(who)}` };
      for (const [method, path, body] of PATHS.slice(0, 3)) {
        const { json } = await api.request(method, `/api/v1${path}`, theirs, body);
        expect([role, path, json.code === 'forbidden']).toEqual([role, path, false]);
        expect((await api.request(method, `/api/v1${path}`, {}, body)).json.code).toBe('not_signed_in');
      }
    }
  });

  it('advances its clock only forward, and up to a limit', async () => {
    const jump = (body: object) => api.request('POST', '/api/v1/demo/clock', headers, body);
    expect((await jump({ to: now + DAY })).json).toEqual({ now: 1_001 * DAY });
    expect((await jump({ by: DAY })).json).toEqual({ now: 1_002 * DAY });
    const wrong = [
      { to: now - 1 },
      { to: now + 400 * DAY + 1 },
      { by: -1 },
      { by: 400 * DAY + 1 },
      { by: DAY, to: now },
    ];
    for (const body of wrong) expect((await jump(body)).json.code).toBe('invalid_input');
    expect((await api.request('GET', '/api/v1/demo', headers)).json).toMatchObject({ now: 1_002 * DAY, marks: [] });
  });

  it('names the order that refused the message', async () => {
    const { json } = await api.request('POST', '/api/v1/demo/message', headers, {});
    expect(json).toEqual({ outcome: 'refused', order: '2015-001', detail: 'suspended' });
  });

  it('signs in by a link, repeatedly, to the session that was opened with password and code', async () => {
    const open = (ticket: string) => api.request('POST', '/api/v1/demo/session', {}, { ticket });
    const session = await api.signIn(await api.account('ada@example.org', []));
    behind = { token: session.cookie.split('=')[1] ?? '', csrf: session.csrf, approverKey: 'key' };
    for (const _ of [1, 2]) {
      const answer = await open('the ticket of Zoë');
      expect(answer.json).toMatchObject({ account: { email: 'ada@example.org' }, via: 'session', approverKey: 'key' });
      expect(answer.headers.get('set-cookie')).toMatch(
        /^cordon_session=.{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=/,
      );
      const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
      const mine = { cookie, 'x-cordon-csrf': String(answer.json.csrf) };
      expect((await api.request('GET', '/api/v1/session', mine)).json.account.email).toBe('ada@example.org');
    }
    expect((await open('some other ticket')).json.code).toBe('credentials_wrong');
    await api.request('DELETE', '/api/v1/session', session.headers);
    expect((await open('the ticket of Zoë')).json.code).toBe('credentials_wrong');
    const elsewhere = { 'sec-fetch-site': 'cross-site' };
    const other = await api.request('POST', '/api/v1/demo/session', elsewhere, { ticket: 'the ticket of Zoë' });
    expect(other.json.code).toBe('forbidden');
  });
});
