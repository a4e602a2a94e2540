/** The first hour of an installation in real browsers: invitations, roles, approver keys and the first devices. */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createdCode } from '../../shared/api/codes.ts';
import { CSRF_HEADER } from '../../shared/api/session.ts';
import type { Code } from '../demo/fleet.ts';
import type { Resident } from '../demo/population.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { TWO_RESIDENTS } from '../support/console-fleet.ts';
import { codeAt, comeByLink, type Knows, makeKey, STEP, signIn, signList } from '../support/console-people.ts';
import { type ConsoleWorld, openConsoleWorld } from '../support/console-world.ts';
import { BOTH_LOOKS, type Seat, takeSeat, textOf } from '../support/seat.ts';
import { testKey } from '../support/signed-documents.ts';

const PASSWORD = 'what nobody else would say';

describe.skipIf(!chromium.present)('people at the console', { timeout: 60_000 }, () => {
  let browser: Browser;
  let world: ConsoleWorld;
  let olivia: Seat;
  let ada: Seat;
  let ben: Seat;
  const knows = new Map<Seat, Knows>();
  /** Secrets of links, which must appear nowhere else. */
  const secrets: string[] = [];
  const asked: string[] = [];

  beforeAll(async () => {
    [browser, world] = await Promise.all([openBrowser(), openConsoleWorld({ residents: TWO_RESIDENTS, demo: false })]);
    olivia = await takeSeat(browser, world.url);
    ada = await takeSeat(browser, world.url);
    ben = await takeSeat(browser, world.url);
    for (const seat of [olivia, ada, ben]) {
      // Before the sign-in, the console requests the session, and the browser logs each 401 response.
      seat.expecting(/status of 401 .*\/api\/v1\/session\b/);
      seat.page.on('request', (request) => asked.push(`${request.method()} ${request.url()}`));
    }
  }, 90_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await world?.remove();
  });

  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    for (const [at, seat] of [olivia, ada, ben].entries()) await seat.picture(`failed-${at}`);
  });

  const knownBy = (seat: Seat): Knows => {
    const known = knows.get(seat);
    if (!known) throw new Error('nobody has come here yet');
    return known;
  };

  async function come(seat: Seat, link: string, email: string, self?: { name: string }): Promise<void> {
    secrets.push(link.split('=').at(-1) ?? '');
    knows.set(seat, await comeByLink(seat, link, { email, password: PASSWORD }, self));
    await signIn(seat, knownBy(seat), await codeAt(knownBy(seat)));
    await seat.page.getByRole('heading', { name: 'Overview' }).waitFor();
  }

  /** Addresses of every entry in the tab's history. */
  const remembered = ({ page }: Seat) =>
    page.evaluate<string>("navigation.entries().map(({ url }) => url).join(' ') + JSON.stringify(history.state)");

  it('the first owner signs in by a link that the browser does not keep', async () => {
    // The link is opened in a tab that displays the console already.
    await olivia.goto('/');
    await olivia.page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
    await come(olivia, world.firstOwnerLink, 'olivia@example.org', { name: 'Olívia Ñandú' });
    await olivia.picture('people-1-nothing-yet');
  });

  it('the owner invites two people, who choose their own passwords', async () => {
    for (const [seat, name, email] of [
      [ada, 'Ada Okafor', 'ada@example.org'],
      [ben, 'בן ובר', 'ben@example.org'],
    ] as const) {
      await olivia.goto('/people');
      await olivia.page.getByRole('button', { name: 'Invite person' }).click();
      const dialog = olivia.page.getByRole('dialog', { name: 'Invite person' });
      await dialog.getByLabel('Name').fill(name);
      await dialog.getByLabel('E-mail').fill(email);
      await dialog.getByRole('radio', { name: 'Legal' }).check();
      await dialog.getByRole('button', { name: 'Create invitation' }).click();
      const link = await textOf(dialog.locator('pre'));
      await olivia.picture(`people-2-invitation-${email}`);
      await dialog.getByRole('button', { name: 'Close' }).last().click();
      await dialog.waitFor({ state: 'hidden' });
      await come(seat, link, email);
    }
  });

  it('case 52: the secret of a link is in no history, storage or request address', async () => {
    expect(secrets.map((secret) => secret.length >= 20)).toEqual([true, true, true]);
    const kept = await Promise.all(
      [olivia, ada, ben].map(async (seat) => {
        const storage = await seat.context.storageState({ indexedDB: true });
        return `${await remembered(seat)} ${JSON.stringify(storage.origins)} ${asked.join(' ')}`;
      }),
    );
    for (const secret of secrets) expect(kept.filter((all) => all.includes(secret))).toEqual([]);
    // The link is used up. It tells a later finder nothing else.
    const thief = await takeSeat(browser, world.url);
    thief.expecting(/status of 4\d\d/);
    await thief.page.goto(`${world.url}/#invitation=${secrets.at(-1)}`);
    await thief.page.getByRole('textbox', { name: 'Password', exact: true }).fill(PASSWORD);
    await thief.page.getByLabel('Repeat password').fill(PASSWORD);
    await thief.page.getByRole('button', { name: 'Continue' }).click();
    expect(await textOf(thief.page.getByRole('alert'))).toContain('unknown, used or expired');
    await thief.context.close();
  });

  it('case 48: accepts an authenticator code once, and reports a second use', async () => {
    const { page } = ben;
    ben.expecting(/status of 401/);
    await page.getByRole('button', { name: /^Your account/ }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    const used = await codeAt(knownBy(ben));
    // The TOTP step may have changed since the invitation.
    for (let attempt = 0; attempt < 2; attempt++) {
      await signIn(ben, knownBy(ben), used);
      const field = page.getByRole('textbox', { name: 'Authenticator code' });
      const outcome = page.getByRole('heading', { name: 'Overview' }).or(page.getByText('This code was used before'));
      await outcome.first().waitFor();
      if (await field.isVisible()) break;
      await page.getByRole('button', { name: /^Your account/ }).click();
      await page.getByRole('button', { name: 'Sign out' }).click();
    }
    const field = page.getByRole('textbox', { name: 'Authenticator code' });
    expect(await field.inputValue()).toBe('');
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    await ben.picture('people-3-code-used');
    await field.fill(await codeAt(knownBy(ben), Date.now() + STEP));
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
  });

  it('approver keys are created in the browser, and an approver set names them', async () => {
    for (const seat of [ada, ben]) {
      await seat.goto('/people?tab=approvers');
      await makeKey(seat);
    }
    const { page } = olivia;
    await olivia.goto('/people?tab=approvers');
    await page.getByRole('button', { name: 'Propose first approver set' }).click();
    const dialog = page.getByRole('dialog', { name: 'Propose approver set' });
    await dialog.getByRole('button', { name: 'Propose approver set' }).click();
    await dialog.waitFor({ state: 'hidden' });
    const [first, second] = [await signList(ada), await signList(ben)];
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(second).toBe(first);
    for (const seat of [ada, ben]) await seat.page.getByText('Approver key ready').waitFor();
    await page.getByText('An order needs 2 of these approvers').waitFor();
    await olivia.picture('people-4-approvers');
    const stored = await ada.page.evaluate<string>(`new Promise((found) => {
      indexedDB.open('cordon').onsuccess = ({ target: { result } }) => {
        result.transaction('approver-keys').objectStore('approver-keys').getAll().onsuccess = ({ target }) => found(target.result);
      };
    }).then(async ([key]) => {
      const secret = Object.values(key).find((part) => part instanceof CryptoKey && part.type === 'private');
      const out = await crypto.subtle.exportKey('pkcs8', secret).then(() => 'read out', ({ name }) => name);
      return [secret.extractable, out].join(' ');
    })`);
    expect(stored).toBe('false InvalidAccessError');
  });

  it('shows approvers a new organization key in red, and what does not work without a key', async () => {
    const { keyid, publicKey } = testKey();
    const propose = (organizationKeys: readonly string[]) =>
      olivia.page.evaluate<number>(`(async () => {
        const headers = { 'content-type': 'application/json', '${CSRF_HEADER}': localStorage.getItem('cordon-session') };
        const { keys } = await (await fetch('/api/v1/approver-keys', { headers })).json();
        const body = JSON.stringify({ keyids: keys.map(({ keyid }) => keyid), organizationKeys: ${JSON.stringify(organizationKeys)} });
        return (await fetch('/api/v1/approvers', { method: 'POST', headers, body })).status;
      })()`);
    /** The dialog's text about the organization key, and whether it has the color of errors. */
    const shown = async () => {
      await ada.page.getByRole('button', { name: 'Review and sign' }).click();
      const dialog = ada.page.getByRole('dialog', { name: 'Sign approver set' });
      const row = dialog.getByRole('cell', { name: keyid });
      await dialog.locator('pre', { hasText: /^[0-9a-f]{64}$/ }).waitFor();
      const found = { text: await textOf(row), red: /color-error/.test((await row.getAttribute('style')) ?? '') };
      expect(await ada.faults('people-4-organization-key', BOTH_LOOKS)).toEqual([]);
      await dialog.getByRole('button', { name: 'Cancel' }).click();
      await dialog.waitFor({ state: 'hidden' });
      return found;
    };
    for (const [keys, expected] of [
      [[publicKey], { text: `key ${keyid}, a new key: ask its owner before you sign`, red: true }],
      [[publicKey], { text: `key ${keyid}`, red: false }],
      [[], { text: `key ${keyid}: devices that only this key has verified are no longer verified`, red: true }],
    ] as const) {
      expect(await propose(keys)).toBe(201);
      expect(await shown()).toEqual(expected);
      expect(await signList(ada)).toBe(await signList(ben));
      await ada.page.getByRole('button', { name: 'Review and sign' }).waitFor({ state: 'hidden' });
    }
  });

  it('enrolls two devices by activation links, and displays their arrival', async () => {
    const { page } = olivia;
    await olivia.goto('/people?tab=groups');
    await page.getByRole('button', { name: 'Add group' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add group' });
    await dialog.getByLabel('Name').fill('Everybody');
    await dialog.getByRole('button', { name: 'Add group' }).click();
    await dialog.waitFor({ state: 'hidden' });

    // The page polls until the device has enrolled.
    olivia.expecting(/status of 404 .*\/api\/v1\/devices\//);
    await olivia.goto('/enroll');
    const codes = async (residents: readonly Resident[]): Promise<Code[]> => {
      const made: Code[] = [];
      for (const { user, spot } of residents) {
        await page.getByRole('button', { name: 'Add person' }).click();
        const adding = page.getByRole('dialog', { name: 'Add person' });
        await adding.getByLabel('Name').fill(user);
        await adding.getByRole('button', { name: 'Add person' }).click();
        await adding.waitFor({ state: 'hidden' });
        const home = spot.office.country === 'PK' ? 'Pakistan (PK)' : 'Germany (DE)';
        await page.getByRole('combobox', { name: 'Home area' }).fill(home.slice(0, 5));
        await page.getByRole('option', { name: home }).click();
        const answered = page.waitForResponse(
          (response) => response.request().method() === 'POST' && response.url().endsWith('/codes'),
        );
        await page.getByRole('button', { name: 'Create activation link' }).click();
        const { id, link } = createdCode.parse(await (await answered).json());
        // The command reads the link from standard input: it is in no argument.
        expect(await textOf(page.locator('pre', { hasText: 'cordon-agent enroll' }))).not.toContain(link);
        made.push({ device: id, link });
        await olivia.picture(`people-5-link-${spot.label}`);
        if (made.length < residents.length) await page.getByRole('button', { name: 'Enroll another device' }).click();
      }
      return made;
    };
    await world.settle(codes);
    await page.getByText('Device enrolled').waitFor();
    await page.getByRole('link', { name: 'Open device' }).click();
    await page.getByRole('heading', { level: 1, name: TWO_RESIDENTS.at(-1)?.user ?? '' }).waitFor();
    await olivia.picture('people-6-joined');
  });

  it('case 49: removes the role of a signed-in person, whose open page loses its actions', async () => {
    const { page } = ben;
    ben.expecting(/status of 403/);
    await ben.goto('/orders');
    const propose = page.getByRole('link', { name: 'Propose order' }).first();
    await propose.waitFor();
    const ended = page.waitForEvent('requestfinished', (request) => request.url().endsWith('/events'));
    await olivia.goto('/people');
    await olivia.page.getByRole('button', { name: 'Actions for בן ובר' }).click();
    await olivia.page.getByRole('menuitem', { name: 'Remove role: Legal' }).click();
    await olivia.page.getByRole('button', { name: 'Remove role' }).click();
    await ended;
    await page.getByRole('heading', { name: 'Your account has no role' }).waitFor();
    expect(await propose.count()).toBe(0);
    await ben.picture('people-7-no-role');
    // The address of the removed page leads nowhere either.
    await ben.goto('/orders/new');
    await page.getByRole('heading', { name: 'Your account has no role' }).waitFor();

    await olivia.page.getByRole('button', { name: 'Actions for בן ובר' }).click();
    await olivia.page.getByRole('menuitem', { name: 'Grant role' }).click();
    const dialog = olivia.page.getByRole('dialog', { name: 'Grant role to בן ובר' });
    await dialog.getByRole('radio', { name: 'Legal' }).check();
    await dialog.getByRole('button', { name: 'Grant role' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Propose order' }).waitFor();
  });

  it('no page sent a request to another server or violated its content security policy', () => {
    expect([olivia, ada, ben].map(({ complaints }) => complaints)).toEqual([[], [], []]);
  });
});
