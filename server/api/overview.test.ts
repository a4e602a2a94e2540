/** Overview and installation over real HTTP: the devices and pending approvals that each role sees. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { installationView } from '../../shared/api/installation.ts';
import { overviewView } from '../../shared/api/overview.ts';
import { parseScopeArea } from '../../shared/areas/area-code.ts';
import { approvalOf, signApproverSetPayload } from '../../shared/order/approver-key.ts';
import type { GroupId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';
import { testKey } from '../../tests/support/signed-documents.ts';
import type { Grant } from '../admins/roles.ts';

let api: ApiServer;
beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.close());

async function somebody(name: string, ...grants: Grant[]) {
  const { headers } = await api.signIn(await api.account(`${name}@example.org`, grants));
  const key = testKey();
  const call = async (method: string, path: string, body?: unknown) => {
    const { status, json } = await api.request(method, `/api/v1${path}`, headers, body);
    if (status >= 400) throw new Error(`${method} ${path}: ${json.code} ${json.detail}`);
    return json;
  };
  const overview = async () => overviewView.parse(await call('GET', '/overview'));
  return {
    key,
    call,
    overview,
    mine: async () => (await overview()).pendingApprovals.filter(({ mine }) => mine).map(({ kind }) => kind),
    register: () => call('POST', '/approver-keys', { publicKey: key.publicKey }),
    signApproverSet: async (version: number) => {
      const { payload } = (await call('GET', '/approvers')).pending;
      await call('POST', `/approvers/${version}/signatures`, {
        keyid: key.keyid,
        signature: signApproverSetPayload(key, payload),
      });
    },
    approve: async (order: string, revision: number) => {
      const { payload } = await call('GET', `/orders/${order}/revisions/${revision}`);
      const approval = approvalOf(key, payload);
      await call('POST', `/orders/${order}/revisions/${revision}/approvals`, approval);
    },
  };
}

const grant = (role: Grant['role'], group: GroupId | null = null, area: string | null = null): Grant => ({
  role,
  group,
  area: area === null ? null : parseScopeArea(area),
});

const PROPOSAL = {
  title: 'Messages in Pakistan',
  areas: ['PK'],
  services: ['messaging'],
  nexus: ['present'],
  effective: '2099-11-30T00:00',
  zone: 'Asia/Karachi',
  unknown: 'allow',
  contested: 'allow',
  travelers: 'allow',
  authority: 'The regulator',
  addressee: 'The operator',
  instrument: 'Directive 1',
  statement: { en: 'Suspended by order of the regulator.' },
};

describe('overview', () => {
  it('counts the devices in the viewer’s scope', async () => {
    const [mine, theirs] = [await addGroup(api.database, 'Mine'), await addGroup(api.database, 'Theirs')];
    const device = await addDevice(api.database, { group: mine });
    for (let count = 0; count < 2; count += 1) await addDevice(api.database, { group: theirs });
    await api.devices.connected({ device, generation: 1, address: null, agent: null });
    const owner = await somebody('owner', grant('owner'));
    const desk = await somebody('desk', grant('helpdesk', mine));
    const elsewhere = await somebody('elsewhere', grant('fleet', null, 'PK'));
    const devices = async (who: typeof owner) => (await who.overview()).devices;
    expect(await devices(owner)).toEqual({ total: 3, connected: 1, neverConnected: 2 });
    expect(await devices(desk)).toEqual({ total: 1, connected: 1, neverConnected: 0 });
    expect(await devices(elsewhere)).toEqual({ total: 0, connected: 0, neverConnected: 0 });
    expect(await owner.overview()).toMatchObject({ areas: [], unknown: 3, pendingApprovals: [] });
    const healthIssuesOf = async (who: typeof owner) =>
      (await who.overview()).healthIssues.map(({ code, count }) => [code, count]);
    expect(await healthIssuesOf(owner)).toEqual([
      ['no_approvers', null],
      ['backup_missing', null],
      ['devices_never_connected', 2],
    ]);
    expect(await healthIssuesOf(desk)).toEqual([
      ['no_approvers', null],
      ['backup_missing', null],
    ]);
  });

  it('lists pending approvals for approvers with a key, who are not the proposer, and whose role has the areas', async () => {
    const owner = await somebody('owner', grant('owner'));
    const ada = await somebody('ada', grant('legal'));
    const ben = await somebody('ben', grant('legal', null, 'PK'));
    const cyd = await somebody('cyd', grant('legal', null, 'IN'));
    const auditor = await somebody('auditor', grant('auditor'));
    const keys = [];
    for (const one of [owner, ada, ben, cyd]) keys.push((await one.register()).keyid);
    await owner.call('POST', '/approvers', { keyids: keys, threshold: 2 });
    expect((await auditor.overview()).pendingApprovals).toEqual([
      { kind: 'approvers', version: 1, signatures: 0, mine: false },
    ]);
    expect(await ada.mine()).toEqual(['approvers']);
    await ada.signApproverSet(1);
    expect([await ada.mine(), await ben.mine()]).toEqual([[], ['approvers']]);
    await ben.signApproverSet(1);
    expect((await owner.overview()).pendingApprovals).toEqual([]);

    const { order, revision } = await owner.call('POST', '/orders', PROPOSAL);
    const [waiting] = (await auditor.overview()).pendingApprovals;
    expect(waiting).toEqual({
      kind: 'revision',
      order,
      revision,
      title: PROPOSAL.title,
      action: 'propose',
      proposedAt: expect.any(Number),
      approvals: 0,
      needed: 2,
      mine: false,
    });
    const mine = async () => [await owner.mine(), await ada.mine(), await ben.mine(), await cyd.mine()];
    expect(await mine()).toEqual([[], ['revision'], ['revision'], []]);
    await ada.approve(order, revision);
    expect(await mine()).toEqual([[], [], ['revision'], []]);
    expect((await owner.overview()).pendingApprovals).toMatchObject([{ approvals: 1, needed: 2 }]);
    await ben.approve(order, revision);
    expect((await owner.overview()).pendingApprovals).toEqual([]);
  });
});

it('shows the installation to every admin with a role, and contains no secret', async () => {
  const desk = await somebody('desk', grant('owner'), grant('helpdesk', await addGroup(api.database, 'Mine')));
  const shown = await desk.call('GET', '/installation');
  expect(installationView.strict().parse(shown)).toMatchObject({ store: 'sqlite', largeShare: 10, demo: false });
});
