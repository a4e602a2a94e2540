/**
 * A gag: an order that the law keeps from the public works on a real device, whose user reads all of it. Every public document shows only
 * its number, services and areas. The same search finds all words of a public order in the same places.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newKeyPem, requestCertificate } from '../../agent/enrollment/csr.ts';
import { alertList } from '../../shared/api/devices.ts';
import { orderRollout } from '../../shared/api/order-rollout.ts';
import type { RevisionView } from '../../shared/api/orders.ts';
import { openCheckpoint } from '../../shared/ledger/checkpoint.ts';
import { parseVerifierKey } from '../../shared/ledger/signed-note.ts';
import { tilePath, tilesOf } from '../../shared/ledger/tiles.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import { envelopeSchema, orderListSchema, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { payloadOf } from '../../shared/order/dsse.ts';
import { readStub } from '../../shared/order/verify-list.ts';
import { verifyPack } from '../../shared/pack/verify-pack.ts';
import { parseActivationLink } from '../../shared/protocol/activation-link.ts';
import { adminCli } from '../support/admin-cli.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { until } from '../support/until.ts';

let world: World;
let agent: AgentProcess;

/** Unique words, one for each text field of an order. */
const wordsOf = (mark: string) => ({
  title: `title-${mark}`,
  authority: `authority-${mark}`,
  addressee: `addressee-${mark}`,
  instrument: `instrument-${mark}`,
  statement: { en: `statement-${mark}`, ar: `بيان-${mark}` },
  authoritativeLanguage: 'ar',
  notice: { en: `notice-${mark}` },
  appeal: `appeal-${mark}`,
});
const SAID = ['title', 'authority', 'addressee', 'instrument', 'statement', 'بيان', 'notice', 'appeal'];
const RULES = { nexus: ['home'], zone: 'UTC', unknown: 'allow', contested: 'allow', travelers: 'deny' };
const BLOCKED_BY = 'rel=\\\\"blocked-by\\\\"';
const soon = () => new Date(Date.now() + 5_000).toISOString();

beforeAll(async () => {
  world = await openWorld();
  agent = await world.enrolled();
  agent.run();
  await agent.connected();
}, 120_000);
afterAll(() => world?.remove());

interface Fetched {
  readonly status: number;
  readonly body: Buffer;
}

function fetchPublic(path: string, method = 'GET', headers: Record<string, string> = {}, body = ''): Promise<Fetched> {
  const { ca } = agent.tls(world.server.device);
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, world.server.public), { method, headers, ca }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const head = JSON.stringify(response.headers);
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat([Buffer.from(head), ...chunks]) });
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** The bytes, and all base64 in them, decoded recursively. */
function everyLayer(bytes: Buffer): string {
  const text = bytes.toString();
  const inside = [...text.matchAll(/[A-Za-z0-9+/_-]{24,}={0,2}/g)].map(([found]) => Buffer.from(found, 'base64'));
  const readable = inside.filter((each) => /^[\t\n\r -~\u0080-\uffff]*$/.test(each.toString()));
  return [text, ...readable.map(everyLayer)].join('\n');
}

/** All responses of the public listener, and the error for a machine that tries to enroll. */
async function everythingPublic(): Promise<ReadonlyMap<string, string>> {
  const { body: note } = await fetchPublic('/ledger/checkpoint');
  const key = (await fetchPublic('/ledger/key')).body.toString().split('}').at(-1)?.trim() ?? '';
  const text = note.toString().slice(note.toString().indexOf('}') + 1);
  const { size } = await openCheckpoint(text, await parseVerifierKey(key));
  const { code } = parseActivationLink(await world.link());
  const basic = `Basic ${Buffer.from(`${code.id}:${code.secret}`).toString('base64')}`;
  const paths = [
    '/orders/list',
    '/orders/approver-sets',
    '/transparency',
    '/ledger/checkpoint',
    '/ledger/key',
    '/crl/issuing.crl',
    '/public-root.json',
    '/.well-known/est/cacerts',
    '/orders/withheld',
    '/device/withheld',
    '/orders',
    '/',
    ...tilesOf(size).map((tile) => `/ledger/${tilePath(tile)}`),
  ];
  const found = new Map<string, string>();
  for (const path of paths) found.set(path, everyLayer((await fetchPublic(path)).body));
  const enroll = {
    authorization: basic,
    'content-type': 'application/pkcs10',
    'content-transfer-encoding': 'base64',
  };
  const csr = requestCertificate(code.id, newKeyPem()).toString('base64');
  const refused = await fetchPublic('/.well-known/est/simpleenroll', 'POST', enroll, csr);
  found.set('a refusal to enroll', everyLayer(refused.body));
  return found;
}

