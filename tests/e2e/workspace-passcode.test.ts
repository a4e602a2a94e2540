/**
 * Passcode of the workspace with real agents, a real server and the device page in Chromium: a policy requires it, the user sets it, the
 * agent is killed, messages wait until the user enters it, and an admin resets it after too many wrong ones.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensurePage } from '../../agent/page/build.ts';
import { commandView } from '../../shared/api/commands.ts';
import { deviceComplianceView } from '../../shared/api/compliance.ts';
import { policyView } from '../../shared/api/policies.ts';
import { EXIT } from '../../shared/exit-codes.ts';
import { PASSCODE_WORDS_IN } from '../../shared/workspace/notice-words/passcode-words.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { foundOrganization } from '../support/organization.ts';
import { takeSeat } from '../support/seat.ts';
import { until } from '../support/until.ts';

const words = PASSCODE_WORDS_IN.en;
const PASSCODE = 'correct horse';
const SETTING = { minimumLength: 8, autoLockMinutes: 720, attempts: 3 };

describe.skipIf(!chromium.present)('the passcode of the workspace', { timeout: 240_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-passcode-'));
  let world: World;
  let browser: Browser;
  let stopCountersigning: () => Promise<void>;
  const agents: AgentProcess[] = [];

  beforeAll(async () => {
    await ensurePage((line) => console.log(line));
    [browser, world] = await Promise.all([openBrowser(), openWorld()]);
    const organization = await foundOrganization(world.operator.owner, world.operator.approvers);
    stopCountersigning = organization.keepCountersigning();
  }, 120_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await stopCountersigning?.();
    for (const agent of agents) await agent.remove();
    await world?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  async function person(user: string, group: string): Promise<AgentProcess> {
    const agent = new AgentProcess({ LANGUAGE: 'en' });
    agents.push(agent);
    await agent.enroll((await world.operator.code({ user, group, home: 'SE' })).link);
    agent.run();
    await agent.connected();
    await messaging(agent, 'ready');
    return agent;
  }
  const messaging = (agent: AgentProcess, state: string) =>
    until(async () => expect((await agent.status()).messaging.state, agent.log).toBe(state), 60_000);
  const inbox = async (agent: AgentProcess) => (await agent.cli(['inbox', '--all'])).out;
  const enter = (agent: AgentProcess, passcode: string) => agent.cli(['passcode', 'enter'], { input: `${passcode}\n` });
  const check = (agent: AgentProcess, status: string) =>
    until(async () => {
      const path = `/devices/${agent.device}/compliance`;
      const { settings } = await world.operator.as(world.operator.owner, 'GET', path, deviceComplianceView);
      expect(settings.find(({ setting }) => setting === 'workspace.passcode')).toMatchObject({ status });
    }, 30_000);

  it('keeps messages and files waiting after a restart, until the user enters it', async () => {
    const { as, owner, group: addGroup } = world.operator;
    const group = await addGroup('Travelers');
    const [ada, ben] = await Promise.all([person('Ada', group), person('Ben', world.group)]);
    const document = { settings: { 'workspace.passcode': SETTING }, compliance: { graceHours: 24, actions: [] } };
    const { id } = await as(owner, 'POST', '/policies', policyView, { name: 'Passcode', document });
    await owner.browser.call('POST', `/policies/${id}/rollout`, policyView, { version: 1, percent: 100 });
    await owner.browser.call('POST', `/policies/${id}/groups`, policyView, { groups: [group] });
    await check(ada, 'not-met');
    const file = join(folder, 'plan.txt');
    writeFileSync(file, 'the plan of the embassy');
    expect(await ada.cli(['workspace', 'put', file])).toMatchObject({ code: 0 });
    expect(await ben.cli(['send', 'Ada', 'before the restart'])).toMatchObject({ code: 0 });
    await until(async () => expect(await inbox(ada)).toContain('before the restart'), 40_000);

    const opening = async () => /^http\S+/m.exec((await ada.cli(['open'])).out)?.[0] ?? 'none';
    const link = await opening();
    const seat = await takeSeat(browser, new URL(link).origin);
    await seat.page.goto(link);
    await seat.page.getByRole('region', { name: words.title }).getByRole('button', { name: words.set }).click();
    await seat.page.getByLabel(words.passcode, { exact: true }).fill(PASSCODE);
    await seat.page.getByLabel(words.repeat, { exact: true }).fill(PASSCODE);
    await seat.page.getByLabel(words.repeat, { exact: true }).press('Enter');
    await seat.page.getByRole('region', { name: words.title }).waitFor({ state: 'detached' });
    await check(ada, 'met');
    expect(existsSync(ada.path('workspace/open.key'))).toBe(false);
    // The command line reads the workspace through the daemon, which alone has the key.
    expect((await ada.cli(['workspace', 'get', 'plan.txt'])).out).toBe('the plan of the embassy');

    await ada.kill();
    const offline = await ada.cli(['workspace', 'get', 'plan.txt']);
    expect([offline.code, offline.err]).toEqual([EXIT.forbidden, expect.stringContaining('only the running agent')]);
    ada.run();
    await ada.connected();
    await messaging(ada, 'passcode');
    expect((await ada.cli(['status'])).out).toMatch(
      /workspace +waiting for your passcode\n.*cordon-agent passcode enter/,
    );
    expect((await ada.cli(['workspace', 'ls'])).err).toContain('waits for your passcode');
    await ben.cli(['send', 'Ada', 'after the restart']);

    const again = await opening();
    const next = await takeSeat(browser, new URL(again).origin);
    next.expecting(/status of 403 /);
    await next.page.goto(again);
    const field = next.page.getByLabel(words.passcode, { exact: true });
    await field.fill('wrong passcode');
    await field.press('Enter');
    await next.page.getByText(`${words.wrong} Remaining attempts: 2.`).waitFor();
    expect(await inbox(ada)).not.toContain('restart');
    // A killed agent does not forget the attempt.
    await ada.kill();
    ada.run();
    await ada.connected();
    expect((await enter(ada, 'another wrong one')).err).toContain('1 attempt remains');
    expect((await enter(ada, PASSCODE)).out).toContain(words.isOpen);
    await until(async () => expect(await inbox(ada)).toContain('after the restart'), 40_000);
    expect((await ada.cli(['workspace', 'ls'])).out).toContain('plan.txt');
    expect(readFileSync(ada.path('workspace/passcode.key'), 'utf8')).not.toContain('horse');
    expect(seat.complaints.filter((text) => !/ERR_|Failed to fetch/.test(text))).toEqual([]);

    expect((await world.device(ada.device)).passcode).toBe('set');
    await ada.cli(['passcode', 'lock']);
    for (const passcode of ['1', '2', '3']) await enter(ada, passcode);
    expect(await enter(ada, PASSCODE)).toMatchObject({ code: EXIT.forbidden });
    const command = { kind: 'unlock-workspace', resetPasscode: true };
    const path = (device: string) => `/devices/${device}/commands`;
    const refused = owner.browser.call('POST', path(ben.device), commandView, { command });
    await expect(refused).rejects.toMatchObject({ code: 'conflict' });
    const sent = await owner.browser.call('POST', path(ada.device), commandView, { command });
    expect(await world.finished(sent.id)).toMatchObject({ state: 'done' });
    await messaging(ada, 'ready');
    await check(ada, 'not-met');
    expect((await ada.cli(['workspace', 'get', 'plan.txt'])).out).toBe('the plan of the embassy');
    expect((await world.device(ada.device)).passcode).toBe('none');
  });
});
