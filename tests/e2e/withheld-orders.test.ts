/**
 * A withheld order inside the organization. People who may not read it call every read operation of the API, and no response contains a
 * word of its legal basis. The operations come from the OpenAPI document, so the test covers new ones too.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { uploadedDocument } from '../../shared/api/order-documents.ts';
import { packList } from '../../shared/api/order-packs.ts';
import { readingList } from '../../shared/api/order-readings.ts';
import { orderList, orderView, revisionView } from '../../shared/api/orders.ts';
import { overviewView } from '../../shared/api/overview.ts';
import { adminCli } from '../support/admin-cli.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { newMark, Search } from '../support/canary.ts';
import { describeOnSqliteFirst } from '../support/each-database.ts';
import { type Operator, setUp } from '../support/operator.ts';
import { invite, type Person } from '../support/people.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

const mark = newMark();
const said = (field: string) => `${field} ${mark.text}`;

/** Bytes of every response, files and errors included. */
async function fetched(
  admin: string,
  method: string,
  path: string,
  { token }: Person,
  body?: object,
): Promise<{ status: number; bytes: Buffer }> {
  const given = { 'content-type': 'application/json' };
  const answer = await fetch(`${admin}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && given) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) };
}

const wordsIn = (place: string, bytes: Buffer): string[] => {
  const search = new Search(mark);
  search.look(place, bytes);
  return search.sightings.map((sighting) => `${sighting.place}: ${sighting.form}: ${sighting.around}`);
};

const openApi = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({ parameters: z.array(z.looseObject({ name: z.string(), in: z.string() })).optional() }),
    ),
  ),
});

describeOnSqliteFirst('a withheld order', (database) => {
  let server: ServerProcess;
  let operator: Operator;
  let agent: AgentProcess;
  let group: string;
  let order: string;
  let sha256: string;
  let pack: string;
  const unentitled: Record<string, Person> = {};

  beforeAll(async () => {
    server = await startServerProcess({ ...(await database.env()), CORDON_LOG: 'debug' });
    operator = await setUp(server.admin, server.firstOwner);
    const { owner, proposer, approvers } = operator;
    const grants = [
      ...['fleet', 'helpdesk', 'auditor'].map((role) => [role, { role }] as const),
      ['legal of another area', { role: 'legal', area: 'DE' }] as const,
    ];
    for (const [name, grant] of grants) unentitled[name] = await invite(server.admin, owner, name, [grant]);
    group = await operator.group('embassies');
    agent = new AgentProcess();
    await agent.enroll((await operator.code({ user: 'Zoe', group, home: 'SE' })).link);

    const upload = await fetch(`${server.admin}/api/v1/orders/documents?mediaType=text/plain`, {
      method: 'POST',
      headers: { authorization: `Bearer ${proposer.token}`, 'content-type': 'application/octet-stream' },
      body: said('document'),
    });
    const kept = uploadedDocument.parse(await upload.json());
    sha256 = kept.sha256;
    const terms = {
      title: said('title'),
      areas: ['SE'],
      services: ['messaging'],
      nexus: ['home'],
      zone: 'UTC',
      unknown: 'allow',
      contested: 'allow',
      travelers: 'deny',
      effective: new Date(Date.now() + 3_000).toISOString(),
      authority: said('authority'),
      addressee: said('addressee'),
      instrument: said('instrument'),
      statement: { en: said('statement') },
      notice: { en: said('notice') },
      appeal: said('appeal'),
      publication: { law: said('law') },
      documents: [{ title: said('document title'), ...kept }],
      decision: { considered: said('considered'), by: said('by'), reasons: said('reasons') },
      exempt: [{ device: agent.device, reason: said('exempt') }],
    };
    const made = await operator.propose(terms);
    order = made.order;
    await operator.adopt(made);
    const hold = await operator.act(order, {
      action: 'pause',
      basis: { reason: said('basis'), court: { name: said('court'), case: said('case') } },
    });
    await operator.approve(order, hold.revision, approvers[0]!);
    const declined = await operator.act(order, { action: 'withdraw', basis: { reason: said('withdrawal') } });
    await operator.as(approvers[0]!, 'POST', `/orders/${order}/revisions/${declined.revision}/decline`, revisionView, {
      reason: said('decline'),
    });
    // One more revision waits for approval during the reads.
    await operator.act(order, { action: 'revise', title: said('next title') });
    const packed = await fetched(server.admin, 'POST', `/api/v1/orders/${order}/packs`, owner);
    expect(packed.status).toBe(200);
    pack = (await operator.as(owner, 'GET', `/orders/${order}/packs`, packList)).packs[0]!.pack;
  }, 180_000);
  afterAll(async () => {
    await agent?.remove();
    await server?.remove();
  });

  /** Paths of every read operation, with each order, revision and document inserted. */
  async function readOperations(): Promise<string[]> {
    const { paths } = openApi.parse(await (await fetch(`${server.admin}/api/openapi.json`)).json());
    const values: Record<string, readonly string[]> = {
      '/orders/{number}': [order],
      '{revision}': ['1', '2', '3', '4'],
      '{sha256}': [sha256],
      '{pack}': [pack],
      '/devices/{id}': [agent.device],
      '/groups/{id}': [group],
      '/policies/{id}': ['pol_aaaaaaaaaaaaaaaa'],
      '/versions/{version}': ['1'],
      '/software/{id}': ['1'],
      '/advisories/{id}': ['1'],
      '/people/{id}': ['per_aaaaaaaaaaaaaaaa'],
      '/commands/{id}': ['cmd_aaaaaaaaaaaaaaaa'],
      '/jobs/{id}': ['cmd_aaaaaaaaaaaaaaaa'],
      '/actions/{id}': ['act_aaaaaaaaaaaaaaaa'],
      '/roles/{id}': ['rol_aaaaaaaaaaaaaaaa'],
      '/scripts/{id}': ['scr_aaaaaaaaaaaaaaaa'],
      '/queries/{id}': ['qry_aaaaaaaaaaaaaaaa'],
      '/logs/{command}': ['cmd_aaaaaaaaaaaaaaaa'],
      '/fetched-files/{command}': ['cmd_aaaaaaaaaaaaaaaa'],
      '/disclosures/{id}': ['dsc_aaaaaaaaaaaaaaaa'],
      '/ip-databases/{hash}': ['0'.repeat(64)],
      '/territory-policies/{version}': ['0'],
    };
    return Object.entries(paths)
      .filter(([path, operations]) => operations['get'] && path !== '/api/v1/events')
      .flatMap(([path]) => {
        let filled = [path];
        for (const [name, given] of Object.entries(values)) {
          const place = /\{\w+\}/.exec(name)?.[0] ?? '';
          filled = filled.flatMap((each) =>
            each.includes(name) ? given.map((value) => each.replace(name, name.replace(place, value))) : [each],
          );
        }
        return filled;
      });
  }

  it('reveals its legal basis in no read operation to people who may not read it', async () => {
    const operations = await readOperations();
    expect(operations.length).toBeGreaterThan(60);
    // A new path parameter needs a value above, so that the test reads its operation.
    expect(operations.filter((path) => path.includes('{'))).toEqual([]);
    const found: string[] = [];
    const refused: string[] = [];
    for (const [name, person] of Object.entries(unentitled)) {
      for (const path of operations) {
        const { status, bytes } = await fetched(server.admin, 'GET', path, person);
        expect([path, status]).not.toEqual([path, 500]);
        found.push(...wordsIn(`${name} ${path}`, bytes));
        if (bytes.includes('"order_withheld"')) refused.push(`${name} ${path}`);
      }
      for (const [path, body] of [
        [`/api/v1/orders/${order}/packs`, undefined],
        [`/api/v1/orders/${order}/revisions`, { action: 'extend' }],
        [`/api/v1/orders/${order}/revisions/4/decline`, { reason: 'no' }],
        ['/api/v1/orders/preview', { action: 'extend', order }],
      ] as const) {
        const { bytes } = await fetched(server.admin, 'POST', path, person, body);
        found.push(...wordsIn(`${name} POST ${path}`, bytes));
      }
    }
    expect(found).toEqual([]);
    for (const revision of [1, 2, 3, 4])
      expect(refused).toContain(`fleet /api/v1/orders/${order}/revisions/${revision}`);
    expect(refused).toContain(`auditor /api/v1/orders/${order}/revisions/1/decision`);
    expect(refused).toContain(`auditor /api/v1/orders/${order}/revisions/1/exemptions`);
  }, 180_000);

  it('shows these people number, state, areas, services and times, and why the rest is withheld', async () => {
    for (const person of Object.values(unentitled)) {
      const shown = await operator.as(person, 'GET', `/orders/${order}`, orderView);
      expect(shown).toMatchObject({ visibility: 'hidden', number: order, title: 'Withheld order', status: 'paused' });
      expect(shown).toMatchObject({
        notice: expect.stringMatching(
          /^Withheld: only legal, owners, the proposer and the approvers may read the legal basis\./,
        ),
      });
      expect(Object.keys(shown.terms).sort()).toEqual(['areas', 'effective', 'mode', 'services', 'until', 'zone']);
      expect(shown.revisions.map(({ proposer, endReason }) => [proposer, endReason])).toEqual(
        Array(4).fill([null, null]),
      );
    }
  });

  it('is readable for owner, legal, proposer and approvers, and every reading is an audit entry without the text', async () => {
    const { owner, proposer, approvers } = operator;
    const counsel = await invite(server.admin, owner, 'counsel', [{ role: 'legal' }]);
    for (const person of [owner, proposer, counsel, approvers[2]!]) {
      const shown = await operator.as(person, 'GET', `/orders/${order}`, orderView);
      expect(shown).toMatchObject({
        visibility: 'restricted',
        title: said('title'),
        terms: { authority: said('authority') },
      });
    }
    for (const path of ['revisions/1', 'revisions/1/decision', 'revisions/1/exemptions', `documents/${sha256}`]) {
      const { bytes } = await fetched(server.admin, 'GET', `/api/v1/orders/${order}/${path}`, counsel);
      expect([path, wordsIn(path, bytes).length > 0]).toEqual([path, true]);
    }
    const auditor = unentitled['auditor']!;
    const { readings, people } = await operator.as(auditor, 'GET', `/orders/${order}/readings`, readingList);
    const of = (name: string) =>
      readings.filter(({ account }) => people[account] === name).map(({ part, about }) => [part, about]);
    expect(of('counsel').sort()).toEqual([
      ['decision', '1'],
      ['document', sha256],
      ['exemptions', '1'],
      ['terms', null],
    ]);
    for (const name of ['Owner', 'proposer', 'cleo']) expect(of(name)).toContainEqual(['terms', null]);
    expect(of('Owner')).toContainEqual(['pack', null]);
    for (const name of Object.keys(unentitled)) expect(of(name)).toEqual([]);
    expect(wordsIn('readings', Buffer.from(JSON.stringify(readings)))).toEqual([]);
  });

  it('has no title in lists and on the overview, also for people who may read it', async () => {
    const { owner } = operator;
    const before = await operator.as(owner, 'GET', `/orders/${order}/readings`, readingList);
    const { orders } = await operator.as(owner, 'GET', '/orders', orderList);
    expect(orders).toMatchObject([{ visibility: 'hidden', title: 'Withheld order', number: order }]);
    const { pendingApprovals } = await operator.as(owner, 'GET', '/overview', overviewView);
    expect(pendingApprovals).toMatchObject([{ kind: 'revision', order, title: 'Withheld order' }]);
    const metrics = await fetched(server.admin, 'GET', '/metrics', owner);
    expect(wordsIn('metrics', metrics.bytes)).toEqual([]);
    expect(await operator.as(owner, 'GET', `/orders/${order}/readings`, readingList)).toEqual(before);
  });

  it('is hidden by the command line, which lists the readings', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cordon-withheld-'));
    try {
      const cordon = (who: Person) => adminCli(server.admin, folder, { CORDON_TOKEN: who.token });
      const [fleet, auditor] = [cordon(unentitled['fleet']!), cordon(unentitled['auditor']!)];
      const shown = await fleet(['orders', 'show', order]);
      expect([shown.code, shown.out]).toEqual([0, expect.stringContaining('Withheld: only legal, owners')]);
      const revision = await fleet(['orders', 'show', order, '1']);
      expect([revision.code, revision.err]).toEqual([
        expect.any(Number),
        expect.stringContaining('Withheld: only legal, owners'),
      ]);
      expect(revision.code).not.toBe(0);
      const list = await fleet(['orders', 'list']);
      expect(list.out).toContain('Withheld order');
      const file = await auditor(['orders', 'pack', order, '--out', join(folder, 'order.zip')]);
      expect(file.code).not.toBe(0);
      const readings = await auditor(['orders', 'readings', order]);
      expect(readings.out).toMatch(/Owner\s+terms/);
      const all = [shown, revision, list, file, readings].map(({ out, err }) => out + err).join('\n');
      expect(wordsIn('command line', Buffer.from(all))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 60_000);

  it('does not appear in the log', () => {
    expect(wordsIn('log', Buffer.from(server.output()))).toEqual([]);
  });
});
