/** `cordon authorities`, `cordon disclosures` and `cordon transparency` on the real API and store. The program `age` opens the file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXIT } from '../../shared/exit-codes.ts';
import { KEY_PASSPHRASE } from '../../tests/support/api-approvers.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { type DeskWorld, deskWorld, iso } from '../../tests/support/disclosure-world.ts';
import { runInProcess } from '../../tests/support/in-process-cli.ts';
import { runProgram } from '../../tests/support/run-program.ts';
import { tool } from '../../tests/support/tools.ts';

const age = tool('age', 'apt-get install age');
const DAY = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'cordon-desk-cli-'));
const identity = join(folder, 'identity.txt');
let api: ApiServer;
let desk: DeskWorld;
let recipient = '';

beforeAll(async () => {
  await runProgram('age-keygen', ['-o', identity]);
  recipient = (await runProgram('age-keygen', ['-y', identity])).out.trim();
  api = await startApi();
  desk = await deskWorld(api, recipient);
  for (const [name, who] of Object.entries({ clerk: desk.clerk, ada: desk.ada, ben: desk.ben })) {
    await api.commandLine(who, join(folder, `${name}-home`));
    writeFileSync(join(folder, `${name}.pem`), who.pem, { mode: 0o600 });
  }
  writeFileSync(join(folder, 'order.pdf'), 'the order of the court');
});
afterAll(async () => {
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});

const cordon = (who: string, ...args: string[]) =>
  runInProcess(args, {
    XDG_CONFIG_HOME: join(folder, `${who}-home`),
    CORDON_SERVER: api.url,
    CORDON_KEY_PASSPHRASE: KEY_PASSPHRASE,
  });
const keyOf = (who: string) => ['--key', join(folder, `${who}.pem`), '--yes'];

it.skipIf(!age.present)(
  'takes a request from the key of the authority to the file that the authority opens',
  async () => {
    const verified = ['--verified-by', 'By phone.'];
    const added = await cordon(
      'clerk',
      'authorities',
      'add',
      'High Court',
      '--recipient',
      recipient,
      ...verified,
      '--json',
    );
    const { id: authority, fingerprint } = added.json();
    const wrong = await cordon(
      'ada',
      'authorities',
      'confirm',
      authority,
      '--fingerprint',
      'f'.repeat(64),
      ...verified,
    );
    expect(wrong.code).toBe(EXIT.unverified);
    const confirmed = await cordon(
      'ada',
      'authorities',
      'confirm',
      authority,
      '--fingerprint',
      fingerprint,
      ...verified,
    );
    expect([confirmed.code, confirmed.out]).toEqual([0, expect.stringContaining('High Court (verified)')]);
    expect((await cordon('ben', 'authorities', 'list')).out).toContain('High Court');

    const now = Date.now();
    const request = (person: string) => [
      ...['disclosures', 'draft', '--person', person, '--authority', authority, '--instrument', 'warrant'],
      ...['--reference', 'W-1', '--issuer', 'High Court', '--issued', iso(now - DAY), '--expires', iso(now + DAY)],
      ...['--document', `Warrant=${join(folder, 'order.pdf')}`, '--from', iso(now - 30 * DAY), '--to', iso(now - 1)],
      ...['--record', 'connection-log', '--record', 'enrollment-record'],
    ];
    const wide = await cordon('clerk', ...request('*'));
    expect([wide.code, wide.err]).toEqual([
      EXIT.usage,
      expect.stringContaining('The demand names accounts by a pattern'),
    ]);
    const drafted = await cordon('clerk', ...request(desk.person), '--json');
    const { id } = drafted.json();
    const narrow = ['narrow', id, '--note', 'Connections only.', '--record', 'connection-log'];
    expect((await cordon('clerk', 'disclosures', ...narrow)).code).toBe(0);
    expect((await cordon('ada', 'disclosures', 'preview', id)).out).toContain('Version 2: 0 lines.');
    const own = await cordon('clerk', 'disclosures', 'approve', id, ...keyOf('clerk'));
    expect(own.code).toBe(EXIT.conflict);
    const approved = await cordon('ada', 'disclosures', 'approve', id, ...keyOf('ada'));
    expect(approved.err).toContain(`${desk.person}, and no other account`);
    expect(approved.out).toContain('1 of 2 people have approved version 2');
    await cordon('ben', 'disclosures', 'approve', id, ...keyOf('ben'));
    expect((await cordon('ben', 'disclosures', 'produce', id)).code).toBe(0);
    expect((await cordon('ben', 'disclosures', 'list')).out).toContain('produced');
    const file = join(folder, 'production.age');
    expect((await cordon('ben', 'disclosures', 'download', id, file)).code).toBe(0);
    const opened = await runProgram('age', ['-d', '-i', identity, file]);
    expect(opened.out).toContain('"format":"cordon-production-1"');
  },
);

it('records demands, and refuses a drafted request', async () => {
  const demand = ['--reason', 'wholesale', '--authority', 'Ministry', '--reference', 'M-1', '--received', '2026-11-29'];
  expect((await cordon('clerk', 'disclosures', 'refuse', ...demand)).out).toContain('Answer: We cannot comply.');
  const { id } = await desk.draft();
  const refused = await cordon(
    'ada',
    'disclosures',
    'refuse',
    id,
    '--reason',
    'legal_defect',
    '--note',
    'No signature.',
  );
  expect(refused.out).toContain('Refused: The legal instrument does not support the request. No signature.');
  expect((await cordon('ada', 'disclosures', 'show', id)).out).toContain(`${id} is refused.`);
});

it('renews the transparency statement with two people, and shows the report', async () => {
  expect((await cordon('clerk', 'transparency', 'show')).out).toContain('Nobody has signed a statement yet.');
  const first = await cordon('ada', 'transparency', 'renew', ...keyOf('ada'));
  expect(first.err).toContain('never permitted wholesale access');
  expect(first.out).toContain('1 of 2 people have signed.');
  expect((await cordon('ben', 'transparency', 'renew', ...keyOf('ben'))).out).toContain(
    'The statement is public until',
  );
  await api.ledger.sequence();
  const shown = await cordon('clerk', 'transparency', 'show', '--json');
  expect(shown.json().statement).toMatchObject({
    state: 'valid',
    inclusion: { checkpoint: expect.any(String), body: expect.stringContaining('transparency.stated') },
  });
});
