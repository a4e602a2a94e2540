import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Router } from 'express';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CordonError } from '../../shared/errors.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { Envelope, OrderTerms, Revision } from '../../shared/order/documents.ts';
import { compileRule } from '../../shared/order/rules.ts';
import { fingerprintOf } from '../../shared/pack/fingerprint.ts';
import type { PublicRoot } from '../../shared/pack/public-root.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';
import {
  approverSetDocument,
  NOW,
  revisionDocument,
  signedApproverSet,
  signedList,
  signedRevision,
  TERMS,
  testKey,
  testPerson,
} from '../../tests/support/signed-documents.ts';
import { emptyReport } from '../../tests/support/transparency-report.ts';
import { createPublic } from './app.ts';
import type { PublicOrders } from './orders.ts';
import { stateAt } from './statements.ts';

const NONE_RECORDED = { answer: null, appeals: [] };
const LETTER = { title: 'Reply.pdf', mediaType: 'application/pdf', bytes: 5, sha256: 'a'.repeat(64) };

const people = [testPerson('ada'), testPerson('ben')];
const online = testKey();
const logged: string[] = [];
const expected: {
  list: Envelope | null;
  hash: string;
  approverSets: Envelope[];
  rules: OrderRule[];
  recorded: Awaited<ReturnType<PublicOrders['adoption']['get']>>;
  root: PublicRoot | null;
  checkpoint: string;
  /** Periods for which the server computed the transparency report. */
  periods: object[];
} = {
  periods: [],
  recorded: { revisions: [], executions: [], proceedings: NONE_RECORDED },
  root: null,
  checkpoint: 'cordon/ins_test\n5\nroot\n\n— cordon/ins_test sig\n',
  list: null,
  hash: '',
  approverSets: [],
  rules: [],
};

function publish(revisions: readonly Revision[], version = 1): void {
  const { envelope, hash } = signedList(
    revisions.map((revision) => signedRevision(revision, people)),
    online,
    { version },
  );
  expected.list = envelope;
  expected.hash = hash;
  const newest = new Map(revisions.map((revision) => [revision.order, revision]));
  expected.rules = [...newest.values()].map((revision) => compileRule({ revision, permanentPause: true }));
}

const PUBLIC_ROOT: PublicRoot = {
  installation: 'ins_test',
  authority: 'a'.repeat(64),
  approvers: 'b'.repeat(64),
  ledger: 'cordon/ins_test+00000000+key',
};

let server: Server;
let base: string;

beforeAll(async () => {
  const router = Router();
  router.get('/fails', () => {
    throw new Error('the secret is 42');
  });
  router.get('/busy', () => {
    throw new CordonError('rate_limited', 'Wait.', { retryAfter: 7 });
  });
  const app = createPublic({
    est: {
      handle: ({ url }, response, failed) => {
        if (url === '/est-fails?x') failed(new Error('the secret is 43'));
        if (url === '/est-late') {
          response.writeHead(200, { 'Content-Length': 2 }).write('1');
          failed(new Error('late'));
        }
        return url?.startsWith('/est-') === true;
      },
    },
    routers: [router],
    orders: {
      list: { current: () => (expected.list ? { envelope: expected.list } : null) },
      approverSets: { envelopes: () => expected.approverSets },
      adoption: { rules: () => expected.rules, get: async () => expected.recorded },
    },
    publicRoot: () => expected.root,
    ledger: { checkpoint: async () => expected.checkpoint, verifierKey: 'cordon/ins_test+00000000+key' },
    clock: new DrivenClock(NOW),
    organization: 'Exempel & Co',
    report: async (period) => {
      expected.periods.push(period);
      return emptyReport();
    },
    log: { error: (facts, message) => void logged.push(JSON.stringify({ ...facts, message })) },
  });
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  expected.list = null;
  expected.approverSets = [];
  expected.rules = [];
  expected.root = null;
  expected.recorded = { revisions: [], executions: [], proceedings: NONE_RECORDED };
});

