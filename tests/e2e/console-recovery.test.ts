/** The recovery page and the alerts page, in a real browser over the API on the real store. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, openAuthority } from '../../certs/authority.ts';
import { CONSOLE_FOLDER, ensureConsole } from '../../server/console/build.ts';
import { type RecoveryState, recoverySchema } from '../../server/recovery/recovery-state.ts';
import { appendEntry } from '../../server/store/append-entries.ts';
import { type DeviceId, newDeviceId } from '../../shared/protocol/ids.ts';
import { PASSWORD } from '../support/api-client.ts';
import { type ApiServer, startApi } from '../support/api-server.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { signIn } from '../support/console-people.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { BOTH_LOOKS, type Seat, takeSeat } from '../support/seat.ts';

const HOUR = 3_600_000;
const restoredAt = Date.now() - HOUR;
const RESTORED: RecoveryState = recoverySchema.parse({
  id: 'a',
  at: restoredAt - 9 * HOUR,
  realAt: restoredAt - 9 * HOUR,
  restoredAt,
  recordFloor: 0,
  from: { list: 41, crl: 7, approvers: 2, ledger: 3 },
  to: { list: 33_400_041, crl: 33_400_007 },
  ledger: 'suspended',
  rejoined: 0,
  revocations: 'unknown',
  revoked: 0,
  missingApprovers: 3,
  missing: [{ order: '2026-007', revision: 2, digest: 'a'.repeat(64) }],
  withdrawn: { sessions: 3, tokens: 1, invitations: 2, codes: 4, commands: 5, proposals: 1 },
  recalled: { devices: 3, newer: 1, revisions: 2, approvers: 0 },
  notContainedSize: 0,
  closedAt: null,
  resumed: null,
  notContained: null,
  continued: null,
  reportedLoss: 0,
  conversations: 12,
});

describe.skipIf(!chromium.present)('after a restore, in the console', { timeout: 120_000 }, () => {
  const keys = mkdtempSync(join(tmpdir(), 'cordon-recovery-'));
  let browser: Browser;
  let api: ApiServer;
  let seat: Seat;
  let devices: DeviceId[];
  let authority: Authority;

  /** Adds a device that the server has refused since the restore. `generation`: 0 for a device that the backup has in a newer enrollment. */
  async function lost(published: 0 | 1, device = newDeviceId(), generation = 1) {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const spki = publicKey.export({ type: 'spki', format: 'der' });
    const uris = [`urn:cordon:device:${device}:${generation}`];
    const issued = authority.issue({ profile: 'device', spki, commonName: device, uris });
    const { serial, fingerprint, der, notAfter: not_after } = issued;
    const row = { serial, fingerprint, device_id: device, generation, der: der.toString('base64'), not_after };
    await api.database.db
      .insertInto('lost_certificates')
      .values({ ...row, published, seen_at: Date.now() - 60_000 })
      .execute();
    return { device, serial };
  }

  beforeAll(async () => {
    await ensureConsole((line) => console.log(line));
    authority = openAuthority({
      folder: keys,
      passphrase: 'a long passphrase',
      organization: 'Test',
      serverNames: ['localhost'],
    });
    [browser, api] = await Promise.all([
      openBrowser(),
      startApi({ consoleFolder: CONSOLE_FOLDER, authority, restored: RESTORED }),
    ]);
    const { email, secret } = await api.account('owner@example.org', []);
    const group = await addGroup(api.database, 'Karachi office');
    devices = [];
    for (const user of ['Amina رحمان', 'Bilal <b>Khan</b>', 'Chloë']) {
      devices.push(await addDevice(api.database, { group, user }));
    }
    await api.database.transaction((tx) =>
      appendEntry(tx, { kind: 'role.granted', at: 1, subject: null, public: { role: 'owner' } }),
    );
    await api.ledger.sequence();
    seat = await takeSeat(browser, api.url);
    // Responses for the modules that this server lacks.
    seat.expecting(/status of 503/);
    seat.expecting(/status of 401/);
    await seat.goto('/');
    await signIn(seat, { email, password: PASSWORD, secret }, api.code(secret));
    await seat.page.getByRole('heading', { name: 'Overview' }).waitFor();
  }, 120_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await api?.close();
    rmSync(keys, { recursive: true, force: true });
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await seat.picture(`failed-recovery-${task.name.replaceAll(/\W+/g, '-')}`);
  });
  const kinds = async () =>
    (await api.database.db.selectFrom('ledger_entries').select('kind').orderBy('id').execute()).map(({ kind }) => kind);

  it('the overview leads to the recovery page with the recovery point, the losses and the paused ledger', async () => {
    const { page } = seat;
    await page.getByRole('link', { name: 'Show recovery' }).waitFor();
    expect.soft(await seat.faults('overview restored')).toEqual([]);
    await page.getByRole('link', { name: 'Show recovery' }).click();
    await page.getByRole('heading', { level: 1, name: 'Recovery' }).waitFor();
    await page.getByText('Order list 41 → 33400041').waitFor();
    await page.getByText('12 conversations may have continued after the recovery point').waitFor();
    await page.getByText('Revision 2 of').waitFor();
    await page.getByText('Approver set 3').waitFor();
    await page.getByText('Ledger suspended').waitFor();
    await page.getByText('No device has sent a checkpoint yet').waitFor();
    await page.getByText('No pending devices').waitFor();
    expect.soft(await seat.faults('recovery rests')).toEqual([]);
    await page.getByRole('button', { name: 'Resume ledger…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Resume ledger' });
    // No device has shown a checkpoint, and no file was given.
    expect(await dialog.getByRole('button', { name: 'Resume ledger' }).isEnabled()).toBe(false);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
  });

  it('a waiting device is readmitted with its person, and another device is rejected', async () => {
    const { page } = seat;
    const readmitted = await lost(1);
    const rejected = await lost(0);
    const copied = await lost(0, devices[0], 0);
    const renewed = await lost(0, devices[1], 2);
    await seat.goto('/recovery');
    const item = page.getByRole('listitem').filter({ hasText: readmitted.serial });
    await item.getByText('Certificate in the saved ledger, not revoked').waitFor();
    const other = page.getByRole('listitem').filter({ hasText: rejected.serial });
    await other.getByText('Only the device has the certificate').waitFor();
    const old = page.getByRole('listitem').filter({ hasText: copied.serial });
    await old.getByText('Newer enrollment in the backup').waitFor();
    expect(await old.getByRole('button', { name: 'Readmit device…' }).count()).toBe(0);
    expect.soft(await seat.faults('recovery waiting')).toEqual([]);
    await seat.picture('recovery waiting whole desk', ['desk', 'light']);
    await seat.picture('recovery waiting whole phone', ['phone', 'dark']);

    // The backup has the user of one of two selected devices.
    await page.getByRole('checkbox', { name: `Select device ${readmitted.device}` }).check();
    await page.getByRole('checkbox', { name: `Select device ${renewed.device}` }).check();
    await page.getByRole('button', { name: 'Readmit selected devices…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Readmit 2 devices' });
    const confirm = dialog.getByRole('button', { name: 'Readmit 2 devices' });
    expect(await confirm.isEnabled()).toBe(false);
    await dialog.getByRole('combobox', { name: `Person of device ${readmitted.device}` }).fill('Chlo');
    await page.getByRole('option', { name: /Chloë/ }).click();
    await dialog.getByRole('combobox', { name: 'Group' }).click();
    await page.getByRole('option', { name: 'Karachi office' }).click();
    expect.soft(await seat.faults('recovery readmit', BOTH_LOOKS)).toEqual([]);
    await confirm.click();
    await dialog.waitFor({ state: 'hidden' });
    await item.waitFor({ state: 'detached' });
    await page.getByText('2 of 2 devices readmitted').waitFor();
    expect.soft(await seat.faults('recovery readmitted')).toEqual([]);
    const row = await api.database.db
      .selectFrom('devices')
      .selectAll()
      .where('id', '=', readmitted.device)
      .executeTakeFirst();
    expect(row).toMatchObject({ person_name: 'Chloë', status: 'active' });

    await other.getByRole('button', { name: 'Reject device…' }).click();
    const reject = page.getByRole('dialog', { name: 'Reject device' });
    expect.soft(await seat.faults('recovery reject', BOTH_LOOKS)).toEqual([]);
    await reject.getByRole('button', { name: 'Reject device' }).click();
    await reject.waitFor({ state: 'hidden' });
    await old.getByRole('button', { name: 'Reject device…' }).click();
    await reject.getByRole('button', { name: 'Reject device' }).click();
    await reject.waitFor({ state: 'hidden' });
    await page.getByText('No pending devices').waitFor();
    const certificate = await api.database.db
      .selectFrom('certificates')
      .select(['revocation_reason', 'device_id'])
      .where('serial', '=', rejected.serial)
      .where('revoked_at', 'is not', null)
      .executeTakeFirst();
    expect(certificate).toEqual({ revocation_reason: 9, device_id: null });
    expect((await kinds()).slice(-2)).toEqual(['certificate.revoked', 'certificate.revoked']);
    expect(await kinds()).toContain('certificate.readmitted');
  });

  it('the ledger resumes with a saved checkpoint, and then the recovery ends', async () => {
    const { page } = seat;
    const [first, second, third] = devices;
    const row = { at: Date.now(), size: 1, root: 'b'.repeat(64), result: 'contained' as const };
    for (const device_id of [first, second]) {
      await api.database.db
        .insertInto('recovery_responses')
        .values({ device_id: String(device_id), ...row })
        .execute();
    }
    await api.database.db
      .insertInto('recovery_responses')
      .values({ device_id: String(third), at: Date.now(), size: null, root: null, result: 'none' })
      .execute();
    const file = join(keys, 'checkpoint');
    writeFileSync(file, await api.ledger.checkpoint());
    await seat.goto('/recovery');
    await page.getByText('3 of 4 active devices, 3 responded').waitFor();
    await page.getByRole('cell', { name: 'Bilal <b>Khan</b>' }).waitFor();
    expect.soft(await seat.faults('recovery answers')).toEqual([]);
    await seat.picture('recovery answers whole desk', ['desk', 'dark']);
    await seat.picture('recovery answers whole phone', ['phone', 'light']);
    await page.getByRole('button', { name: 'Resume ledger…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Resume ledger' });
    await dialog.getByLabel('Saved checkpoint').setInputFiles(file);
    await dialog.getByText('checkpoint', { exact: true }).waitFor();
    expect.soft(await seat.faults('recovery resume', BOTH_LOOKS)).toEqual([]);
    await dialog.getByRole('button', { name: 'Resume ledger' }).click();
    await page.getByText('Ledger active').waitFor();
    expect.soft(await seat.faults('recovery resumed')).toEqual([]);
    expect((await kinds()).at(-1)).toBe('ledger.resumed');

    await page.getByRole('button', { name: 'Close recovery…' }).click();
    const closing = page.getByRole('dialog', { name: 'Close recovery' });
    await closing.getByText('2 signed documents are missing').waitFor();
    expect.soft(await seat.faults('recovery close', BOTH_LOOKS)).toEqual([]);
    await closing.getByRole('button', { name: 'Close recovery' }).click();
    await page.getByText('No open recovery').waitFor();
    expect.soft(await seat.faults('recovery none')).toEqual([]);
  });

  it('an alert of the installation is listed and acknowledged, and appears again when it recurs', async () => {
    const { page } = seat;
    const raise = (code: string, device: DeviceId | null) =>
      api.devices.raiseAlert({ device, code, detail: `Detail of ${code} <b>` });
    await seat.goto('/alerts');
    await page.getByText('No server alerts').waitFor();
    expect.soft(await seat.faults('alerts none')).toEqual([]);
    await raise('credential_reset', null);
    await raise('backup_failed', null);
    await raise('taken_over', devices[0] ?? null);
    const item = page.getByRole('listitem').filter({ hasText: 'Account credentials reset' });
    await item.waitFor();
    expect(await page.getByText('Two connections with the same device certificate').count()).toBe(0);
    expect.soft(await seat.faults('alerts installation')).toEqual([]);
    await item.getByRole('button', { name: /^Acknowledge/ }).click();
    await item.waitFor({ state: 'detached' });
    const state = page.getByRole('radiogroup', { name: 'Alert state' });
    await state.getByText('All', { exact: true }).click();
    await item.getByText('Acknowledged by owner@example.org').waitFor();
    expect.soft(await seat.faults('alerts all')).toEqual([]);
    await state.getByText('Open', { exact: true }).click();
    await item.waitFor({ state: 'detached' });
    await raise('credential_reset', null);
    await page.getByText('Account credentials reset (2 times)').waitFor();
    await page.getByText('Devices', { exact: true }).last().click();
    await page.getByText('Two connections with the same device certificate').waitFor();
    expect.soft(await seat.faults('alerts devices')).toEqual([]);
    expect(seat.complaints).toEqual([]);
  });
});