/** Places in which each word of the order appears. */
function places(all: ReadonlyMap<string, string>, mark: string): Record<string, string[]> {
  const of = (word: string) => [...all].flatMap(([path, text]) => (text.includes(`${word}-${mark}`) ? [path] : []));
  return Object.fromEntries(SAID.map((word) => [word, of(word)]));
}

let secret: RevisionView;
let told: RevisionView;

it('a withheld order is enforced on a device whose user reads all of it, beside a public order', async () => {
  const { operator } = world;
  const law = { publication: { law: 'law-gagged' }, areas: ['SE'], services: ['messaging', 'enrollment'] };
  secret = await operator.propose({ ...RULES, ...law, ...wordsOf('gagged'), effective: soon() });
  await operator.adopt(secret);
  const open = { areas: ['SE'], services: ['mail', 'enrollment'] };
  told = await operator.propose({ ...RULES, ...open, ...wordsOf('openly'), effective: soon() });
  await operator.adopt(told);
  const denials = await until(async () => {
    const { gates } = await agent.status();
    const [messaging, mail] = ['messaging', 'mail'].map((name) => gates.find(({ service }) => service === name));
    expect([messaging?.open, mail?.open]).toEqual([false, false]);
    return messaging?.denials ?? [];
  }, 30_000);
  expect(denials).toMatchObject([
    {
      order: secret.order,
      title: 'title-gagged',
      statement: { en: 'notice-gagged', ar: wordsOf('gagged').statement.ar },
      appeal: 'appeal-gagged',
    },
  ]);
  expect((await agent.cli(['orders'])).out).toContain('appeal-gagged');
  await until(async () => {
    const receipts = await operator.as(operator.owner, 'GET', `/orders/${secret.order}/rollout`, orderRollout);
    expect(receipts).toMatchObject({ total: 1, states: { enforced: 1 } });
  });
  const { alerts } = await operator.as(operator.owner, 'GET', `/alerts?device=${agent.device}`, alertList);
  expect(alerts).toEqual([]);
}, 60_000);

