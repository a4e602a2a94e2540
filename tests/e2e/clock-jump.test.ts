/** A server whose machine's clock jumps while the server runs: sign-in of admins, and documents after a wrongly confirmed jump. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { healthView } from '../../shared/api/health.ts';
import { overviewView } from '../../shared/api/overview.ts';
import { sessionView } from '../../shared/api/session.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { changingTime, fakeTimeLibrary, setFakeTime } from '../support/fake-time.ts';
import { startNtpServer } from '../support/ntp-server.ts';
import { callerOf, signIn } from '../support/people.ts';
import { needed } from '../support/tools.ts';
import { until } from '../support/until.ts';

const DAY = 86_400_000;
const { present: hasFakeTime } = needed('faketime', 'apt-get install faketime', fakeTimeLibrary() !== null);

let folder: string;
let file: string;
let world: World;
let ntp: Awaited<ReturnType<typeof startNtpServer>>;
/** Error of the time source in milliseconds. */
let offset = 0;
beforeAll(async () => {
  if (!hasFakeTime) return;
  folder = mkdtempSync(join(tmpdir(), 'cordon-clock-'));
  file = join(folder, 'time');
  ntp = await startNtpServer(() => offset);
  world = await openWorld({ ...changingTime(file), CORDON_NTP: ntp.address });
}, 120_000);
afterAll(async () => {
  await world?.remove();
  ntp?.close();
  if (hasFakeTime) rmSync(folder, { recursive: true });
});

const codes = async () => {
  const { operator } = world;
  const { healthIssues } = await operator.as(operator.owner, 'GET', '/overview', overviewView);
  return healthIssues.map(({ code }) => code);
};
const health = () => world.operator.as(world.operator.owner, 'GET', '/health', healthView);

// Each test continues with the server of the test before.
describe.skipIf(!hasFakeTime)('a server whose clock jumps two days ahead', () => {
  it('keeps the sessions of admins, and lets them sign in with the codes of the right time', {
    timeout: 120_000,
  }, async () => {
    const { owner } = world.operator;
    setFakeTime(file, '+2d');
    await until(async () => expect(await codes()).toContain('clock_in_doubt'), 30_000);
    await owner.browser.call('GET', '/session', sessionView);
    // The code of the next time step, because the code of this step may have been used.
    const { cookie } = await signIn(world.server.admin, owner.signIn, Date.now() + 30_000);
    expect(cookie).not.toBe('');
    const late = signIn(world.server.admin, owner.signIn, Date.now() + 2 * DAY);
    await expect(late).rejects.toMatchObject({ code: 'credentials_wrong' });
    setFakeTime(file, '+0');
    await until(async () => expect(await codes()).not.toContain('clock_in_doubt'), 30_000);
  });

  it('issues its order list again after a wrongly confirmed jump', { timeout: 300_000 }, async () => {
    await until(async () => expect(await codes()).not.toContain('clock_in_doubt'), 30_000);
    offset = 2 * DAY;
    setFakeTime(file, '+2d');
    await until(async () => expect((await health()).now).toBeGreaterThan(Date.now() + DAY), 120_000);
    const { operator } = world;
    const future = await signIn(world.server.admin, operator.proposer.signIn, Date.now() + 2 * DAY);
    const effective = new Date(Date.now() + 5 * DAY).toISOString();
    await operator.adopt(
      await operator.propose({
        title: 'Sweden',
        areas: ['SE'],
        services: ['messaging'],
        nexus: ['home'],
        zone: 'Europe/Stockholm',
        unknown: 'allow',
        contested: 'allow',
        travelers: 'deny',
        authority: 'the regulator',
        addressee: 'licensed operators',
        instrument: 'directive of 20 November',
        statement: { en: 'Messages end by order of the regulator.' },
        appeal: 'appeals@example.org',
        effective,
      }),
    );
    const { list } = await health();
    expect(list?.expiresAt).toBeGreaterThan(Date.now() + 8 * DAY);

    offset = 0;
    setFakeTime(file, '+0');
    await until(async () => {
      const corrected = await health();
      expect(corrected.now).toBeLessThan(Date.now() + DAY);
      expect(corrected.list?.version).toBeGreaterThan(list?.version ?? 0);
      expect(corrected.list?.expiresAt).toBeLessThan(Date.now() + 8 * DAY);
    }, 120_000);
    expect(await codes()).not.toContain('dated_in_future');
    // The session that began in the future has ended, and its code blocks no code after the present time step.
    await expect(callerOf(world.server.admin, future).call('GET', '/session', sessionView)).rejects.toThrow();
    await signIn(world.server.admin, operator.proposer.signIn, Date.now() + 30_000);
  });
});
