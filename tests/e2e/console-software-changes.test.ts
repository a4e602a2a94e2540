/** Changes of software in the console: the dialog of a device, the rollback, and own packages. The browser and the API are real. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONSOLE_FOLDER, ensureConsole } from '../../server/console/build.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { PASSWORD } from '../support/api-client.ts';
import { type ApiServer, startApi } from '../support/api-server.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { signIn } from '../support/console-people.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { testInventories } from '../support/inventories.ts';
import { dpkg, reportOf, testState } from '../support/inventory-state.ts';
import { RpmMachine, rpmMachines } from '../support/rpm-machine.ts';
import { BOTH_LOOKS, type Seat, takeSeat } from '../support/seat.ts';

describe.skipIf(!chromium.present)('changes of software in the console', { timeout: 120_000 }, () => {
  let browser: Browser;
  let api: ApiServer;
  let seat: Seat;
  let device: DeviceId;
  let folder: string;

  beforeAll(async () => {
    await ensureConsole((line) => console.log(line));
    folder = mkdtempSync(join(tmpdir(), 'cordon-packages-'));
    [browser, api] = await Promise.all([openBrowser(), startApi({ consoleFolder: CONSOLE_FOLDER })]);
    await api.account('owner@example.org', []);
    const { email, secret } = await api.account('fleet@example.org', [{ role: 'fleet', group: null, area: null }]);
    device = await addDevice(api.database, { group: await addGroup(api.database, 'Fleet'), user: 'Ada' });
    seat = await takeSeat(browser, api.url);
    // Responses for the modules that this server lacks, and for the session before the sign-in.
    seat.expecting(/status of (401|503)/);
    await seat.goto('/');
    await signIn(seat, { email, password: PASSWORD, secret }, api.code(secret));
    await seat.page.getByRole('link', { name: 'Pending actions' }).waitFor();
  }, 120_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await api?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  it('an admin sends a change, and rolls it back after the result', async () => {
    const { page } = seat;
    await seat.goto(`/devices/${device}`);
    await page.getByRole('button', { name: 'Change software…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Change software' });
    const submit = dialog.getByRole('button', { name: 'Change software' });
    const names = dialog.getByLabel('Packages');
    await names.fill('--option');
    await dialog.getByText('Type 1 to 32 names of packages').waitFor();
    expect(await submit.isDisabled()).toBe(true);
    await names.fill('openssl, curl=8.5.0-2');
    expect.soft(await seat.faults('change software')).toEqual([]);
    await submit.click();
    const row = page.getByRole('listitem').filter({ hasText: 'Install openssl, curl 8.5.0-2' });
    await row.first().waitFor();

    const [sent] = await api.commands.list(device);
    expect(sent?.command).toMatchObject({
      kind: 'change-software',
      action: 'install',
      packages: [{ name: 'openssl' }, { name: 'curl', version: '8.5.0-2' }],
    });
    if (!sent) throw new Error('no command was sent');
    const result = { command: sent.id, outcome: 'done', detail: 'openssl 3.0.14 → 3.0.15.' } as const;
    await api.commands.finished(device, sent.generation, result);
    await seat.goto(`/devices/${device}`);
    await page.getByText('openssl 3.0.14 → 3.0.15.').first().waitFor();
    await page.getByRole('button', { name: 'Roll back…' }).click();
    const confirm = page.getByRole('dialog', { name: 'Roll back software' });
    expect.soft(await seat.faults('roll back software')).toEqual([]);
    await confirm.getByRole('button', { name: 'Roll back software' }).click();
    await confirm.waitFor({ state: 'hidden' });
    const change = sent.command.kind === 'change-software' ? sent.command.change : null;
    expect((await api.commands.list(device))[0]?.command).toMatchObject({ kind: 'roll-back-software', of: change });
  });

  it('an admin removes a piece of software from a group on its page', async () => {
    const { page } = seat;
    await (await testInventories(api.database)).put(device, reportOf(testState('ada-1', [dpkg('telnet', '0.17')])));
    await seat.goto('/software?text=telnet');
    await page.getByRole('link', { name: 'telnet' }).click();
    await page.getByRole('heading', { name: 'telnet' }).waitFor();
    expect.soft(await seat.faults('software title actions', BOTH_LOOKS)).toEqual([]);
    await page.getByRole('button', { name: 'Remove…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Change software' });
    expect(await dialog.getByRole('radio', { name: 'Remove' }).isChecked()).toBe(true);
    expect(await dialog.getByRole('textbox', { name: 'Packages' }).inputValue()).toBe('telnet');
    const submit = dialog.getByRole('button', { name: 'Change software' });
    expect(await submit.isDisabled()).toBe(true);
    await dialog.getByRole('combobox', { name: 'Devices' }).click();
    await page.getByRole('option', { name: 'Fleet' }).click();
    await dialog.getByText('1 affected device').waitFor();
    expect.soft(await seat.faults('software title job', BOTH_LOOKS)).toEqual([]);
    await dialog.getByRole('button', { name: 'Change software of 1 device' }).click();
    await page.waitForURL('**/jobs/cmd_*');
    const job = await api.database.db.selectFrom('jobs').select(['name', 'body']).executeTakeFirstOrThrow();
    expect([job.name, JSON.parse(job.body)]).toEqual([
      'Remove telnet',
      expect.objectContaining({ action: 'remove', packages: [{ name: 'telnet' }] }),
    ]);
  });

  it('an admin updates an application of flatpak on its page', async () => {
    const { page } = seat;
    const state = testState('ada-1', [['flatpak', 'org.gnome.Maps', '47.1', '']]);
    await (await testInventories(api.database)).put(device, reportOf(state));
    await seat.goto('/software?text=org.gnome.Maps');
    await page.getByRole('link', { name: 'org.gnome.Maps' }).click();
    await page.getByRole('button', { name: 'Update…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Change software' });
    expect(await dialog.getByRole('combobox', { name: 'Package manager' }).inputValue()).toContain('flatpak');
    await dialog.getByText('Ids of applications, such as org.gnome.Maps').waitFor();
    await dialog.getByRole('textbox', { name: 'Packages' }).fill(`org.gnome.Maps=${'0a'.repeat(32)}`);
    await dialog.getByRole('combobox', { name: 'Devices' }).click();
    await page.getByRole('option', { name: 'Fleet' }).click();
    await dialog.getByText('1 affected device').waitFor();
    expect.soft(await seat.faults('flatpak title job', BOTH_LOOKS)).toEqual([]);
    await dialog.getByRole('button', { name: 'Change software of 1 device' }).click();
    await page.waitForURL('**/jobs/cmd_*');
    const jobs = await api.database.db.selectFrom('jobs').select('body').execute();
    expect(jobs.map(({ body }) => JSON.parse(body))).toContainEqual(
      expect.objectContaining({
        manager: 'flatpak',
        action: 'update',
        packages: [{ name: 'org.gnome.Maps', version: '0a'.repeat(32) }],
      }),
    );
  });

  it('an admin starts an update of the operating system that the user may delay', async () => {
    const { page } = seat;
    await seat.goto(`/devices/${device}`);
    await page.getByRole('button', { name: 'Update operating system…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Update operating system' });
    await dialog.getByRole('radio', { name: 'All updates' }).check();
    await dialog.getByLabel('Hours until the start').fill('4');
    expect.soft(await seat.faults('update operating system')).toEqual([]);
    await dialog.getByRole('button', { name: 'Update operating system' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect((await api.commands.list(device))[0]?.command).toMatchObject({
      kind: 'update-os',
      scope: 'all',
      deferral: { hours: 4, times: 2 },
    });
  });

  it('an admin uploads a package, which another person must sign', async () => {
    const { page } = seat;
    const file = join(folder, 'example-vpn_2.4.1_amd64.deb');
    writeFileSync(file, '!<arch>\nnot a real package');
    await seat.goto('/software?tab=packages');
    await page.getByText('No packages').waitFor();
    expect.soft(await seat.faults('own packages, empty')).toEqual([]);
    await page.locator('input[type=file]').setInputFiles(file);
    const dialog = page.getByRole('dialog', { name: 'Upload package' });
    expect(await dialog.getByLabel('Version').inputValue()).toBe('2.4.1');
    expect.soft(await seat.faults('upload package')).toEqual([]);
    await dialog.getByRole('button', { name: 'Upload package' }).click();
    await page.getByText('example-vpn 2.4.1').first().waitFor();
    await page.getByText('You uploaded this package, with this account or another of your accounts.').waitFor();
    expect.soft(await seat.faults('own packages')).toEqual([]);
    await page.getByRole('button', { name: 'Delete…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete package' }).click();
    await page.getByText('No packages').waitFor();
  });

  it.skipIf(!rpmMachines.present)('an admin uploads an RPM package, whose facts the server reads', async () => {
    const { page } = seat;
    const rpm = new RpmMachine();
    const file = rpm.build('example-vpn', '2.4.1');
    await seat.goto('/software?tab=packages');
    await page.locator('input[type=file]').setInputFiles(file);
    const dialog = page.getByRole('dialog', { name: 'Upload package' });
    await dialog.getByText('The server reads name, version and architecture from the file.').waitFor();
    expect(await dialog.getByLabel('Version').count()).toBe(0);
    expect.soft(await seat.faults('upload RPM package', BOTH_LOOKS)).toEqual([]);
    await dialog.getByRole('button', { name: 'Upload package' }).click();
    await page.getByText('example-vpn 2.4.1-1').first().waitFor();
    await page.getByText('RPM package for noarch').waitFor();
    expect.soft(await seat.faults('own RPM package', BOTH_LOOKS)).toEqual([]);
    rpm.remove();
  });

  it('an admin requires software with a lowest version', async () => {
    const { page } = seat;
    await seat.goto('/policies/new');
    await page.getByLabel('Required software', { exact: true }).click();
    const names = page.getByRole('combobox', { name: 'Required software: value' });
    await names.fill('openssl>=3.0.15');
    await page.keyboard.press('Enter');
    await names.fill('org.gnome.Maps');
    await page.keyboard.press('Enter');
    await page.getByText('Installed software stays when no policy requires it any more.').scrollIntoViewIfNeeded();
    expect.soft(await seat.faults('required software', BOTH_LOOKS)).toEqual([]);
  });
});