it('the public reads only number, services and areas of a withheld order, and all of a public one', async () => {
  const all = await until(async () => {
    const fetched = await everythingPublic();
    expect([...fetched.values()].join()).toContain(secret.digest);
    return fetched;
  });
  const nowhere = Object.fromEntries(SAID.map((word) => [word, []]));
  expect(places(all, 'gagged')).toEqual(nowhere);
  expect([...all.values()].join()).not.toContain('law-gagged');
  const openly = places(all, 'openly');
  for (const word of SAID) expect([word, openly[word]]).toEqual([word, expect.arrayContaining(['/orders/list'])]);
  for (const word of SAID.filter((each) => each !== 'notice')) expect(openly[word]).toContain('/transparency');
  const page = (await fetchPublic('/transparency')).body.toString();
  const articleOf = (order: string) => new RegExp(`<h2 id="order-${order}">[\\s\\S]*?</article>`).exec(page)?.[0] ?? '';
  const terms = (order: string) => [...articleOf(order).matchAll(/<dt>(.*?)<\/dt>/g)].map(([, term]) => term);
  const basis = ['Authority', 'Addressee', 'Instrument', 'Authoritative text'];
  expect(terms(told.order)).toEqual(['Status', 'Areas', 'Services', 'From', 'Until', 'Exit', 'Appeal', ...basis]);
  expect(articleOf(told.order)).toMatch(
    /A device is affected if its home area is in one of the areas\. The areas: <bdi>Sweden \(SE\)<\/bdi>/,
  );
  expect(articleOf(told.order)).toContain('is affected wherever it is.');
  expect(terms(secret.order)).toEqual(['Areas', 'Services']);

  const { body } = await fetchPublic('/orders/list');
  const envelope = envelopeSchema.parse(JSON.parse(body.toString().slice(body.toString().indexOf('}') + 1)));
  const { orders } = parseDocument(orderListSchema, payloadOf(envelope, PAYLOAD_TYPES.list));
  const [stub] = orders.filter(({ payloadType }) => payloadType === PAYLOAD_TYPES.stub);
  expect(stub?.signatures).toHaveLength(2);
  expect(stub && readStub(stub)).toEqual({
    installation: expect.any(String),
    order: secret.order,
    revision: 1,
    services: ['enrollment', 'messaging'],
    areas: ['SE'],
    digest: secret.digest,
  });
  expect(all.get('/transparency')).toContain('One further order is withheld from the public');
  // The error links to the order's public entry, which says no more than the order list.
  const anchor = `order-${secret.order}`;
  expect(all.get('/transparency')).toContain(`id="${anchor}">Order ${secret.order}: withheld from the public<`);
  expect(all.get('a refusal to enroll')).toMatch(
    new RegExp(
      `"link":"<https://[^>]+/transparency#${anchor}>; ${BLOCKED_BY}, <https://[^>]+#order-${told.order}>; ${BLOCKED_BY}"`,
    ),
  );
  expect(all.get('/device/withheld')).toContain('not_found');
  const refused = all.get('a refusal to enroll');
  expect(refused).toContain(`by order ${secret.order}`);
  // A machine that tries to enroll is part of the public. For the withheld order it gets the installation's contact, and for the public
  // order the contact in the order.
  expect(refused).toMatch(
    new RegExp(
      `For an appeal against order ${secret.order}, contact [^.]+\\. For an appeal against order ${told.order}, contact appeal-openly`,
    ),
  );
}, 60_000);

it('the public sees no ledger entry about it or its authority, while its pack proves all of it', async () => {
  const { operator } = world;
  const { token } = operator.owner;
  const folder = mkdtempSync(join(tmpdir(), 'cordon-gag-'));
  try {
    const key = await identityToRecipient(await generateIdentity());
    const recipient = { name: 'Outside counsel', key };
    const rehearsed = await fetch(`${operator.admin}/api/v1/orders/${secret.order}/impact/names`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ at: 'now', recipient }),
    });
    expect(rehearsed.status).toBe(200);
    const cordon = adminCli(operator.admin, folder, { CORDON_TOKEN: token });
    const file = join(folder, 'order.zip');
    const annexed = ['--annex-for', key, '--name', recipient.name];
    expect(await cordon(['orders', 'pack', secret.order, '--out', file, ...annexed])).toMatchObject({ code: 0 });
    const entries = await until(async () => {
      const text = [...(await everythingPublic()).values()].join('\n');
      const found = [...text.matchAll(/\{"at":\d+,"kind":"[^}]*\}[^}]*\}/g)].map(([entry]) => entry);
      for (const mark of [/"order.executed","public":\{\}/, /"names.sealed","public":\{"digest":"[0-9a-f]{64}"\}/]) {
        expect(found).toContainEqual(expect.stringMatching(mark));
      }
      expect(found.filter((entry) => entry.includes('"names.sealed"'))).toHaveLength(2);
      return found;
    });
    const acts = entries.filter((entry) => /order.executed|names.sealed|order.exited/.test(entry));
    expect(acts.filter((entry) => entry.includes(`"${secret.order}"`))).toEqual([]);
    // The text of the public order is there for everyone.
    expect(acts).toContainEqual(expect.stringMatching(/"order.executed".*"state":"active"/));
    const { fingerprint } = await cordon.json<{ fingerprint: string }>(['public-root']);
    const { valid, findings } = await verifyPack(readFileSync(file), fingerprint);
    expect(valid).toBe(true);
    expect(findings.map(({ words }) => words).join('\n')).toContain(
      'The server recorded that the order took effect (revision 1)',
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
