/** Scripts and own packages in the console, which two people must handle: both in Chromium, with the released server and a real agent. */
import { createHash } from 'node:crypto';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureConsole } from '../../server/console/build.ts';
import { approverKeyList, approverSetView } from '../../shared/api/approvers.ts';
import { packageList, packageView } from '../../shared/api/packages.ts';
import { policyView } from '../../shared/api/policies.ts';
import { signApproverSetPayload } from '../../shared/order/approver-key.ts';
import { PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { pae } from '../../shared/order/pae.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { makeKey } from '../support/console-people.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { invite } from '../support/people.ts';
import { BOTH_LOOKS, type Seat, takeSeat } from '../support/seat.ts';
import { until } from '../support/until.ts';

describe.skipIf(!chromium.present)('scripts and own packages in the console', { timeout: 180_000 }, () => {
  let browser: Browser;
  let world: World;
  let agent: AgentProcess;
  /** The author is not the first owner, because the first owner created the account of the reviewer. */
  let author: Seat;
  let reviewer: Seat;

  beforeAll(async () => {
    await ensureConsole((line) => console.log(line));
    [browser, world] = await Promise.all([openBrowser(), openWorld()]);
    const { owner, approvers, as } = world.operator;
    const [ada, ben] = approvers;
    if (!ada || !ben) throw new Error('an approver is missing');
    [author, reviewer] = (await Promise.all(
      [await invite(world.operator.admin, owner, 'author', [{ role: 'owner' }]), ada].map((person) =>
        takeSeat(browser, world.server.admin, { as: person }),
      ),
    )) as [Seat, Seat];
    agent = await world.enrolled();
    agent.run();
    // The next approver set has a key in Ada's browser.
    await reviewer.goto('/people?tab=approvers');
    await makeKey(reviewer);
    const { keys } = await as(owner, 'GET', '/approver-keys', approverKeyList);
    const proposed = await as(owner, 'POST', '/approvers', approverSetView, {
      keyids: keys.map(({ keyid }) => keyid),
      threshold: 2,
    });
    for (const { api, key } of [ada, ben]) {
      const body = { keyid: key.keyid, signature: signApproverSetPayload(key, proposed.payload) };
      await api.call('POST', `/approvers/${proposed.version}/signatures`, approverSetView, body);
    }
    await until(async () => expect((await agent.status()).approverSet).toBe(2), 20_000);
  }, 240_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await world?.remove();
  });

  it('one person writes it, another reviews it, and it runs on a group', async () => {
    const { page } = author;
    await author.goto('/scripts');
    await page.getByText('No scripts').waitFor();
    expect.soft(await author.faults('scripts empty', BOTH_LOOKS)).toEqual([]);
    await page.getByRole('button', { name: 'Switch scripts on…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Switch scripts on' }).click();
    await page.getByText('Scripts are on').waitFor();

    await page.getByRole('link', { name: 'Create script' }).first().click();
    await page.getByRole('button', { name: 'Create script' }).click();
    await page.getByText('Give the script a name.').waitFor();
    await page.getByLabel('Name').fill('Greeting');
    await page.getByLabel('Purpose').fill('Shows that scripts work');
    await page.getByRole('textbox', { name: 'Text' }).fill('echo "Hello $1"\n');
    await page.getByRole('textbox', { name: 'Arguments' }).fill('name: anything');
    await page.getByRole('button', { name: 'Create script' }).click();
    await page.getByText('Declare at most 16 arguments').waitFor();
    await page.getByRole('textbox', { name: 'Arguments' }).fill('name: word');
    expect.soft(await author.faults('scripts editor', BOTH_LOOKS)).toEqual([]);
    await page.getByRole('button', { name: 'Create script' }).click();
    await page.getByRole('heading', { name: 'Greeting' }).waitFor();
    await page.getByText('You wrote this version, with this account or another of your accounts.').waitFor();
    await page.getByText('Can review: ada, ben, cleo.').waitFor();
    expect(await page.getByRole('button', { name: 'Review version 1' }).count()).toBe(0);

    const { page: other } = reviewer;
    await reviewer.goto('/scripts');
    await other.getByRole('link', { name: 'Greeting' }).click();
    await review('1');

    // The difference to the reviewed version is visible in the next review.
    await page.getByRole('link', { name: 'Write new version' }).click();
    await page.getByRole('textbox', { name: 'Text' }).fill('echo "Good morning, $1"\n');
    await page.getByRole('button', { name: 'Create version 2' }).click();
    await page.getByText('Version 2', { exact: true }).waitFor();
    await other.getByRole('button', { name: 'Review version 2' }).click();
    const dialog = other.getByRole('dialog', { name: 'Review version 2' });
    const text = dialog.getByRole('region', { name: 'Text of version 2' });
    await text.getByText('- echo "Hello $1"').waitFor();
    await text.getByText('+ echo "Good morning, $1"').waitFor();
    expect.soft(await reviewer.faults('scripts review', BOTH_LOOKS)).toEqual([]);
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await review('2');

    await page.getByRole('button', { name: 'Run version 2' }).click();
    const run = page.getByRole('dialog', { name: 'Run version 2 of Greeting' });
    await run.getByRole('combobox', { name: 'Devices' }).click();
    await page.getByRole('option', { name: 'embassies' }).click();
    await run.getByLabel('Arguments').fill('not a word');
    await run.getByText('does not have the reviewed format name: word').waitFor();
    await run.getByLabel('Arguments').fill('Zoe');
    await run.getByText('1 affected device').waitFor();
    expect.soft(await author.faults('scripts run', BOTH_LOOKS)).toEqual([]);
    await run.getByRole('button', { name: 'Run on 1 device' }).click();
    await page.waitForURL('**/jobs/cmd_*');
    await page.getByRole('button', { name: 'Show output on the device of Zoe' }).click();
    await page.getByRole('region', { name: 'Output of the script' }).getByText('Good morning, Zoe').waitFor();
    await page.getByText('The command has ended.').waitFor();
    expect.soft(await author.faults('scripts output', BOTH_LOOKS)).toEqual([]);

    await author.goto(`/devices/${agent.device}`);
    await page.getByRole('button', { name: 'Show output on the device of Zoe' }).waitFor();
    await author.goto('/scripts');
    await page.getByRole('link', { name: 'Greeting' }).click();
    await page.getByRole('button', { name: 'Withdraw version 1' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Withdraw version' }).click();
    await page.getByText('Withdrawn', { exact: true }).waitFor();
    expect([...author.complaints, ...reviewer.complaints]).toEqual([]);
  });

  it('one device runs a reviewed script from its page', async () => {
    const { page } = author;
    await author.goto(`/devices/${agent.device}`);
    // The run of the job, in the list of commands.
    const outputs = page.getByRole('button', { name: 'Show output on the device of Zoe' });
    await outputs.waitFor();
    await page.getByRole('button', { name: 'Run script…' }).click();
    const run = page.getByRole('dialog', { name: 'Run script' });
    const submit = run.getByRole('button', { name: 'Run script' });
    await run.getByRole('combobox', { name: 'Script' }).click();
    await page.getByRole('option', { name: 'Greeting' }).click();
    expect(await submit.isDisabled()).toBe(true);
    await run.getByRole('combobox', { name: 'Version' }).click();
    // The author withdrew version 1.
    expect(await page.getByRole('option', { name: 'Version 1' }).count()).toBe(0);
    await page.getByRole('option', { name: 'Version 2' }).click();
    await run.getByLabel('Arguments').fill('Ann');
    expect.soft(await author.faults('scripts run on device', BOTH_LOOKS)).toEqual([]);
    await submit.click();
    await run.waitFor({ state: 'hidden' });
    await outputs.nth(1).waitFor();
    await outputs.first().click();
    await page.getByRole('region', { name: 'Output of the script' }).getByText('Good morning, Ann').waitFor();
  });

  it('one person uploads a package, another signs it in the browser, and a device verifies the signature', async () => {
    const { page } = author;
    const { page: other } = reviewer;
    const bytes = Buffer.from('!<arch>\nnot a real package');
    const file = {
      name: 'example-vpn_2.4.1_all.deb',
      mimeType: 'application/vnd.debian.binary-package',
      buffer: bytes,
    };
    await author.goto('/software?tab=packages');
    await page.locator('input[type=file]').setInputFiles(file);
    await page.getByRole('dialog').getByRole('button', { name: 'Upload package' }).click();
    await page.getByText('You uploaded this package, with this account or another of your accounts.').waitFor();
    await page.getByText('Can sign: ada, ben, cleo.').waitFor();

    await reviewer.goto('/software?tab=packages');
    await other.getByRole('button', { name: 'Sign package…' }).click();
    const sign = other.getByRole('dialog', { name: 'Sign package' });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await sign.getByText(`SHA-256 ${sha256}`).waitFor();
    expect.soft(await reviewer.faults('packages sign', BOTH_LOOKS)).toEqual([]);
    await sign.getByRole('button', { name: 'Sign package' }).click();
    await sign.waitFor({ state: 'hidden' });
    await other.getByText('Signed', { exact: true }).waitFor();
    const { owner, approvers, as } = world.operator;
    const { packages } = await as(owner, 'GET', '/packages', packageList);
    const used = packages[0]?.envelope?.signatures[0]?.keyid;
    const { keys } = await as(owner, 'GET', '/approver-keys', approverKeyList);
    // The signature is by Ada's key in the browser, and not by her key file.
    expect(keys.filter(({ keyid }) => keyid === used)).toHaveLength(1);
    expect(approvers.map(({ key }) => key.keyid)).not.toContain(used);

    await author.goto('/software?tab=packages');
    await page.getByRole('button', { name: 'Install…' }).click();
    const group = page.getByRole('dialog', { name: 'Install package' });
    await group.getByRole('combobox', { name: 'Devices' }).click();
    await page.getByRole('option', { name: 'embassies' }).click();
    await group.getByText('1 affected device').waitFor();
    expect.soft(await author.faults('packages install', BOTH_LOOKS)).toEqual([]);
    await page.keyboard.press('Escape');

    await author.goto(`/devices/${agent.device}`);
    await page.getByRole('button', { name: 'Install own package…' }).click();
    const install = page.getByRole('dialog', { name: 'Install own package' });
    await install.getByRole('combobox', { name: 'Package' }).click();
    await page.getByRole('option', { name: 'example-vpn 2.4.1 (all)' }).click();
    expect.soft(await author.faults('packages install on device', BOTH_LOOKS)).toEqual([]);
    await install.getByRole('button', { name: 'Install own package' }).click();
    await install.waitFor({ state: 'hidden' });
    // The agent verifies the signature and downloads the file before it asks the system helper, which this machine lacks.
    await page.getByText('its system helper is not installed').first().waitFor();
    expect([...author.complaints, ...reviewer.complaints]).toEqual([]);
  });

  it('an admin publishes a version of the agent on a channel, and moves the channel back', async () => {
    const { page } = author;
    const { owner, approvers, as } = world.operator;
    const fleet = await invite(world.operator.admin, owner, 'fleet', [{ role: 'fleet' }]);
    const ben = approvers[1];
    if (!ben) throw new Error('an approver is missing');
    for (const version of ['0.2.0', '0.3.0']) {
      const path = `/packages?name=cordon-agent&version=${version}&architecture=all`;
      const { sha256, statement } = await as(fleet, 'POST', path, packageView, Buffer.from(`!<arch>\n${version}`));
      const signature = ben.key.sign(pae(PAYLOAD_TYPES.package, Buffer.from(statement))).toString('base64');
      await as(ben, 'POST', `/packages/${sha256}/signature`, packageView, { keyid: ben.key.keyid, signature });
    }
    const document = { settings: { 'agent.update-channel': 'stable' }, compliance: { graceHours: 0, actions: [] } };
    const { id } = await as(owner, 'POST', '/policies', policyView, { name: 'Agents', document });
    await owner.browser.call('POST', `/policies/${id}/rollout`, policyView, { version: 1, percent: 100 });
    await owner.browser.call('POST', `/policies/${id}/groups`, policyView, { groups: [world.group] });

    await author.goto('/software?tab=packages');
    await page.getByText('1 device: 0 with this version, 0 with another one, 1 unknown.').waitFor();
    const publish = async (version: string, effect: string, channel?: string) => {
      const card = page.getByRole('listitem').filter({ hasText: `cordon-agent ${version}` });
      await card.getByRole('button', { name: 'Publish on a channel…' }).click();
      const dialog = page.getByRole('dialog', { name: 'Publish agent version' });
      if (channel !== undefined) {
        await dialog.getByRole('combobox', { name: 'Channel' }).click();
        await page.getByRole('option', { name: channel }).click();
      }
      await dialog.getByText(effect).waitFor();
      expect.soft(await author.faults(`agent publish ${version}`, BOTH_LOOKS)).toEqual([]);
      await dialog.getByRole('button', { name: `Publish on ${channel ?? 'stable'}` }).click();
      await dialog.waitFor({ state: 'hidden' });
      await card.getByText(`Channel ${channel ?? 'stable'}`).waitFor();
    };
    await publish('0.2.0', 'The channel has no version for the architecture all.');
    await publish('0.3.0', 'The channel has 0.2.0. 1 device on the channel installs 0.3.0');
    await publish('0.3.0', 'The channel has no version for the architecture all.', 'early');
    await publish('0.2.0', 'An earlier version may have errors');
    await page.getByText('Before: 0.3.0').waitFor();
    expect.soft(await author.faults('agent channels', BOTH_LOOKS)).toEqual([]);

    await author.goto(`/devices/${agent.device}`);
    await page.getByText('The agent was not installed as the package cordon-agent').waitFor();
    expect.soft(await author.faults('agent channel of a device', BOTH_LOOKS)).toEqual([]);
    expect(author.complaints).toEqual([]);
  });

  async function review(version: string): Promise<void> {
    const { page } = reviewer;
    await page.getByRole('button', { name: `Review version ${version}` }).click();
    const dialog = page.getByRole('dialog', { name: `Review version ${version}` });
    await dialog.getByText('Devices run this text with sh').waitFor();
    await dialog.getByRole('button', { name: 'Sign and approve version' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await page.getByText('Reviewed', { exact: true }).first().waitFor();
  }
});
