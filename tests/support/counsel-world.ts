/**
 * A general counsel and colleagues at the console of an installation with nine devices, for the story of `counsel.test.ts`. With
 * CORDON_PICTURES, each station of the story saves a picture.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Download, Locator } from 'playwright-core';
import { expect } from 'vitest';
import { approverKeyList, approverSetView } from '../../shared/api/approvers.ts';
import type { RolloutState } from '../../shared/order/rollout-states.ts';
import type { Spot } from '../demo/offices.ts';
import type { Resident } from '../demo/population.ts';
import { closeBrowser, openBrowser } from './browser.ts';
import { makeKey, signList } from './console-people.ts';
import { type ConsoleWorld, officesOf, openConsoleWorld } from './console-world.ts';
import { firstOwner, invite, type Person } from './people.ts';
import { programPath } from './programs.ts';
import { rolloutCount } from './rollout-rows.ts';
import { runProgram } from './run-program.ts';
import { EVERY_LOOK, PATIENCE, type Seat, takeSeat } from './seat.ts';
import { tool } from './tools.ts';

const ENTRY = programPath('server/cordon.js');
export const ORDER = '2015-001';
const KARACHI = { name: 'Karachi office', country: 'PK', code: 'KHI' };
const BERLIN = { name: 'Berlin office', country: 'DE', code: 'BER' };
const spot = (label: string, office: Spot['office'], evidence: Spot['evidence'], online = true): Spot => ({
  label,
  office,
  evidence,
  online,
  weight: 1,
});
const IN_KARACHI: Spot['evidence'] = { ip: 'PK', position: [24.861, 67.01, 80], network: '410' };
const STAFF: readonly (readonly [Spot, readonly string[]])[] = [
  [spot('karachi', KARACHI, IN_KARACHI), ['Ayesha Malik', 'Bilal Ahmed', 'Imran Qureshi', 'عمر خان']],
  [spot('visiting', BERLIN, IN_KARACHI), ['Jonas Weber']],
  [spot('traveling', KARACHI, { ip: 'AE', position: [25.205, 55.271, 80], network: '424' }), ['Sara Siddiqui']],
  [spot('switched-off', KARACHI, IN_KARACHI, false), ['Fatima Noor']],
  [spot('berlin', BERLIN, { ip: 'DE', position: [52.52, 13.405, 80] }), ['Lena Vogt', 'Mehmet Kaya']],
];
export const RESIDENTS: readonly Resident[] = STAFF.flatMap(([at, users]) =>
  users.map((user, index) => ({
    spot: at,
    index,
    user,
    machine: { hostname: `${at.office.code}-${at.label}-${index + 1}`, distro: 'Debian GNU/Linux', release: '13' },
  })),
);
/** Number of connected devices in Pakistan, visitors included. */
export const REACHED = 5;
/** Time in Pakistan. */
export const at = (local: string) => Date.parse(`${local}+05:00`);
export const WAIT = { timeout: PATIENCE };
export const age = tool('age', 'apt-get install age');

export interface CounselWorld {
  readonly world: ConsoleWorld;
  readonly owner: Person;
  /** The general counsel, who proposes. */
  readonly sana: Seat;
  /** Two approvers. */
  readonly ada: Seat;
  readonly ben: Seat;
  /** An auditor, who only reads. */
  readonly noor: Seat;
  /** Folder for the files that the test downloads. */
  readonly folder: string;
  /** Age public key of the recipient of exported names, and the file with the private key. */
  readonly recipient: string;
  readonly identity: string;
  /** Jumps to a time in Pakistan, and opens the order's page again. */
  come(local: string, ...seats: readonly Seat[]): Promise<void>;
  remove(): Promise<void>;
}