describe('public documents', () => {
  it('returns the signed list with its payload hash as ETag, and 304 to a client that has the list', async () => {
    publish([revisionDocument()]);
    const first = await fetch(`${base}/orders/list`);
    expect(await first.json()).toEqual(expected.list);
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toBe(`"${expected.hash}"`);
    expect(first.headers.get('cache-control')).toMatch(/^public, max-age=\d{1,2}$/);
    expect(first.headers.get('content-type')).toMatch(/^application\/json/);
    for (const given of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = await fetch(`${base}/orders/list`, { headers: { 'if-none-match': given } });
      expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag]);
    }
    publish([revisionDocument()], 2);
    const newer = await fetch(`${base}/orders/list`, { headers: { 'if-none-match': etag } });
    expect([newer.status, newer.headers.get('etag')]).toEqual([200, `"${expected.hash}"`]);
  });

  it('explain the way to the first order list before it exists', async () => {
    const answer = await fetch(`${base}/orders/list`);
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toMatch('application/problem+json');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.json()).toMatchObject({
      code: 'not_found',
      detail: expect.stringMatching(/adopts an approver set/),
    });
    expect(await (await fetch(`${base}/orders/approver-sets`)).json()).toEqual([]);
  });

  it('serves the approver sets, oldest first', async () => {
    const versions = [1, 2].map(
      (version) => signedApproverSet(approverSetDocument(people, online, { version }), people).envelope,
    );
    expected.approverSets = versions;
    expect(await (await fetch(`${base}/orders/approver-sets`)).json()).toEqual(versions);
  });

  it('serve the public root in the exact bytes of its fingerprint', async () => {
    expect((await fetch(`${base}/public-root.json`)).status).toBe(404);
    expected.root = PUBLIC_ROOT;
    const answer = await fetch(`${base}/public-root.json`);
    expect(sha256(Buffer.from(await answer.arrayBuffer()))).toBe(fingerprintOf(PUBLIC_ROOT));
  });

  it('include a health check', async () => {
    const answer = await fetch(`${base}/healthz`);
    expect([answer.status, await answer.text()]).toEqual([200, 'ok\n']);
  });
});

describe('refusals', () => {
  it('are problems for an unknown path and for a path that cannot be decoded', async () => {
    const unknown = await fetch(`${base}/nothing`);
    expect([unknown.status, await unknown.json()]).toMatchObject([404, { code: 'not_found' }]);
    const posted = await fetch(`${base}/orders/list`, { method: 'POST', body: 'x' });
    expect(posted.status).toBe(404);
  });

  it.each([
    ['fails', 'the secret is 42'],
    ['est-fails?x', 'the secret is 43'],
  ])('keep the text of an internal error of /%s in the log, under an id in the response', async (path, text) => {
    const answer = await fetch(`${base}/${path}`);
    const body = await answer.text();
    expect(answer.status).toBe(500);
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(body).not.toContain('secret');
    expect(logged.at(-1)).toContain(text);
    expect(logged.at(-1)).toContain(JSON.parse(body).context.id);
    expect(logged.at(-1)).toContain(`"path":"/${path.replace('?x', '')}"`);
  });

  it('end a connection whose response has begun', async () => {
    await expect(fetch(`${base}/est-late`).then((answer) => answer.text())).rejects.toThrow();
  });

  it('state the time of the next attempt', async () => {
    const answer = await fetch(`${base}/busy`);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '7']);
  });
});

