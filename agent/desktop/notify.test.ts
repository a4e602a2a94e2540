import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { languagesOf } from '../config.ts';
import type { Notice } from '../enforcement/notice-view.ts';
import { desktopText, notifyDesktop } from './notify.ts';

const NOTICE: Notice = {
  order: '2015-001',
  revision: 1,
  title: '--help <b>Pakistan</b>',
  status: 'active',
  services: ['messaging'],
  areas: ['PK'],
  reasons: ['present'],
  effective: Date.parse('2015-11-30T19:00:00Z'),
  until: null,
  statement: { en: 'Service <ends> & more.\u001b[2J', ur: 'سروس ختم' },
  authoritative: null,
  exit: null,
  appeal: 'the desk',
  deliveries: [],
};

describe('a notice on the desktop', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cordon-desktop-'));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });
  const program = (script: string) => {
    const path = join(folder, 'notify-send');
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    vi.stubEnv('PATH', `${folder}:/usr/bin:/bin`);
  };

  it('is passed to notify-send in the reader’s language, as text and not as flags or markup', async () => {
    program(`printf '%s\\n' "$@" > ${join(folder, 'said')}`);
    expect(await notifyDesktop(NOTICE, ['ur-PK'])).toBe(true);
    const said = readFileSync(join(folder, 'said'), 'utf8').split('\n');
    expect(said.slice(0, 3)).toEqual(['--app-name=Cordon', '--', '2015-001: --help <b>Pakistan</b>']);
    expect(said.join()).toContain('سروس ختم');
    expect(said.join()).toContain('یہ ڈیوائس پاکستان میں ہے۔');
    const { body } = desktopText(NOTICE, ['en'], 'UTC');
    expect(body.split('\n')).toEqual([
      'Service &lt;ends&gt; &amp; more.\ufffd[2J',
      'This device is in Pakistan.',
      'From: 30 Nov 2015, 19:00 UTC',
      'Until: the order is withdrawn',
      'Contact for appeals: the desk',
    ]);
  });

  it('shows the facts even if the order’s text is very long', () => {
    const { body } = desktopText({ ...NOTICE, statement: { en: 'word '.repeat(1_000) } }, [], 'UTC');
    expect(body).toHaveLength(900 + 1);
    expect(body).toMatch(/Contact for appeals: the desk$/);
  });

  it.each([
    ['withdrawn', /Zurückgenommen: .*$/],
    ['ended', /Beendet: .*$/],
  ] as const)('shows only the state of an order that is %s, and not its start', (status, said) => {
    const { body } = desktopText({ ...NOTICE, status }, ['de-AT'], 'UTC');
    expect(body).toMatch(said);
    expect(body).not.toContain('Ab:');
  });

  it('is not shown without a signed-in user or without the program', async () => {
    program('exit 1');
    expect(await notifyDesktop(NOTICE, [])).toBe(false);
    vi.stubEnv('PATH', join(folder, 'nowhere'));
    expect(await notifyDesktop(NOTICE, [])).toBe(false);
  });
});

it.each<[Record<string, string>, string[]]>([
  [{ LANG: 'ur_PK.UTF-8' }, ['ur-PK']],
  [{ LANG: 'C.UTF-8' }, []],
  [{ LANG: 'de_DE@euro', LANGUAGE: 'de:en_GB' }, ['de', 'en-GB', 'de-DE']],
  [{ LANG: 'en_US', LC_MESSAGES: 'fr_FR', LC_ALL: '' }, ['fr-FR']],
  [{}, []],
])('reads from the environment %j the languages %j', (given, languages) => {
  expect(languagesOf(given)).toEqual(languages);
});
