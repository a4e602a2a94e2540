/**
 * Public pages without scripts: the page of orders, and the summary of a pack. In every look, axe finds no fault, and no page is wider than
 * its window. No script runs, and right-to-left text has its direction. A person looks at the pictures.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { transparencyPage } from '../../server/public/transparency.ts';
import { encodeCanonical } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { ProceedingState } from '../../shared/order/proceedings.ts';
import { summaryPage } from '../../shared/pack/summary-page.ts';
import { newPersonId } from '../../shared/protocol/ids.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { EVERY_LOOK, faultsOf, WINDOWS } from '../support/seat.ts';
import { approverSetDocument, NOW, revisionDocument, TERMS, testKey } from '../support/signed-documents.ts';
import { filledReport } from '../support/transparency-report.ts';

const PICTURES = process.env['CORDON_PICTURES'];
const SCRIPT = '<script>document.title="ran"</script><img src=x onerror="document.title=\'ran\'">';
const URDU =
  'حکومتِ پاکستان کے حکم (PTA, 24 July 2015) کے تحت BES کی سروس 30 نومبر 2015 کو بند ہو جائے گی۔\nسوالات کے لیے: legal@example.org';
const terms = {
  ...TERMS,
  title: `BES in Pakistan ${SCRIPT}`,
  statement: {
    en: 'Service for messages and mail ends in Pakistan on 30 November 2015, by order of the regulator.',
    ur: URDU,
    ar: 'تتوقف الخدمة في 30 نوفمبر 2015 (BES).',
    he: 'השירות יופסק ב־30 בנובמבר 2015.',
  },
  authoritativeLanguage: 'ur',
  notice: { en: 'Save what you need before 30 November.', ur: 'جو درکار ہو 30 نومبر سے پہلے محفوظ کر لیں۔' },
  authority: 'Pakistan Telecommunication Authority',
  appeal: 'اسلام آباد ہائی کورٹ (Islamabad High Court)',
};
const DAY = 86_400_000;
const [proposer, ada, ben] = [newPersonId(), newPersonId(), newPersonId()];
const FINGERPRINT = sha256('a public root');
const CHECKPOINT = `cordon/ins_test\n4711\n${'A'.repeat(43)}=\n\n— cordon/ins_test ${'B'.repeat(92)}\n`;

function history(number: number, action: 'propose' | 'extend' | 'revise') {
  const document = revisionDocument({ revision: number, action, proposer, terms });
  const at = NOW + number * DAY;
  const approvals = (action === 'revise' ? [ada] : [ada, ben]).map((person) => ({ person, keyid: sha256(person), at }));
  const payload = Buffer.from(encodeCanonical(document)).toString();
  return { number, document, payload, approvals, adoptedAt: action === 'revise' ? null : at };
}

const PROCEEDINGS: ProceedingState = {
  answer: {
    kind: 'answer',
    on: '2015-11-26',
    by: `Sana Malik ${SCRIPT}`,
    document: { title: 'Reply.pdf', mediaType: 'application/pdf', bytes: 4711, sha256: sha256('a reply') },
  },
  appeals: [
    {
      appeal: 2,
      filed: { kind: 'appeal-filed', on: '2015-12-02', court: { name: 'Islamabad High Court', case: 'W.P. 1/2015' } },
      decided: { kind: 'appeal-decided', on: '2016-01-04', appeal: 2, outcome: 'partly-allowed' },
    },
  ],
};

const summary = () =>
  summaryPage({
    organization: `Exempel & Co ${SCRIPT}`,
    installation: 'ins_test',
    fingerprint: FINGERPRINT,
    pack: 'pck_aaaaaaaaaaaaaaaa',
    locations: [],
    order: '2015-001',
    approvers: approverSetDocument(
      [ada, ben].map((person) => ({ person, key: testKey() })),
      testKey(),
    ),
    madeAt: new Date(NOW + 200 * DAY).toISOString(),
    revisions: [history(1, 'propose'), history(2, 'revise'), history(3, 'extend')],
    effects: [{ revision: 3, state: 'active', at: NOW + 129 * DAY }],
    receipts: {
      byKind: { delivered: 4711, displayed: 4012, enforced: 4689, restored: 0, wiped: 0 },
      notices: [{ moment: 'P7D', delivered: 4698, displayed: 4012, late: 31 }],
      responded: 4711,
    },
    destruction: null,
    proceedings: PROCEEDINGS,
    affected: 4720,
    silent: 9,
  });

/** Two exemptions without an end, and one with an end. */
const exempt = [null, null, new Date(NOW + 200 * DAY).toISOString()].map((until, at) => ({
  commitment: sha256(String(at)),
  until,
}));

