/** Steps of the counsel's story about the evidence pack: download, verification, exported names and a kept checkpoint. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { checkpointView } from '../../../shared/api/ledger.ts';
import { proceedingsView } from '../../../shared/api/orders.ts';
import { canonicalText } from '../../../shared/order/canonical.ts';
import { MANIFEST, PACK_LIMITS, PROCEEDINGS } from '../../../shared/pack/format.ts';
import { readZip, ZipWriter } from '../../../shared/pack/zip.ts';
import { button, type CounselWorld, ORDER, RESIDENTS, saved, station, verify } from '../../support/counsel-world.ts';
import { runProgram } from '../../support/run-program.ts';
import { textOf } from '../../support/seat.ts';
import { until } from '../../support/until.ts';

export function evidencePack(opened: () => CounselWorld): void {
  let fingerprint = '';

  it('an auditor with a pack, a fingerprint and no server verifies the order’s course', async () => {
    const { sana, noor, folder } = opened();
    await sana.goto(`/orders/${ORDER}`);
    const pack = join(folder, 'order.zip');
    await (await saved(sana, button(sana, 'Download evidence pack'))).saveAs(pack);
    await sana.page.getByRole('list', { name: 'Earlier packs' }).getByText('by Sana Malik').waitFor();
    await station(sana, '20-pack');
    await noor.goto('/settings');
    const root = noor.page.getByRole('row', { name: /^Public keys for auditors/ }).getByRole('cell');
    fingerprint = (await textOf(root)).trim();
    expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
    const checked = await verify(folder, fingerprint, pack);
    expect(checked).toMatchObject({ code: 0, err: '' });
    expect(checked.out).toMatch(/The pack is valid\.\n$/);
    expect(checked.out).toContain(`Order ${ORDER}`);
    expect(checked.out).toContain('in place of record 1: “Answered on 2015-11-26 by Sana Malik, general counsel”');
    expect(checked.out).toContain('“Appeal filed on 2016-01-02: Islamabad High Court, case W.P. 3812/2015”');
    expect(checked.out).toMatch(
      /“Appeal 3 decided on 2016-01-05: partly allowed”, with “Judgment of 5 January 2016.pdf”/,
    );
  });

  it('a pack with another manifest, or without the answer, is not valid', async () => {
    const { folder } = opened();
    const files = new Map(
      readZip(readFileSync(join(folder, 'order.zip')), PACK_LIMITS).files.map((each) => [each.name, each.bytes]),
    );
    const refused = async (change: (there: Map<string, Buffer>) => void) => {
      const there = new Map(files);
      change(there);
      const zip = new ZipWriter();
      const pieces = [...there].map(([name, bytes]) => zip.add({ name, bytes }));
      const forged = join(folder, 'forged.zip');
      writeFileSync(forged, Buffer.concat([...pieces, zip.end()]));
      const { code, out } = await verify(folder, fingerprint, forged);
      expect(code).not.toBe(0);
      expect(out).not.toMatch(/The pack is valid/);
      return out;
    };
    const envelope = JSON.parse(files.get(MANIFEST)?.toString() ?? '');
    const manifest = JSON.parse(Buffer.from(envelope.payload, 'base64').toString());
    const without = { ...manifest, files: manifest.files.filter(({ name }: { name: string }) => name !== PROCEEDINGS) };
    const payload = Buffer.from(canonicalText(without)).toString('base64');
    const forged = await refused((there) => {
      there.delete(PROCEEDINGS);
      there.set(MANIFEST, Buffer.from(canonicalText({ ...envelope, payload })));
    });
    expect(forged).toContain('is not signed by an online key of the approver set');
    expect(await refused((there) => void there.delete(PROCEEDINGS))).toContain(`${PROCEEDINGS} is missing`);
  });

  it('the names behind the pack’s handles are exported for one person, and the ledger records the export', async () => {
    const { sana, noor, folder, recipient, identity } = opened();
    const { page } = sana;
    await button(sana, /^Export names of pck_/).click();
    const dialog = page.getByRole('dialog');
    // The offline device is included: the order affected it, although it never responded.
    await dialog.getByText(`${RESIDENTS.length} devices in the pack`).waitFor();
    await dialog.getByLabel('Recipient name').fill('Islamabad High Court');
    await dialog.getByLabel('Recipient’s age public key').fill('age1nonsense');
    sana.expecting(/status of 400 .*names/);
    await dialog.getByRole('button', { name: 'Export names' }).click();
    await dialog.getByText(/it must be the whole public key of age-keygen/).waitFor();
    await station(sana, '21-annex-refused');
    await dialog.getByLabel('Recipient’s age public key').fill(recipient);
    const names = await saved(sana, dialog.getByRole('button', { name: 'Export names' }));
    expect(names.suggestedFilename()).toMatch(/^order-2015-001-pck_[a-z2-7]{16}-names\.csv\.age$/);
    await page.getByText('The public ledger records the export.').waitFor();
    await noor.goto('/ledger?tab=ledger');
    // The entry of this export appears a moment later. The entry of the rehearsal's export is there already.
    const sealed = noor.page
      .getByRole('listitem')
      .filter({ hasText: 'Names of devices and users exported for one recipient' });
    const ofPack = sealed.filter({ hasText: 'exported from: pack' }).first();
    expect(await textOf(ofPack)).not.toContain('Islamabad');
    await station(noor, '22-ledger');
    const { out } = await runProgram('age', ['-d', '-i', identity, await names.path()]);
    const [, ...rows] = out.trim().split(/\r?\n/);
    const pack = readFileSync(join(folder, 'order.zip'), 'latin1');
    for (const row of rows) expect(pack).toContain(row.split(',')[0]);
    expect(rows.map((row) => row.split(',')[2])).toContain('عمر خان');
  });

  it('a pack can start from a saved checkpoint, and a file without a checkpoint of this ledger is refused', async () => {
    const { owner, sana, folder } = opened();
    const { page } = sana;
    await sana.goto(`/orders/${ORDER}`);
    const choose = async (content: string) => {
      const chosen = page.waitForEvent('filechooser');
      await button(sana, 'Upload checkpoint and create pack…').click();
      await (await chosen).setFiles({ name: 'kept', mimeType: 'text/plain', buffer: Buffer.from(content) });
    };
    await choose('Text without a signature.');
    await page
      .getByRole('alert')
      .getByText(
        /The file contains no checkpoint\. Save the output of "cordon ledger checkpoint" or the checkpoint on \/transparency/,
      )
      .waitFor();
    await station(sana, '23-no-checkpoint', true);
    const { checkpoint } = await owner.api.call('GET', '/ledger/checkpoint', checkpointView);
    sana.expecting(/status of 404 .*packs/);
    await choose(checkpoint.replace(/\n\d+\n/, '\n987654321\n'));
    await page.getByText('This ledger has no checkpoint of 987654321 entries').waitFor();
    // A further ledger entry makes the pack's ledger larger than the saved checkpoint. The action needs no step-up, because on a busy
    // machine the owner's last code is older than 10 minutes by now.
    const court = { name: 'Supreme Court of Pakistan', case: 'C.P. 7/2016' };
    const filed = { kind: 'appeal-filed', on: '2016-01-08', court };
    await owner.api.call('POST', `/orders/${ORDER}/proceedings`, proceedingsView, filed);
    await until(async () => {
      const { checkpoint: newest } = await owner.api.call('GET', '/ledger/checkpoint', checkpointView);
      expect(newest).not.toBe(checkpoint);
    });
    const [kept, pack] = [join(folder, 'kept'), join(folder, 'anew.zip')];
    writeFileSync(kept, checkpoint);
    const download = page.waitForEvent('download');
    await choose(checkpoint);
    await (await download).saveAs(pack);
    expect(await page.getByRole('alert').count()).toBe(0);
    const { code, out } = await verify(folder, fingerprint, pack, '--checkpoint', kept);
    expect([code, out]).toEqual([0, expect.stringContaining('Your checkpoint: CONSISTENT')]);
    expect((await verify(folder, fingerprint, join(folder, 'order.zip'), '--checkpoint', kept)).out).toContain(
      'NOT PROVABLE',
    );
  });
}
