/**
 * The plan of notices by a real agent at a real server. The desktop displays each notice once in the user's language, also after a kill.
 * Signed receipts count it.
 */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { orderRollout } from '../../shared/api/order-rollout.ts';
import type { RevisionView } from '../../shared/api/orders.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { until } from '../support/until.ts';

const TERMS = {
  title: 'Messages in Sweden',
  areas: ['SE'],
  services: ['messaging'],
  nexus: ['home'],
  zone: 'UTC',
  unknown: 'allow',
  contested: 'allow',
  travelers: 'deny',
  authority: 'a',
  addressee: 'b',
  instrument: 'c',
  statement: { en: 'The public is told this.' },
  notice: { ur: 'آپ کے پیغامات رک جائیں گے', en: 'Your messages stop.' },
};

const folder = mkdtempSync(join(tmpdir(), 'cordon-notices-'));
const said = join(folder, 'said');
let world: World;
/** One device with a desktop, whose user reads Urdu, and one without a desktop. */
let desk: AgentProcess;
let bare: AgentProcess;
let order: RevisionView;

const shownOnDesktop = () => (existsSync(said) ? readFileSync(said, 'utf8').split('--app-name=Cordon\n').slice(1) : []);
const progress = () => world.operator.as(world.operator.owner, 'GET', `/orders/${order.order}/rollout`, orderRollout);

beforeAll(async () => {
  writeFileSync(join(folder, 'notify-send'), `#!/bin/sh\nprintf '%s\\n' "$@" >> ${said}\n`);
  chmodSync(join(folder, 'notify-send'), 0o755);
  world = await openWorld();
  desk = await world.enrolled({ PATH: `${folder}:/usr/bin:/bin`, LANG: 'ur_PK.UTF-8', LANGUAGE: '' });
  bare = await world.enrolled({ PATH: '/nowhere', LANG: 'en_US.UTF-8', LANGUAGE: '' });
  for (const agent of [desk, bare]) {
    agent.run();
    await agent.connected();
  }
}, 120_000);
afterAll(async () => {
  await world?.remove();
  rmSync(folder, { recursive: true, force: true });
});

it('the desktop displays the start of an order, in the language of its user', async () => {
  const { operator } = world;
  order = await operator.propose({ ...TERMS, effective: new Date(Date.now() + 5_000).toISOString() });
  await operator.adopt(order);
  await until(() => expect(shownOnDesktop()).toHaveLength(1), 30_000);
  const [told = ''] = shownOnDesktop();
  expect(told).toContain(`${order.order}: Messages in Sweden`);
  expect(told).toContain(TERMS.notice.ur);
  expect(told).toContain('اس ڈیوائس کا مستقل مقام سویڈن ہے۔');
  expect(told).not.toContain('Your messages stop');
  await until(
    async () =>
      expect((await progress()).notices).toEqual([{ moment: 'effective', delivered: 2, displayed: 1, late: 0 }]),
    30_000,
  );
}, 90_000);

it('without a desktop, the command line displays it, and the server counts it', async () => {
  const { out } = await bare.cli(['orders']);
  expect(out).toContain('[en] Your messages stop.\n  This text is authoritative.\n  also in: ur');
  expect(out).toContain('Displayed when the order took effect: ');
  expect(out).toContain('  Where: Sweden\n  Why: The home area of this device is Sweden.\n');
  const theirs = (await bare.cli(['orders'], { env: { LANGUAGE: 'ur' } })).out;
  expect(theirs).toContain(TERMS.notice.ur);
  expect(theirs).toContain('اس ڈیوائس کا مستقل مقام سویڈن ہے۔');
  await until(
    async () =>
      expect((await progress()).notices).toEqual([{ moment: 'effective', delivered: 2, displayed: 2, late: 0 }]),
    30_000,
  );
}, 60_000);

it('a kill repeats no notice, and the withdrawal is displayed once', async () => {
  await desk.kill();
  desk.run();
  await desk.connected();
  const { operator } = world;
  await operator.adopt(await operator.act(order.order, { action: 'withdraw' }));
  await until(() => expect(shownOnDesktop()).toHaveLength(2), 30_000);
  await until(
    async () => expect((await bare.cli(['orders'])).out).toContain('Withdrawn: the order no longer blocks any service'),
    30_000,
    500,
  );
  await until(
    async () =>
      expect((await progress()).notices).toEqual([
        { moment: 'effective', delivered: 2, displayed: 2, late: 0 },
        { moment: 'withdrawal', delivered: 2, displayed: 2, late: 0 },
      ]),
    30_000,
  );
  await desk.kill();
  desk.run();
  await desk.connected();
  expect(shownOnDesktop()).toHaveLength(2);
}, 90_000);
