/** Steps of people at the disclosure desk in the console: enter a demand, sign a text, and record a demand that no request can express. */
import { expect } from 'vitest';
import { PATIENCE, type Seat } from './seat.ts';

/** Entries of the form for a demand. Times are values of inputs `datetime-local`, in UTC. */
export interface Demand {
  /** Name of the one account; with `subject`, the demand names something else in its own words. */
  readonly person: string;
  readonly subject?: string;
  /** Label of the authority in the list. */
  readonly authority: string;
  readonly reference: string;
  readonly issuedOn: string;
  readonly validThrough: string;
  readonly hasInstrument?: boolean;
  /** Content of the document. One document serves one request, so each demand has its own. */
  readonly document: string;
  readonly from: string;
  /** Null: the demand states no end. */
  readonly to: string | null;
  readonly records: readonly string[];
  readonly otherRecords?: string;
}

/** Value of an input `datetime-local` for an instant, in UTC. */
export const inputTime = (at: number): string => new Date(at).toISOString().slice(0, 19);

/** Opens the form and enters the demand. Does not submit it. */
export async function enterDemand(seat: Seat, demand: Demand): Promise<void> {
  const { page } = seat;
  await seat.goto('/disclosures/new');
  await page.getByRole('heading', { level: 1, name: 'New request' }).waitFor();
  if (demand.subject === undefined) {
    await page.getByRole('combobox', { name: 'Account' }).fill(demand.person);
    await page.getByRole('option', { name: demand.person }).click();
  } else {
    await page.getByRole('radio', { name: 'Anything else' }).check();
    await page.getByLabel('Persons or accounts, in the words of the demand').fill(demand.subject);
  }
  await page.getByRole('combobox', { name: 'Authority' }).click();
  await page.getByRole('option', { name: demand.authority, exact: true }).click();
  await enterInstrument(seat, demand);
  await page.locator('#demand-from').fill(demand.from);
  if (demand.to === null) await page.getByRole('checkbox', { name: 'The demand states no start or no end' }).check();
  else await page.locator('#demand-to').fill(demand.to);
  for (const name of demand.records) await page.getByRole('checkbox', { name }).check();
  if (demand.otherRecords === undefined) return;
  await page.getByRole('checkbox', { name: 'The demand asks for other data' }).check();
  await page.getByLabel('Other data in the words of the demand').fill(demand.otherRecords);
}

async function enterInstrument({ page }: Seat, demand: Demand): Promise<void> {
  if (demand.hasInstrument === false) {
    await page.getByRole('checkbox', { name: 'The authority sent no legal instrument' }).check();
    return;
  }
  await page.getByRole('combobox', { name: 'Type' }).click();
  await page.getByRole('option', { name: 'Court order' }).click();
  await page.getByLabel('Reference').fill(demand.reference);
  await page.getByLabel('Issuer').fill('Stockholms tingsrätt');
  await page.getByLabel('Issued on').fill(demand.issuedOn);
  await page.getByLabel('Valid through').fill(demand.validThrough);
  await page.locator('input[type=file]').setInputFiles({
    name: 'beslut.pdf',
    mimeType: 'application/pdf',
    buffer: Buffer.from(demand.document),
  });
  await page.getByText(/^beslut\.pdf \(PDF/).waitFor();
}

/** Submits the entered demand, which the desk refuses. Returns the code of the reason that the page shows. */
export async function submitRefused({ page }: Seat): Promise<string> {
  await page.getByRole('button', { name: 'Draft request' }).click();
  const alert = page.locator('[data-refusal]');
  await alert.waitFor();
  await expect.poll(() => page.evaluate('document.activeElement?.dataset.refusal !== undefined')).toBe(true);
  return (await alert.getAttribute('data-refusal')) ?? '';
}

/** Signs the text in the open dialog, and creates the key of this browser if it has none. Returns the digest that the dialog shows. */
export async function signInDialog({ page }: Seat, dialogName: string, verb: string): Promise<string> {
  const dialog = page.getByRole('dialog', { name: dialogName });
  const sign = dialog.getByRole('button', { name: verb });
  const create = dialog.getByRole('button', { name: 'Create approver key' });
  await sign.or(create).first().waitFor({ timeout: PATIENCE });
  if (await create.isVisible()) await create.click();
  await sign.waitFor();
  const digest = (await dialog.locator('pre', { hasText: /^[0-9a-f]{64}$/ }).textContent()) ?? '';
  await sign.click();
  await dialog.getByText('Signature recorded').waitFor();
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  await dialog.waitFor({ state: 'hidden' });
  return digest;
}