describe('transparency page', () => {
  const page = async () => {
    const answer = await fetch(`${base}/transparency`);
    return { headers: answer.headers, text: await answer.text() };
  };
  const order = (terms: Partial<OrderTerms>, changes: Partial<Revision> = {}) =>
    revisionDocument({ ...changes, terms: { ...TERMS, ...terms } });

  it('says that there is no order', async () => {
    expect((await page()).text).toContain('There are no orders.');
  });

  it('shows each order with times in its own zone and in UTC, and each statement in its own direction', async () => {
    publish([
      order({ until: '2015-12-31T00:00:00.000Z', statement: { en: 'It ends.', ur: 'خدمت ختم' } }),
      order({ title: 'Second' }, { order: '2015-002' }),
    ]);
    const { text } = await page();
    expect(text).toContain('<h2 id="order-2015-001">Order 2015-001: <bdi>Pakistan</bdi></h2>');
    expect(text).toContain('Pakistan (PK)');
    expect(text).toContain('messaging, mail');
    expect(text).toContain(
      '<time datetime="2015-11-30T19:00:00.000Z">1 December 2015 at 00:00 (Asia/Karachi); 30 November 2015 at 19:00 UTC</time>',
    );
    expect(text).toContain('31 December 2015 at 05:00 (Asia/Karachi)');
    expect(text).toContain('<blockquote lang="en" dir="ltr">It ends.</blockquote>');
    expect(text).toContain('<blockquote lang="ur" dir="rtl">خدمت ختم</blockquote>');
    expect(text).toContain('<dd class="state">Announced, not yet effective</dd>');
    expect(text).toContain('<dd>Further notice</dd>');
    expect(text).toContain('Second');
  });

  it('shows a statement in an unknown language under its language tag', async () => {
    publish([order({ statement: { 'sr-RS-Latn': 'Gotovo je.', 'zh-CN-Hans': '结束' } })]);
    const { text } = await page();
    expect(text).toContain('<h3 lang="sr-RS-Latn" dir="auto">sr-RS-Latn</h3>');
    expect(text).toContain('<blockquote lang="zh-CN-Hans" dir="auto">结束</blockquote>');
  });

  it('shows only the newest revision of an order, also of a paused one', async () => {
    publish([
      order({ title: 'Before' }),
      order({ title: 'After' }, { revision: 2, action: 'pause', status: 'paused' }),
    ]);
    const { text } = await page();
    expect(text).not.toContain('Before');
    expect(text).toContain('After');
    expect(text).toContain('Paused');
  });

  it('case 51: shows script in an order’s field as text, and its policy would not run it', async () => {
    const evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>\'&';
    publish([order({ title: evil, statement: { en: evil }, appeal: evil })]);
    const { headers, text } = await page();
    expect(text).not.toMatch(/<script|<img/i);
    expect(text.match(/&lt;script&gt;/g)).toHaveLength(3);
    expect(text).toContain('Exempel &amp; Co');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/script-src|unsafe/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
  });
});

