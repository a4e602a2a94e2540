/** What people do in the console: come by a link, sign in, make a key, choose who approves, and approve. */
import { generate } from 'otplib';
import { expect } from 'vitest';
import { PATIENCE, type Seat, textOf } from './seat.ts';

/** What a person has to know, and their app to hold, to sign in. */
export interface Knows {
  readonly email: string;
  readonly password: string;
  readonly secret: string;
}

/** Codes are of steps of this length; one early or late is taken as well. */
export const STEP = 30_000;
export const codeAt = ({ secret }: Pick<Knows, 'secret'>, at = Date.now()): Promise<string> =>
  generate({ secret, epoch: Math.floor(at / 1000) });

/** Follows an invitation to the end, up to the form that signs in. `self`: who the first owner says they are. */
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

/** Fills the form and sends it; what comes of it is the caller's to see. */
export async function signIn({ page }: Seat, { email, password }: Knows, code: string): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill(password);
  await page.getByRole('textbox', { name: 'Authenticator code' }).fill(code);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** On the page of approvers. */
export async function makeKey({ page }: Seat): Promise<void> {
  await page.getByRole('button', { name: 'Create approver key' }).click();
  await page.getByText('Approver key not in the approver set').waitFor();
}

/** On the page of approvers, where the list waits. Returns the digest of what was signed. */
export async function signList({ page }: Seat): Promise<string> {
  await page.getByRole('button', { name: 'Review and sign' }).click();
  const dialog = page.getByRole('dialog', { name: 'Sign approver set' });
  const digest = await textOf(dialog.locator('pre', { hasText: /^[0-9a-f]{64}$/ }));
  await dialog.getByRole('button', { name: 'Sign approver set' }).click();
  await dialog.waitFor({ state: 'hidden' });
  return digest;
}

/** On an order's page: opens what waits, reads it and signs. Returns the digest that stood there, and what was answered. */
export async function approve(seat: Seat, picture: string): Promise<{ digest: string; answer: string }> {
  const { page } = seat;
  await page.getByRole('button', { name: 'Review and approve' }).click();
  const dialog = page.getByRole('dialog');
  const sign = dialog.getByRole('button', { name: 'Sign and approve' });
  await sign.waitFor();
  const digest = /\b[0-9a-f]{64}\b/.exec(await textOf(dialog))?.[0] ?? '';
  // What it warns of is known a moment later than what it says.
  const warned = dialog.getByRole('checkbox', { name: 'I have read the warnings and still approve' });
  const ready = async () => (await sign.isEnabled()) || (await warned.isVisible());
  await expect.poll(ready, { timeout: PATIENCE }).toBe(true);
  if (await warned.isVisible()) await warned.check();
  await seat.picture(picture);
  await sign.click();
  const answer = await textOf(dialog.getByRole('status').first());
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  await dialog.waitFor({ state: 'hidden' });
  return { digest, answer };
}
