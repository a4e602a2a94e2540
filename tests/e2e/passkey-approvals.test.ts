/**
 * An order that two people approve with passkeys: in Chromium with its virtual authenticator, on the released server, with a real agent. A
 * process that knows nothing of the server verifies the evidence pack, and refuses a changed assertion.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureConsole } from '../../server/console/build.ts';
import { approverKeyList, approverSetView, approversView } from '../../shared/api/approvers.ts';
import { orderView, revisionView } from '../../shared/api/orders.ts';
import { timeCorrectionList, timeCorrectionProposal } from '../../shared/api/time-corrections.ts';
import { signApproverSetPayload } from '../../shared/order/approver-key.ts';
import { parseEnvelope } from '../../shared/order/dsse.ts';
import { readZip } from '../../shared/pack/zip.ts';
import { adminCli } from '../support/admin-cli.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { approve, codeAt, STEP, signIn, signList } from '../support/console-people.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import type { Approver } from '../support/people.ts';
import { programPath } from '../support/programs.ts';
import { runProgram } from '../support/run-program.ts';
import { type Seat, takeSeat } from '../support/seat.ts';
import { until } from '../support/until.ts';
import { giveAuthenticator } from '../support/virtual-authenticator.ts';

const TERMS = {
  title: 'Pakistan',
  areas: ['PK'],
  services: ['messaging'],
  nexus: ['home'],
  unknown: 'allow',
  contested: 'allow',
  travelers: 'deny',
  authority: 'Regulator',
  addressee: 'operators',
  instrument: 'directive',
  statement: { en: 'Service ends.' },
};
const folder = mkdtempSync(join(tmpdir(), 'cordon-passkeys-'));

describe.skipIf(!chromium.present)('approvals by passkey', { timeout: 300_000 }, () => {
  let browser: Browser;
  let world: World;
  let agent: AgentProcess;
  const seats: Seat[] = [];
  let approvers: readonly Approver[] = [];

  /** Signs in with password and code at the address for which passkeys work, and creates an approver passkey. */
  async function sitDown(person: Approver): Promise<Seat> {
    const url = world.server.admin.replace('127.0.0.1', 'localhost');
    const seat = await takeSeat(browser, url);
    seat.expecting(/status of 401/);
    seat.expecting(/pubKeyCredParams/);
    await giveAuthenticator(seat);
    await seat.goto('/people?tab=approvers');
    const { email, password, totpSecret: secret } = person.signIn;
    // The set-up used the current code, and the server also accepts the next one.
    await signIn(seat, { email, password, secret }, await codeAt({ secret }, Date.now() + STEP));
    // The keyboard, because content that appears above moves the button, and a click between two positions reaches nothing.
    await seat.page.getByRole('button', { name: 'Create approver passkey' }).press('Enter');
    const registered = seat.page.getByText('Approver key not in the approver set');
    const refused = seat.page
      .getByRole('main')
      .getByRole('alert')
      .filter({ hasText: /Try again|failed|refused/ });
    // Longer than the browser waits for an authenticator, so that the page shows the reason of a failure.
    await registered.or(refused).first().waitFor({ timeout: 150_000 });
    expect(await refused.allTextContents()).toEqual([]);
    seats.push(seat);
    return seat;
  }
  const isOpen = async (service: string) => (await agent.status()).gates.find((gate) => gate.service === service)?.open;

  beforeAll(async () => {
    await ensureConsole((line) => console.log(line));
    [browser, world] = await Promise.all([openBrowser(), openWorld()]);
    approvers = world.operator.approvers;
    agent = await world.enrolled({}, 'PK');
    agent.run();
    await agent.connected();
  }, 240_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await world?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it('people create approver passkeys, and the approver set replaces their files with the passkeys', async () => {
    const [ada, ben, cleo] = approvers;
    if (!ada || !ben || !cleo) throw new Error('an approver is missing');
    for (const person of [ada, ben]) await sitDown(person);
    const { owner, as } = world.operator;
    const { keys } = await as(owner, 'GET', '/approver-keys', approverKeyList);
    const passkeys = keys.filter(({ rpId }) => rpId === 'localhost');
    expect(passkeys.map(({ person }) => person).sort()).toEqual([ada.id, ben.id].sort());

    const keyids = [...passkeys.map(({ keyid }) => keyid), cleo.key.keyid];
    const proposal = { keyids, threshold: 2 };
    const proposed = await as(owner, 'POST', '/approvers', approverSetView, proposal);
    const set = JSON.parse(proposed.payload);
    expect(set.approvers.filter((each: { rpId?: string }) => each.rpId === 'localhost')).toHaveLength(2);
    // The current set has only the files, so two of them sign. The passkeys sign for the new set.
    for (const { api, key } of [ada, ben]) {
      const body = { keyid: key.keyid, signature: signApproverSetPayload(key, proposed.payload) };
      await api.call('POST', `/approvers/${proposed.version}/signatures`, approverSetView, body);
    }
    for (const seat of seats) {
      await seat.page.reload();
      expect.soft(await seat.faults('passkeys approver set')).toEqual([]);
      await signList(seat);
    }
    const { current } = await as(owner, 'GET', '/approvers', approversView);
    expect(current?.version).toBe(proposed.version);
  });

  let order = '';

  it('two people approve an order with their passkeys, and the device enforces it', async () => {
    const { operator } = world;
    const effective = Date.now() + 10_000;
    const revision = await operator.propose({ ...TERMS, effective: new Date(effective).toISOString() });
    ({ order } = revision);
    expect(await isOpen('messaging')).toBe(true);
    // Each passkey then also signs that the order takes effect immediately.
    await until(async () => expect(Date.now()).toBeGreaterThan(effective));
    for (const [index, seat] of seats.entries()) {
      await seat.goto(`/orders/${order}`);
      await seat.page.getByRole('button', { name: 'Review and approve' }).waitFor();
      const { answer } = await approve(seat, `passkeys approve ${index}`);
      expect(answer).toMatch(index === 0 ? /recorded/i : /approved|adopted|effect/i);
    }
    const { adoptedRevision } = await operator.as(operator.owner, 'GET', `/orders/${order}`, orderView);
    expect(adoptedRevision).toBe(1);
    await until(async () => {
      if (await isOpen('messaging')) throw new Error('the gate is still open');
    }, 150_000);
    for (const seat of seats) expect(seat.complaints).toEqual([]);
  });

  it('the evidence pack verifies offline, and a changed assertion does not', async () => {
    const { owner } = world.operator;
    const cordon = adminCli(world.server.admin, folder, { CORDON_TOKEN: owner.token });
    const [pack, root] = [join(folder, 'order.zip'), join(folder, 'public-root.json')];
    expect(await cordon(['orders', 'pack', order, '--out', pack])).toMatchObject({ code: 0, err: '' });
    await cordon(['public-root', '--out', root]);
    const verify = (file: string) =>
      runProgram(process.execPath, [programPath('server/cordon.js'), 'verify', file, '--root', root], {
        cwd: folder,
        env: { HOME: folder, XDG_CONFIG_HOME: folder, CORDON_HOME: join(folder, 'none') },
      });
    const checked = await verify(pack);
    expect(checked).toMatchObject({ code: 0, err: '' });
    expect(checked.out).toContain('Passkeys: 2 of the 3 keys of the newest approver set are passkeys for localhost.');
    expect(checked.out).toMatch(/The pack is valid\.\n$/);

    const bytes = readFileSync(pack);
    const file = readZip(bytes).files.find(({ name }) => name === 'revisions/1.json')?.bytes ?? Buffer.alloc(0);
    const { signatures } = parseEnvelope(Buffer.from(file).toString());
    const [sig = ''] = signatures.map((each) => each.sig);
    expect(JSON.parse(Buffer.from(sig, 'base64').toString())).toHaveProperty('authenticatorData');
    const at = bytes.indexOf(sig.slice(0, 200));
    expect(at).toBeGreaterThan(0);
    const middle = at + 120;
    bytes[middle] = bytes[middle] === 0x41 ? 0x42 : 0x41;
    const changed = join(folder, 'changed.zip');
    writeFileSync(changed, bytes);
    expect((await verify(changed)).code).toBe(10);
  });

  it('two people sign a time correction with their passkeys, and the server publishes it', async () => {
    const { owner, as } = world.operator;
    const [from, until] = [2, 3].map((days) => new Date(Date.now() + days * 86_400_000).toISOString());
    const proposal = { from, until, reason: 'The host clock was ahead.' };
    const { digest } = await as(owner, 'POST', '/time-corrections/proposals', timeCorrectionProposal, proposal);
    for (const [index, seat] of seats.entries()) {
      const { page } = seat;
      await seat.goto('/settings');
      await page.getByRole('button', { name: 'Review time correction…' }).press('Enter');
      const dialog = page.getByRole('dialog', { name: 'Sign time correction' });
      await dialog.locator('pre', { hasText: digest }).waitFor();
      if (index === 0) expect.soft(await seat.faults('passkeys time correction')).toEqual([]);
      await dialog.getByRole('button', { name: 'Sign time correction' }).press('Enter');
      await dialog.waitFor({ state: 'hidden' });
      expect.soft(seat.complaints).toEqual([]);
    }
    const { corrections, pending } = await as(owner, 'GET', '/time-corrections', timeCorrectionList);
    const { current } = await as(owner, 'GET', '/approvers', approversView);
    expect([corrections.length, pending]).toEqual([1, null]);
    const signers = corrections[0]?.envelope.signatures.map(({ keyid }) => keyid) ?? [];
    const set = JSON.parse(current?.payload ?? '{}');
    const passkeys = set.approvers.filter((each: { rpId?: string }) => each.rpId === 'localhost');
    expect(signers.sort()).toEqual(passkeys.map((each: { keyid: string }) => each.keyid).sort());
  });

  it('a person signs a withdrawal with a passkey too, and service returns', async () => {
    const { operator } = world;
    const { revision } = await operator.as(operator.proposer, 'POST', `/orders/${order}/revisions`, revisionView, {
      action: 'withdraw',
      basis: { reason: 'The instrument was withdrawn.' },
    });
    for (const [index, seat] of seats.entries()) {
      await seat.goto(`/orders/${order}`);
      await approve(seat, `passkeys withdraw ${index}`);
      expect.soft(seat.complaints).toEqual([]);
    }
    expect(revision).toBe(2);
    await until(async () => {
      if (!(await isOpen('messaging'))) throw new Error('the gate is still closed');
    }, 60_000);
  });
});