export async function openCounselWorld(): Promise<CounselWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-counsel-'));
  const identity = join(folder, 'counsel.key');
  const [browser, world] = await Promise.all([openBrowser(), openConsoleWorld({ residents: RESIDENTS, demo: false })]);
  const remove = async () => {
    await closeBrowser(browser);
    await world.remove();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const owner = await firstOwner(world.url, world.firstOwnerLink);
    world.follow(owner);
    // Invitations run one after the other, because the hash of each password takes a lot of CPU.
    const sit = async (name: string, timezoneId: string, role: string) =>
      takeSeat(browser, world.url, { as: await invite(world.url, owner, name, [{ role }]), timezoneId });
    const sana = await sit('Sana Malik', 'Asia/Karachi', 'legal');
    const ada = await sit('Ada Okafor', 'Europe/London', 'legal');
    const ben = await sit('Ben Weber', 'America/New_York', 'legal');
    const noor = await sit('Noor Ahmed', 'Asia/Karachi', 'auditor');
    await signApproverSet(owner, [ada, ben]);
    await world.settle(await officesOf(owner, [KARACHI, BERLIN]));
    await runProgram('age-keygen', ['-o', identity]);
    const recipient = (await runProgram('age-keygen', ['-y', identity])).out.trim();
    const come = async (local: string, ...seats: readonly Seat[]) => {
      await world.jump(at(local));
      for (const seat of seats) await seat.goto(`/orders/${ORDER}`);
    };
    return { world, owner, sana, ada, ben, noor, folder, recipient, identity, come, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function signApproverSet(owner: Person, approvers: readonly Seat[]): Promise<void> {
  for (const seat of approvers) {
    await seat.goto('/people?tab=approvers');
    await makeKey(seat);
  }
  const { keys } = await owner.api.call('GET', '/approver-keys', approverKeyList);
  const keyids = keys.map(({ keyid }) => keyid);
  await owner.api.call('POST', '/approvers', approverSetView, { keyids, threshold: 2 });
  for (const seat of approvers) await signList(seat);
}

/** Checks a page and saves its picture. `grave`: in each width and color scheme. */
export async function station(seat: Seat, name: string, grave = false): Promise<void> {
  const notices = seat.page.locator('.mantine-Notification-closeButton');
  // A notification that fades out has too little contrast, so all are closed first.
  await expect
    .poll(async () => {
      for (const notice of await notices.all()) await notice.click({ timeout: 1_000 }).catch(() => 'closed by itself');
      return notices.count();
    }, WAIT)
    .toBe(0);
  await seat.picture(`counsel-${name}`);
  expect.soft(await seat.faults(`counsel ${name}`, grave ? EVERY_LOOK : [['desk', 'light', 'all']])).toEqual([]);
  if (!grave) return;
  await seat.picture(`counsel-${name}-dark`, ['desk', 'dark']);
  await seat.picture(`counsel-${name}-narrow`, ['phone', 'light']);
}

/** Waits for the order's state beside its title. */
export const phase = ({ page }: Seat, words: string) =>
  page.locator('div:has(> h1)').getByText(words, { exact: true }).first().waitFor();

/** Waits until this number of devices is in one of these states of the rollout. */
export const reaches = ({ page }: Seat, states: readonly RolloutState[], count: number) =>
  expect.poll(() => rolloutCount(page, ...states), WAIT).toBe(count);

export const button = ({ page }: Seat, name: string | RegExp) => page.getByRole('button', { name });

/** Downloads a file. */
export async function saved({ page }: Seat, press: Locator): Promise<Download> {
  const [download] = await Promise.all([page.waitForEvent('download'), press.click()]);
  return download;
}

/** Verifies a pack as an auditor who has a file, a fingerprint and no server. */
export function verify(folder: string, fingerprint: string, pack: string, ...more: readonly string[]) {
  const nobody = { HOME: folder, XDG_CONFIG_HOME: folder, CORDON_HOME: join(folder, 'none') };
  return runProgram(process.execPath, [ENTRY, 'verify', pack, '--root', fingerprint, ...more], {
    cwd: folder,
    env: { ...nobody, CORDON_SERVER: 'http://127.0.0.1:1' },
  });
}

export async function attach(dialog: Locator, name: string): Promise<void> {
  const kept = { name, mimeType: 'application/pdf', buffer: Buffer.from(name) };
  await dialog.locator('input[type=file]').setInputFiles(kept);
  await dialog.getByText(`${name} (PDF,`).waitFor();
}

export async function writeDay(within: Locator, day: string): Promise<void> {
  await within.getByRole('textbox', { name: 'Date' }).fill(day);
  await within.getByRole('textbox', { name: 'Date' }).press('Tab');
}

export async function writeTime(within: Locator, legend: string, hours: string, minutes: string): Promise<void> {
  await within.getByRole('spinbutton', { name: `${legend}: hours` }).fill(hours);
  await within.getByRole('spinbutton', { name: `${legend}: minutes` }).fill(minutes);
}
