/**
 * Device pages over a real server and agents in separate processes: files, a group, read reports, an order, and the export. Another page,
 * and another user of the machine, try to get access.
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ensurePage } from '../../agent/page/build.ts';
import { receiptList } from '../../shared/api/affected-devices.ts';
import { EXIT } from '../../shared/exit-codes.ts';
import type { Receipt } from '../../shared/order/documents.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { foundOrganization } from '../support/organization.ts';
import { type Seat, takeSeat, textOf } from '../support/seat.ts';
import { until } from '../support/until.ts';

const HOUR = 3_600_000;
const ALIA = 'علیہ خان';
const STRANGER = 'evil.example';
const terms = (title: string, area: string, effective: number) => ({
  title,
  areas: [area],
  services: ['messaging'],
  nexus: ['home'],
  effective: new Date(effective).toISOString(),
  zone: 'Asia/Karachi',
  unknown: 'allow',
  contested: 'allow',
  travelers: 'deny',
  authority: 'the regulator',
  addressee: 'licensed operators',
  instrument: 'directive of 20 November',
  statement: { en: 'Messages end by order of the regulator.', ur: 'ریگولیٹر کے حکم سے پیغامات کی سروس بند ہے۔' },
  authoritativeLanguage: 'ur',
  appeal: 'appeals@example.org',
});

interface Someone {
  readonly agent: AgentProcess;
  readonly seat: Seat;
  readonly page: Page;
  readonly url: string;
}

describe.skipIf(!chromium.present)('the device page', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-page-'));
  let world: World;
  let browser: Browser;
  let stopCountersigning: () => Promise<void>;
  let ada: Someone;
  let alia: Someone;
  let ben: Someone;
  let order: string;
  const everybody: { agent: AgentProcess; seat: Seat | null }[] = [];

  async function linkOf(agent: AgentProcess): Promise<string> {
    const { code, out, err } = await agent.cli(['open']);
    if (code !== 0) throw new Error(`open ended with ${code}: ${err}`);
    return /^http\S+/.exec(out)?.[0] ?? '';
  }
  async function enrolled(user: string, home: string): Promise<AgentProcess> {
    const agent = new AgentProcess();
    everybody.push({ agent, seat: null });
    await agent.enroll((await world.operator.code({ user, group: world.group, home })).link);
    agent.run();
    await until(async () => expect((await agent.status()).messaging.state, agent.log).toBe('ready'), 40_000, 300);
    return agent;
  }
  async function sit(agent: AgentProcess, options: BrowserContextOptions): Promise<Someone> {
    const link = await linkOf(agent);
    const { origin: url } = new URL(link);
    const seat = await takeSeat(browser, url, options);
    everybody.push({ agent, seat });
    await seat.page.goto(link);
    await seat.page.getByRole('searchbox').waitFor();
    return { agent, seat, page: seat.page, url };
  }

  beforeAll(async () => {
    await ensurePage((line) => console.log(line));
    [browser, world] = await Promise.all([openBrowser({ names: [STRANGER] }), openWorld()]);
    stopCountersigning = (await foundOrganization(world.operator.owner, world.operator.approvers)).keepCountersigning();
    const agents = await Promise.all([
      enrolled('Ada Lovelace', 'SE'),
      enrolled(ALIA, 'PK'),
      enrolled('Ben Okri', 'NG'),
    ]);
    ada = await sit(agents[0], { locale: 'en-GB' });
    alia = await sit(agents[1], { locale: 'ur-PK', timezoneId: 'Asia/Karachi' });
    ben = await sit(agents[2], { locale: 'en-GB' });
  }, 120_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await stopCountersigning?.();
    for (const { agent } of everybody) await agent.remove();
    await world?.remove();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    for (const [at, { seat }] of everybody.entries()) {
      await seat?.picture(`failed-real-page-${at}-${task.name.replaceAll(/\W+/g, '-')}`);
    }
  });

  const field = ({ page }: Someone) => page.getByRole('textbox', { name: /^Message to/ });
  async function say(who: Someone, text: string): Promise<void> {
    await field(who).fill(text);
    await field(who).press('Enter');
    await message(who, text).waitFor();
  }
  const message = ({ page }: Someone, text: string) => page.locator('[data-message]').filter({ hasText: text }).last();
  const state = (who: Someone, text: string, words: string) =>
    message(who, text).getByText(words, { exact: true }).waitFor({ state: 'attached' });
  async function start(who: Someone, people: readonly string[], title = ''): Promise<void> {
    await who.page.getByRole('button', { name: 'Start conversation' }).first().click();
    for (const name of people) {
      await who.page.getByRole('combobox', { name: 'People' }).fill(name.slice(0, 3));
      await who.page.getByRole('option', { name }).click();
    }
    if (title) await who.page.getByLabel('Title').fill(title);
    await who.page.getByRole('dialog').getByRole('button', { name: 'Start conversation' }).click();
    await who.page.getByRole('dialog').waitFor({ state: 'hidden' });
  }
  const choose = ({ page }: Someone, name: string) =>
    page
      .getByRole('navigation')
      .getByRole('link', { name: new RegExp(`^${name}`) })
      .click();
  const faults = async ({ seat }: Someone, name: string) => expect.soft(await seat.faults(`real ${name}`)).toEqual([]);

  it('lets two people write to each other, and shows the state of each message', async () => {
    await ada.page.getByText('No conversations').waitFor();
    await start(ada, [ALIA]);
    await ada.page.getByRole('main').getByText('Verified', { exact: true }).waitFor();
    await say(ada, 'Good morning, how are you?');
    await alia.page.getByRole('link', { name: /Good morning.*1 unread message/ }).waitFor();
    await expect.poll(() => alia.page.title()).toBe('(1) Messages · Cordon');
    await state(ada, 'Good morning', 'Delivered');
    await choose(alia, 'Ada Lovelace');
    await message(alia, 'Good morning').waitFor();
    await state(ada, 'Good morning', 'Read');
    await expect.poll(() => alia.page.title()).toMatch(/^\u2068Ada Lovelace\u2069/);
    await say(alia, 'السلام علیکم، میں ٹھیک ہوں۔');
    await message(ada, 'السلام علیکم').waitFor();
    expect(await message(ada, 'السلام علیکم').locator('p:dir(rtl)').count()).toBe(1);
    await ada.page.getByRole('log').getByText('السلام علیکم').waitFor();
    await faults(ada, 'two people');
    await faults(alia, 'two people from right to left');
  });

  it('sends files, and refuses a file that is too large before the upload', async () => {
    const bytes = Buffer.from('the plan of the embassy');
    await ada.page.locator('input[type=file]').setInputFiles([
      { name: 'منصوبہ.txt', mimeType: 'text/plain', buffer: bytes },
      { name: 'film.mkv', mimeType: 'video/x-matroska', buffer: Buffer.alloc(5 * 1024 * 1024 + 1) },
    ]);
    await ada.page.getByText(/film\.mkv.* is larger than/).waitFor();
    await say(ada, 'Here it is.');
    const saved = alia.page.waitForEvent('download');
    await alia.page.getByRole('button', { name: /^Save .*منصوبہ\.txt/ }).click();
    const file = await saved;
    expect(file.suggestedFilename()).toBe('منصوبہ.txt');
    expect(readFileSync(await file.path())).toEqual(bytes);
  });

  /** Drags files from a folder to this place, as a user does. `taken`: whether the page accepts them. */
  async function dropOn({ page }: Someone, place: Locator, files: readonly string[], taken: boolean): Promise<void> {
    const box = await place.boundingBox();
    if (!box) throw new Error('it is not to be seen');
    const session = await page.context().newCDPSession(page);
    const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    const data = { items: [], files: [...files], dragOperationsMask: 1 };
    const drag = (type: 'dragEnter' | 'dragOver' | 'drop') =>
      session.send('Input.dispatchDragEvent', { type, ...at, data });
    const offer = page.getByText('Drop files to attach them');
    await drag('dragEnter');
    await drag('dragOver');
    if (taken) await offer.waitFor();
    else expect(await offer.count()).toBe(0);
    await drag('drop');
    await offer.waitFor({ state: 'hidden' });
    await session.detach();
  }
  const picked = ({ page }: Someone) => page.getByRole('list', { name: 'Files to send' });

  it('attaches files that are dropped on the conversation, and ignores a file dropped elsewhere', async () => {
    const contents = { 'notes.txt': Buffer.from('what was said'), 'without-a-kind': Buffer.from([0, 1, 2, 255]) };
    const paths = Object.entries(contents).map(([name, bytes]) => {
      writeFileSync(join(folder, name), bytes);
      return join(folder, name);
    });
    await dropOn(ada, ada.page.getByRole('navigation', { name: 'Conversations' }), paths, false);
    expect([await picked(ada).count(), ada.page.url().startsWith(ada.url)]).toEqual([0, true]);
    await dropOn(ada, message(ada, 'Here it is.'), paths, true);
    await picked(ada).getByText('without-a-kind').waitFor();
    expect(await picked(ada).getByRole('listitem').count()).toBe(2);
    await say(ada, 'Dropped.');
    for (const [name, bytes] of Object.entries(contents)) {
      const saved = alia.page.waitForEvent('download');
      await alia.page.getByRole('button', { name: new RegExp(`^Save .*${name}`) }).click();
      expect(readFileSync(await (await saved).path())).toEqual(bytes);
    }
  });

  it('attaches a picture from the clipboard, and pastes formatted text as text', async () => {
    await ada.seat.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: ada.url });
    const copy = (words: string | null) =>
      ada.page.evaluate(`(async () => {
        const canvas = new OffscreenCanvas(8, 8);
        canvas.getContext('2d').fillRect(0, 0, 8, 8);
        const kinds = { 'image/png': await canvas.convertToBlob() };
        const words = ${JSON.stringify(words)};
        if (words) for (const kind of ['text/plain', 'text/html']) kinds[kind] = new Blob([words], { type: kind });
        await navigator.clipboard.write([new ClipboardItem(kinds)]);
      })()`);
    await copy('a table of words');
    await field(ada).focus();
    await ada.page.keyboard.press('ControlOrMeta+V');
    await expect.poll(() => field(ada).inputValue()).toBe('a table of words');
    expect(await picked(ada).count()).toBe(0);
    await copy(null);
    // The test scrolls the page first, because the position must not matter.
    await message(ada, 'Dropped.').focus();
    await ada.page.keyboard.press('ControlOrMeta+V');
    await picked(ada).getByText('image.png').waitFor();
    await say(ada, 'a table of words and a picture');
    await alia.page.getByRole('img', { name: /^Picture: .*image\.png/ }).waitFor();
  });

  it('shows a group conversation, in which a later person reads only new messages', async () => {
    await start(ben, ['Ada Lovelace'], 'Lunch');
    await say(ben, 'At noon?');
    await choose(ada, 'Lunch');
    await message(ada, 'At noon?').waitFor();
    await ben.page.getByRole('button', { name: 'Conversation details' }).click();
    await ben.page.getByRole('combobox', { name: 'Add people' }).fill('علی');
    await ben.page.getByRole('option', { name: ALIA }).click();
    await ben.page.getByRole('button', { name: 'Add people', exact: true }).click();
    await ben.page.getByRole('dialog').getByRole('listitem').filter({ hasText: ALIA }).waitFor();
    await ben.page.keyboard.press('Escape');
    await alia.page.getByRole('link', { name: /Lunch/ }).waitFor();
    await choose(alia, 'Lunch');
    await say(alia, 'I am in.');
    for (const one of [ada, ben]) await message(one, 'I am in.').getByText(ALIA).first().waitFor();
    expect(await message(alia, 'At noon?').count()).toBe(0);
    await ada.page.getByRole('button', { name: 'Conversation details' }).click();
    await ada.page.getByLabel('Title').fill('Dinner');
    await ada.page.getByRole('button', { name: 'Rename' }).click();
    await ada.page.keyboard.press('Escape');
    for (const one of [alia, ben]) await one.page.getByRole('heading', { level: 2, name: 'Dinner' }).waitFor();
    await faults(ada, 'group');
  });

  it('finds messages by their text', async () => {
    await ada.page.getByRole('searchbox').fill('how are');
    await ada.page.getByRole('link', { name: /Good morning, how are you/ }).click();
    await ada.page.locator('[data-sought]').filter({ hasText: 'Good morning' }).waitFor();
    await ada.page.getByRole('searchbox').fill('');
  });

  it('announces an order, and sends messages until its effective time', async () => {
    const { operator } = world;
    await operator.adopt(await operator.propose(terms('Emirates', 'AE', Date.now() + 48 * HOUR)));
    await ada.page.getByText(/will suspend messages in some areas from/).waitFor();
    await choose(ada, ALIA);
    await say(ada, 'Still here.');
    await message(alia, 'Still here.').or(alia.page.getByText('Still here.')).first().waitFor();
  });

  it('shows an active order in the reader’s language, while messages are held and stored ones stay readable', async () => {
    const { operator } = world;
    const revision = await operator.propose(terms('پاکستان', 'PK', Date.now() + 10_000));
    order = revision.order;
    await operator.adopt(revision);
    const banner = alia.page.getByRole('region', { name: 'اس ڈیوائس پر پیغامات معطل ہیں' });
    await banner.locator('blockquote[lang=ur]:dir(rtl)').getByText('ریگولیٹر کے حکم').waitFor();
    await banner.getByText('اس ڈیوائس کا مستقل مقام پاکستان ہے۔').waitFor();
    await banner.getByText('appeals@example.org').waitFor();
    await banner.getByText('واپس لیے جانے تک', { exact: true }).waitFor();
    await choose(alia, 'Ada Lovelace');
    await alia.page.getByText('جب تک اوپر والا حکم نافذ ہے آپ لکھ نہیں سکتے۔').waitFor();
    expect(await field(alia).isDisabled()).toBe(true);
    await message(alia, 'Good morning').waitFor();
    await faults(alia, 'denied');
    await banner.getByRole('button', { name: 'English' }).click();
    await banner.getByText('Messages end by order of the regulator.').waitFor();

    await choose(ada, ALIA);
    await say(ada, 'Can you read this?');
    await state(ada, 'Can you read this?', 'Held');
    expect(await textOf(message(ada, 'Can you read this?'))).toContain(`held because of order ${order} (پاکستان)`);
    await faults(ada, 'held');
    const { owner, as } = operator;
    await until(async () => {
      const of = async ({ agent }: Someone, kind: Receipt['kind']) => {
        const path = `/orders/${order}/receipts?device=${agent.device}`;
        const { receipts } = await as(owner, 'GET', path, receiptList);
        return receipts.some((receipt) => receipt.kind === kind);
      };
      const found = [of(alia, 'displayed'), of(alia, 'enforced'), of(ada, 'displayed')];
      expect(await Promise.all(found)).toEqual([true, true, false]);
    }, 20_000);

    const saved = alia.page.waitForEvent('download');
    await banner.getByRole('button', { name: 'میرے مواد کی نقل محفوظ کریں' }).click();
    const copy = readFileSync(await (await saved).path(), 'utf8');
    expect(copy).toContain('Good morning, how are you?');
    expect(copy).not.toContain('Can you read this?');
    for (const line of copy.trimEnd().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
  });

  it('shows the held messages once after the withdrawal', async () => {
    const { operator } = world;
    await operator.adopt(await operator.act(order, { action: 'withdraw' }));
    await message(alia, 'Can you read this?').waitFor();
    await alia.page.getByRole('region', { name: 'اس ڈیوائس پر پیغامات معطل ہیں' }).waitFor({ state: 'hidden' });
    await state(ada, 'Can you read this?', 'Read');
    expect(await alia.page.locator('[data-message]').filter({ hasText: 'Can you read this?' }).count()).toBe(1);
    await say(alia, 'I can.');
    await message(ada, 'I can.').waitFor();
  });

  it('gives the link only to its owner: once, in a private file, and not in a process’s arguments', async () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    writeFileSync(
      join(bin, 'xdg-open'),
      `#!/bin/sh\nprintf '%s' "$*" > '${folder}/asked'\ncat "$1" > '${folder}/file'\n`,
    );
    chmodSync(join(bin, 'xdg-open'), 0o755);
    const path = [bin, process.env['PATH']].join(delimiter);
    const { code, out } = await ben.agent.cli(['open', '--browser'], { env: { PATH: path } });
    const link = /^http\S+/.exec(out)?.[0] ?? 'none';
    await until(() => expect(existsSync(join(folder, 'file'))).toBe(true));
    expect([code, readFileSync(join(folder, 'asked'), 'utf8')]).toEqual([0, ben.agent.path('open.html')]);
    expect(readFileSync(join(folder, 'file'), 'utf8')).toContain(`content="0;url=${link}"`);
    expect(statSync(ben.agent.path('open.html')).mode & 0o777).toBe(0o600);
    expect(statSync(ben.agent.path('agent.sock')).mode & 0o777).toBe(0o600);

    const newcomer = await takeSeat(browser, ben.url);
    everybody.push({ agent: ben.agent, seat: newcomer });
    await newcomer.page.goto(`file://${ben.agent.path('open.html')}`);
    await newcomer.page.getByRole('searchbox').waitFor();
    newcomer.expecting(/status of 401 /);
    const late = await takeSeat(browser, ben.url);
    late.expecting(/status of 401 /);
    await late.page.goto(link);
    await late.page.getByText('This link is no longer valid').waitFor();
    await late.context.close();
    const none = await ben.agent.cli(['open', '--browser'], { env: { PATH: join(folder, 'nothing') } });
    expect([none.code, none.out]).toEqual([0, expect.stringContaining('No browser could be started.')]);
  });

  it('case 48: gives nothing to another page of this browser, under another name or at another port', async () => {
    const asked: IncomingMessage[] = [];
    const stranger: Server = createServer((request, response) => {
      asked.push(request);
      response.setHeader('content-type', 'text/html').end('<title>Stranger</title>');
    });
    await new Promise<void>((listening) => stranger.listen(0, '127.0.0.1', listening));
    const { port } = stranger.address() as AddressInfo;
    const page = await ada.seat.context.newPage();
    const got = async (url: string, init: string) => {
      const result = await page.evaluate(
        `fetch(${JSON.stringify(url)}, ${init}).then((answer) => answer.status, () => 'nothing')`,
      );
      return result;
    };
    // A program of another user on this machine. For a browser it is the same site, so the browser sends it the cookie.
    await page.goto(`http://127.0.0.1:${port}/`);
    expect(asked[0]?.headers.cookie).toMatch(/cordon_page_/);
    for (const path of ['/api/messaging-status', '/api/conversations', '/api/export', '/api/events']) {
      expect([path, await got(`${ada.url}${path}`, "{ credentials: 'include' }")]).toEqual([path, 'nothing']);
    }
    expect(await got(`${ada.url}/api/session`, "{ method: 'DELETE', credentials: 'include' }")).toBe('nothing');
    const cookie = asked[0]?.headers.cookie ?? '';
    const stolen = await fetch(`${ada.url}/api/conversations`, {
      headers: { cookie, 'sec-fetch-site': 'same-origin' },
    });
    expect(stolen.status).toBe(401);
    // A foreign host name that resolves to this machine.
    const { port: ours } = new URL(ada.url);
    const rebound = await page.goto(`http://${STRANGER}:${ours}/`);
    expect(rebound?.status()).toBe(403);
    // The content security policy of the error page forbids further requests.
    expect(await got('/api/messaging-status', "{ credentials: 'include' }")).toBe('nothing');
    await page.close();
    await new Promise((closed) => stranger.close(closed));
    // The open device page still works.
    await choose(ada, ALIA);
    await say(ada, 'All well.');
  });

  it('explains what to do when the agent is gone, and shows everything again after a kill -9', async () => {
    ben.seat.expecting(/ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING|CONNECTION_RESET|EMPTY_RESPONSE)/);
    await choose(ben, 'Dinner');
    await say(ben, 'Before it ended.');
    await ben.agent.kill();
    await ben.page.getByText('The Cordon agent on this device does not respond.').first().waitFor();
    const down = await ben.agent.cli(['open']);
    expect([down.code, down.err]).toEqual([EXIT.unavailable, expect.stringContaining('cordon-agent run --detach')]);
    // The page stops its requests, because another program may use the port next.
    await ben.page.close();
    ben.agent.run();
    await until(async () => expect((await ben.agent.status()).messaging.state).toBe('ready'), 20_000, 300);
    const again = await sit(ben.agent, {});
    await choose(again, 'Dinner');
    await message(again, 'Before it ended.').waitFor();
    await say(again, 'After it began again.');
    await choose(ada, 'Dinner');
    for (const text of ['Before it ended.', 'After it began again.']) await message(ada, text).waitFor();
  });

  it('sent no request to another server, and violated no content security policy', () => {
    expect([ada, alia, ben].flatMap(({ seat }) => seat.complaints)).toEqual([]);
  });
});
