/** Steps of people in the console: accept an invitation, sign in, create a key, sign an approver set, and approve an order. */
import { generate } from 'otplib';
import { expect } from 'vitest';
import { PATIENCE, type Seat, textOf } from './seat.ts';

/** Credentials of a person, TOTP secret included. */
export interface Knows {
  readonly email: string;
  readonly password: string;
  readonly secret: string;
}

/** Length of a TOTP step. The server also accepts the code of the previous and of the next step. */
export const STEP = 30_000;
export const codeAt = ({ secret }: Pick<Knows, 'secret'>, at = Date.now()): Promise<string> =>
  generate({ secret, epoch: Math.floor(at / 1000) });

/** Accepts an invitation, up to the sign-in form. `self`: the name that the first owner enters. */
export async function comeByLink(
  { page }: Seat,
  link: string,
  who: { readonly email: string; readonly password: string },
  self?: { readonly name: string },
): Promise<Knows> {
  await page.goto(link);
  if (self) {
    await page.getByLabel('E-mail').fill(who.email);
    await page.getByLabel('Name').fill(self.name);
  }
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill(who.password);
  await page.getByLabel('Repeat password').fill(who.password);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'Authenticator app' }).waitFor();
  const secret = await textOf(page.locator('pre'));
  await page.getByRole('button', { name: 'Continue to sign-in' }).click();
  return { ...who, secret };
}

/** Completes and submits the sign-in form. The caller checks the result. */
export async function signIn({ page }: Seat, { email, password }: Knows, code: string): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill(password);
  await page.getByRole('textbox', { name: 'Authenticator code' }).fill(code);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** Creates an approver key on the page of approvers. */
export async function makeKey({ page }: Seat): Promise<void> {
  await page.getByRole('button', { name: 'Create approver key' }).click();
  await page.getByText('Approver key not in the approver set').waitFor();
}

/** Signs the pending approver set on the page of approvers. Returns the digest of the signed set. */
export async function signList({ page }: Seat): Promise<string> {
  await page.getByRole('button', { name: 'Review and sign' }).click();
  const dialog = page.getByRole('dialog', { name: 'Sign approver set' });
  const digest = await textOf(dialog.locator('pre', { hasText: /^[0-9a-f]{64}$/ }));
  await dialog.getByRole('button', { name: 'Sign approver set' }).click();
  await dialog.waitFor({ state: 'hidden' });
  return digest;
}

/** Opens the pending revision on an order's page, and signs it. Returns the displayed digest and the server's response. */
export async function approve(seat: Seat, picture: string): Promise<{ digest: string; answer: string }> {
  const { page } = seat;
  await page.getByRole('button', { name: 'Review and approve' }).click();
  const dialog = page.getByRole('dialog');
  const sign = dialog.getByRole('button', { name: 'Sign and approve' });
  await sign.waitFor();
  const digest = /\b[0-9a-f]{64}\b/.exec(await textOf(dialog))?.[0] ?? '';
  // The warnings appear a moment after the text.
  const warned = dialog.getByRole('checkbox', { name: 'I have read the warnings and still approve' });
  const immediate = dialog.getByRole('checkbox', { name: 'I confirm that the order takes effect immediately' });
  const ready = async () => (await sign.isEnabled()) || (await warned.isVisible()) || (await immediate.isVisible());
  await expect.poll(ready, { timeout: PATIENCE }).toBe(true);
  for (const box of [warned, immediate]) if (await box.isVisible()) await box.check();
  await expect.poll(() => sign.isEnabled(), { timeout: PATIENCE }).toBe(true);
  await seat.picture(picture);
  await sign.click();
  const answer = await textOf(dialog.getByRole('status').first());
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  await dialog.waitFor({ state: 'hidden' });
  return { digest, answer };
}