describe('transparency page, other parts', () => {
  const read = async (headers: Record<string, string> = {}) => {
    const answer = await fetch(`${base}/transparency`, { headers });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };

  it('has an anchor for each order, effective ones first, and a list of several orders', async () => {
    const terms = { ...TERMS, effective: new Date(NOW - 1000).toISOString() };
    publish([revisionDocument(), revisionDocument({ order: '2015-002', terms })]);
    const { text } = await read();
    expect(text.match(/id="order-[^"]+"/g)).toEqual(['id="order-2015-002"', 'id="order-2015-001"']);
    expect(text.match(/href="#order-[^"]+"/g)).toEqual(['href="#order-2015-002"', 'href="#order-2015-001"']);
    publish([revisionDocument()], 2);
    expect((await read()).text).not.toContain('<nav aria-label="Orders"');
  });

  it('shows the history of an order from adopted revisions only', async () => {
    expected.recorded = {
      revisions: [
        { revision: 1, action: 'propose', adoptedAt: NOW },
        { revision: 2, action: 'revise', adoptedAt: null },
        { revision: 3, action: 'withdraw', adoptedAt: NOW + 3 * 86_400_000 },
      ],
      executions: [{ state: 'active', at: NOW + 86_400_000 }],
      proceedings: {
        answer: { kind: 'answer', on: '2015-11-26', by: 'Sana Malik', note: 'By courier.', document: LETTER },
        appeals: [
          {
            appeal: 2,
            filed: { kind: 'appeal-filed', on: '2015-12-02', court: { name: 'High <b>Court', case: '1/2015' } },
            decided: { kind: 'appeal-decided', on: '2016-01-04', appeal: 2, outcome: 'partly-allowed' },
          },
        ],
      },
    };
    publish([revisionDocument()], 3);
    const { text } = await read();
    expect(text).toContain('<dt>Answered</dt><dd><time datetime="2015-11-26">');
    expect(text).toContain('High &lt;b&gt;Court</bdi>, case <bdi>1/2015');
    expect(text).toMatch(/Appeal decided<\/dt><dd><time[^>]*>2016-01-04<\/time>: partly allowed/);
    expect(text).not.toMatch(/Sana Malik|By courier/);
    const events = [...text.matchAll(/<li><time[^>]*>[^<]*<\/time>: ([^<]+)<\/li>/g)].map(([, words]) => words);
    const first = 'approved by two people and published (revision 1)';
    expect(events).toEqual([first, 'took effect', 'withdrawn (revision 3)']);
  });

  it('explains verification with the order list, the public root and the checkpoint', async () => {
    expected.root = PUBLIC_ROOT;
    publish([revisionDocument()], 4);
    const { text } = await read();
    expect(text).toContain(`<code>${fingerprintOf(PUBLIC_ROOT)}</code>`);
    expect(text).toContain(`<pre>${expected.checkpoint}</pre>`);
    expect(text).toContain('cordon verify PACK --root FINGERPRINT');
  });

  it('shows the report of the period in the address, and refuses an address that is no period', async () => {
    publish([revisionDocument()], 7);
    expected.periods.length = 0;
    const get = (query: string) => fetch(`${base}/transparency?${query}`);
    const answer = await get('from=2015-01&to=2015-06');
    expect([answer.status, expected.periods]).toEqual([200, [{ from: '2015-01', to: '2015-06' }]]);
    expect(await answer.text()).toContain('Absent: there is no signed statement.');
    for (const query of [
      'from=yesterday',
      'from=2015-01-01&to=2015-01-31',
      'from=2015-13',
      'from=2015-01&account=per_a',
    ]) {
      expect((await get(query)).status, query).toBe(400);
    }
    expect(expected.periods).toHaveLength(1);
  });

  it('can be cached, and responds with 304 if it is unchanged', async () => {
    publish([revisionDocument()], 5);
    const { headers } = await read();
    const etag = headers.get('etag') ?? '';
    expect(headers.get('cache-control')).toMatch(/^public, max-age=\d{1,2}$/);
    expect(await read({ 'if-none-match': etag })).toMatchObject({ status: 304, text: '' });
    publish([revisionDocument({ revision: 2, terms: { ...TERMS, title: 'Changed' } })], 6);
    expect((await read({ 'if-none-match': etag })).status).toBe(200);
  });
});

describe('order state', () => {
  const rule = { withdrawn: false, effective: 100, until: 200, pausedUntil: null };
  it.each([
    ['announced', rule, 99],
    ['active', rule, 100],
    ['active', rule, 199],
    ['ended', rule, 200],
    ['active', { ...rule, until: null }, 1e15],
    ['paused', { ...rule, pausedUntil: 150 }, 149],
    ['paused', { ...rule, pausedUntil: 150 }, 50],
    ['active', { ...rule, pausedUntil: 150 }, 150],
    ['ended', { ...rule, pausedUntil: Infinity }, 200],
    ['withdrawn', { ...rule, withdrawn: true, pausedUntil: Infinity }, 150],
  ] as const)('%s: %o at %d', (state, given, now) => {
    expect(stateAt(given, now)).toBe(state);
  });
});
