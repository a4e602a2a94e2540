/** Tests of the real `cordon-agent mail` against a daemon with a real mail engine. The mail service is in memory. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EXIT } from '../shared/exit-codes.ts';
import { letter, type MailDevice, MailWorld, type TestConnector } from '../tests/support/mail-world.ts';
import { programPath } from '../tests/support/programs.ts';
import { runProgram } from '../tests/support/run-program.ts';
import { type Control, type MailRequest, serveControl } from './control/control.ts';
import { respondToMail } from './control/mail-responses.ts';

const ENTRY = programPath('agent/cordon-agent.js');

let home: string;
let world: MailWorld;
let connector: TestConnector;
let ada: MailDevice;
let daemon: Control;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'cordon-agent-'));
  world = new MailWorld();
  connector = await world.connector();
  ada = await world.enroll('Ada');
  daemon = await serveControl(join(home, 'agent.sock'), (request) => respondToMail(ada.mail, request as MailRequest));
});
afterEach(async () => {
  await daemon.close();
  await world.close();
  rmSync(home, { recursive: true, force: true });
});

const agent = (args: string[], input = '') =>
  runProgram(process.execPath, [ENTRY, '--home', home, 'mail', ...args], { cwd: home, input });

it('lists and reads mail, without control characters', async () => {
  expect((await agent(['list'])).out).toBe('No mail.\n');
  await connector.deliver('Ada', letter('Minutes', 'First\u001b[31m line'));
  ada.mail.newMail();
  await ada.mail.maintain();
  const { out } = await agent(['list']);
  expect(out).toMatch(/^\* \S+ {2}\S+ {2}Eve <eve@example\.org>: Minutes\n$/);
  const id = out.split(' ')[1] ?? '';
  const read = await agent(['read', id]);
  expect(read.out).toMatch(/^From: Eve <eve@example\.org>\n.*Subject: Minutes\n\nFirst\ufffd\[31m line/s);
  expect((await agent(['list'])).out).toMatch(/^ {2}\S/);
  expect(await agent(['read', crypto.randomUUID()])).toMatchObject({ code: EXIT.notFound });
});

it('sends a mail with a file, and says its state', async () => {
  writeFileSync(join(home, 'notes.txt'), 'attached');
  const args = ['send', 'zoe@example.org', '--subject', 'Figures', '--attach', 'notes.txt'];
  const { code, out } = await agent(args, 'See the file.\n');
  expect([code, out]).toEqual([0, expect.stringMatching(/zoe@example\.org: Figures \[1 file\] \(sent\)\n$/)]);
  const [received] = await connector.receive();
  const text = Buffer.from(received?.message ?? []).toString();
  expect(text).toContain('See the file.');
  expect(text).toContain(Buffer.from('attached').toString('base64'));
});

it('keeps no draft of a mail that cannot be sent', async () => {
  const { code, err } = await agent(['send', 'nobody'], 'Hello');
  expect([code, err]).toEqual([EXIT.usage, expect.stringContaining('“nobody” is not an e-mail address')]);
  expect(ada.mail.list('drafts', { before: null, limit: 1 })).toEqual([]);
});

it('names the order that suspends mail', async () => {
  ada.gate = { order: '2026-001' };
  const { code, err } = await agent(['send', 'zoe@example.org'], 'Hello');
  expect(code).toBe(EXIT.refusedByOrder);
  expect(err).toMatch(/suspended by order 2026-001 \(appeal to: appeals@example\.org\)/);
});

it('refuses an unknown folder', async () => {
  expect(await agent(['list', 'trash'])).toMatchObject({ code: EXIT.usage, err: expect.stringContaining('inbox') });
});