function transparency(report = filledReport()): string {
  const shown = (order: string, state: 'active' | 'announced' | 'withdrawn', more: Partial<typeof terms> = {}) => ({
    statement: { order, revision: 1, terms: { ...terms, ...more }, exempt, exit: false },
    state,
    proceedings: state === 'active' ? PROCEEDINGS : { answer: null, appeals: [] },
    history: {
      revisions: [{ revision: 1, action: 'propose' as const, adoptedAt: NOW }],
      executions: state === 'announced' ? [] : [{ state: 'active' as const, at: NOW + DAY }],
    },
  });
  return transparencyPage({
    organization: `Exempel & Co ${SCRIPT}`,
    orders: [
      shown('2015-001', 'withdrawn', { title: 'سعودی عرب' }),
      shown('2015-002', 'announced', {
        title: 'Mail in the Emirates',
        areas: ['AE'],
        nexus: ['home', 'seat'],
        travelers: 'allow',
        mode: 'exit',
        exportWindow: 'P30D',
        receivedOn: '2015-07-21',
        answerBy: '2015-08-21T12:00:00.000Z',
        documents: [{ title: 'Letter.pdf', mediaType: 'application/pdf', bytes: 4711, sha256: sha256('a letter') }],
      }),
      shown('2015-003', 'active'),
    ],
    withheld: [
      { order: '2015-004', services: ['messaging'], areas: ['PK', 'XZ-lahore'] },
      { order: '2015-005', services: ['mail'], areas: ['AE'] },
    ],
    fingerprint: FINGERPRINT,
    checkpoint: CHECKPOINT,
    ledgerKey: `cordon/ins_test+01234567+${'C'.repeat(44)}`,
    report,
  });
}

const expired = () =>
  transparency({ ...filledReport(), statement: { state: 'expired', since: Date.parse('2015-11-02T09:00:00.000Z') } });

describe.skipIf(!chromium.present)('pages without scripts', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-pages-'));
  let browser: Browser;
  let page: Page;
  const opened = async (name: string, text: string) => {
    const file = join(folder, `${name}.html`);
    writeFileSync(file, text);
    await page.goto(pathToFileURL(file).href);
  };
  beforeAll(async () => {
    browser = await openBrowser();
    page = await (await browser.newContext({ reducedMotion: 'reduce' })).newPage();
  });
  afterAll(async () => {
    await closeBrowser(browser);
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ['summary', summary],
    ['transparency', () => transparency()],
    ['transparency-expired', expired],
  ])('%s: no accessibility fault in any look, and no script has run', async (name, write) => {
    await opened(name, write());
    for (const [on, colorScheme] of EVERY_LOOK) {
      await page.setViewportSize(WINDOWS[on]);
      await page.emulateMedia({ colorScheme });
      expect(await faultsOf(page)).toEqual([]);
      if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name}-${on}-${colorScheme}.png`), fullPage: true });
    }
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await page.title()).not.toBe('ran');
    expect(await page.locator('script, img').count()).toBe(0);
    const urdu = page.locator('blockquote[lang="ur"]').first();
    const style = (property: string) =>
      page.evaluate(`getComputedStyle(document.querySelector('blockquote[lang="ur"]')).${property}`);
    expect(await style('direction')).toBe('rtl');
    expect(await style('borderRightWidth')).not.toBe('0px');
    expect(await urdu.textContent()).toBe(URDU);
  });

  it('shows the absence of an expired statement in red words, in light and dark', async () => {
    await opened('transparency-expired', expired());
    const absent = page.locator('.absent');
    expect(await absent.locator('strong').textContent()).toBe('Absent: the signed statement has expired.');
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const [red = 0, green = 0] = await page.evaluate<number[]>(
        "getComputedStyle(document.querySelector('.absent')).color.match(/\\d+/g).map(Number)",
      );
      expect(red, colorScheme).toBeGreaterThan(green + 60);
    }
    expect(await page.getByText('never permitted wholesale access').count()).toBe(0);
  });

  it('an anchor leads to its order, which is marked', async () => {
    await opened('transparency', transparency());
    await page.goto(`${page.url()}#order-2015-001`);
    expect(await page.locator('article:has(:target) h2').textContent()).toContain('2015-001');
    await page.goto(`${page.url().replace(/#.*/, '')}#order-2015-004`);
    const stub = page.locator('article:has(:target)');
    expect(await stub.locator('h2').textContent()).toBe('Order 2015-004: withheld from the public');
    expect(await stub.locator('dd').allTextContents()).toEqual(['Pakistan (PK), XZ-lahore', 'messaging']);
  });

  it('the summary can be printed', async () => {
    await opened('summary', summary());
    const pdf = await page.pdf({ format: 'A4', preferCSSPageSize: true });
    if (PICTURES) {
      writeFileSync(join(PICTURES, 'summary.pdf'), pdf);
      await page.emulateMedia({ media: 'print' });
      await page.setViewportSize({ width: 660, height: 950 });
      await page.screenshot({ path: join(PICTURES, 'summary-print.png'), fullPage: true });
    }
    const pages = pdf.toString('latin1').match(/\/Type \/Page\b/g) ?? [];
    expect(pages.length).toBeGreaterThanOrEqual(2);
    expect(pages.length).toBeLessThanOrEqual(5);
  });
});
