import { describe, expect, it } from 'vitest';
import { isApplicationId } from '../../shared/policy/required-software.ts';
import { type InstalledSoftware, judgeForbidden, judgeRequired, parseDpkg, parseRpm } from './software-checks.ts';

const debian = parseDpkg(
  'installed\topenssl\t3.0.15-1~deb12u1\nconfig-files\tnano\t7.2\ninstalled\tcom.example.tool\t1\n',
);
const fedora = parseRpm('openssl\t1:3.0.7-2.el9\nkernel\t0:6.10.1-1\nkernel\t0:6.9.9-1\n');
const applications = new Set(['org.gnome.Maps', 'com.example.tool']);

describe('software', () => {
  it.each<[string[], InstalledSoftware, string, RegExp]>([
    [['openssl'], { packages: debian, applications: null }, 'met', /^All software/],
    [['nano', 'vim'], { packages: debian, applications: null }, 'not-met', /^Missing: nano, vim\.$/],
    // The order of dpkg: a tilde sorts before the end.
    [
      ['openssl>=3.0.15-1'],
      { packages: debian, applications: null },
      'not-met',
      /^Too old: openssl 3\.0\.15-1~deb12u1\.$/,
    ],
    [['openssl>=3.0.15-1~deb12u1'], { packages: debian, applications: null }, 'met', /./],
    [['openssl>=3.0.9', 'vim>=9'], { packages: debian, applications: null }, 'not-met', /^Missing: vim\.$/],
    // The epoch of rpm has precedence.
    [['openssl>=3.2'], { packages: fedora, applications: null }, 'met', /./],
    [['openssl>=1:3.2'], { packages: fedora, applications: null }, 'not-met', /^Too old: openssl 1:3\.0\.7-2\.el9\.$/],
    [['kernel>=6.10'], { packages: fedora, applications: null }, 'met', /./],
    [['org.gnome.Maps', 'openssl'], { packages: debian, applications }, 'met', /./],
    [['org.gnome.Maps>=1'], { packages: debian, applications }, 'unknown', /no order of versions/],
    [['org.gnome.Maps'], { packages: null, applications }, 'met', /./],
    [['org.gnome.Maps'], { packages: null, applications: null }, 'unknown', /neither dpkg, rpm nor flatpak/],
  ])('judges the required %j', (entries, installed, status, detail) => {
    expect(judgeRequired(entries, installed)).toEqual({ status, detail: expect.stringMatching(detail) });
  });

  it.each<[string[], InstalledSoftware, string]>([
    [['nano'], { packages: debian, applications: null }, 'met'],
    [['openssl'], { packages: debian, applications: null }, 'not-met'],
    [['org.gnome.Maps'], { packages: debian, applications }, 'not-met'],
    // The same name in each package manager.
    [['com.example.tool'], { packages: debian, applications: null }, 'not-met'],
    [['com.example.tool'], { packages: null, applications }, 'not-met'],
    [['nano'], { packages: null, applications: null }, 'unknown'],
  ])('judges the forbidden %j', (names, installed, status) => {
    expect(judgeForbidden(names, installed).status).toBe(status);
  });

  it.each([
    ['org.gnome.Maps', true],
    ['com.example._x-y', true],
    ['org.gnome', false],
    ['python3.13', false],
    ['java-1.8.0-openjdk', false],
    ['libx.y-z.a', false],
    ['org.2x.Maps', false],
  ])('%s as an id of flatpak: %s', (name, expected) => expect(isApplicationId(name)).toBe(expected));
});
