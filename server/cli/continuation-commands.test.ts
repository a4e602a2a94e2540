/** `cordon recovery continue-ledger` on the real API and store. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { adoptApprovers, KEY_PASSPHRASE } from '../../tests/support/api-approvers.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { testAuthority } from '../../tests/support/enrollment.ts';
import { runInProcess } from '../../tests/support/in-process-cli.ts';
import { restoredState } from '../../tests/support/restored-state.ts';

const folder = mkdtempSync(join(tmpdir(), 'cordon-continue-'));
const { authority, remove } = testAuthority();
let api: ApiServer;

beforeAll(async () => {
  api = await startApi({ authority, restored: restoredState() });
  await api.commandLine(await api.account('owner@example.org', []), join(folder, 'owner-home'));
  for (const [at, approver] of (await adoptApprovers(api)).entries()) {
    const who = at === 0 ? 'ada' : 'ben';
    await api.commandLine(approver, join(folder, `${who}-home`));
    writeFileSync(join(folder, `${who}.pem`), approver.pem, { mode: 0o600 });
  }
  await api.ledger.sequence();
});
afterAll(async () => {
  await api.close();
  remove();
  rmSync(folder, { recursive: true, force: true });
});

const continuing = (who: string, ...args: string[]) =>
  runInProcess(['recovery', 'continue-ledger', ...args], {
    XDG_CONFIG_HOME: join(folder, `${who}-home`),
    CORDON_SERVER: api.url,
    CORDON_KEY_PASSPHRASE: KEY_PASSPHRASE,
  });
const approve = (who: string, key = who) => continuing(who, 'approve', '--key', join(folder, `${key}.pem`), '--yes');

it('an owner proposes, approvers read and sign, and the ledger continues', async () => {
  expect((await continuing('owner', 'show')).out).toContain('No continuation was proposed');
  expect((await approve('ada')).err).toContain('No continuation waits');
  const refused = await continuing('ada', 'propose', '--reason', 'mine');
  expect(refused.code).not.toBe(0);

  const proposed = await continuing('owner', 'propose', '--reason', 'The disk is gone.\u202e');
  expect([proposed.code, proposed.err]).toEqual([0, '']);
  for (const words of [
    'ATTENTION: lost unknown',
    'new name    cordon/test/',
    'The disk is gone.',
    'SHA-256 ',
    '2 approvers must sign',
  ]) {
    expect(proposed.out).toContain(words);
  }
  // A direction character in the reason must not reverse the text.
  expect(proposed.out).not.toContain('\u202e');

  expect((await approve('ada', 'ben')).err).toContain('another person');
  const first = await approve('ada');
  // The text was shown before the signature.
  expect([first.code, first.err]).toEqual([0, expect.stringContaining('Continuation of the public ledger')]);
  expect(first.out).toContain('1 of 2 needed approvers signed');
  expect((await continuing('ben', 'show')).out).toContain('1 of 2 needed approvers of the newest approver set signed');
  const digest = await continuing('ben', 'approve', '--key', join(folder, 'ben.pem'), '--digest', 'f'.repeat(64));
  expect(digest.code).not.toBe(0);
  expect((await approve('ben')).out).toContain('The ledger continues under its new name');

  const show = await runInProcess(['recovery', 'show'], {
    XDG_CONFIG_HOME: join(folder, 'owner-home'),
    CORDON_SERVER: api.url,
  });
  expect(show.out).toContain('Approvers continued the ledger on');
  expect(show.out).not.toContain('The ledger is suspended');
  expect(await api.ledger.checkpoint()).toMatch(/^cordon\/test\/[0-9]{14}\n/);
  expect((await continuing('owner', 'propose', '--reason', 'again')).err).toContain('is not suspended');
});
