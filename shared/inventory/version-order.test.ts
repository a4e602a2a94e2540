import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tool } from '../../tests/support/tools.ts';
import { compareRpmPart, versionOrder } from './version-order.ts';

const dpkgTool = tool('dpkg', 'run the tests on Debian');
const dpkg = versionOrder('dpkg');
const rpm = versionOrder('rpm');

/** Cases of dpkg's own tests (lib/dpkg/t/t-version.c) and of Debian Policy, section 5.6.12. */
const DPKG: readonly (readonly [string, '<' | '=' | '>', string])[] = [
  ['1.0', '=', '1.0'],
  ['0:1.0', '=', '1.0'],
  ['1.0-0', '=', '1.0'],
  ['1.0-', '=', '1.0'],
  ['0:0-00', '=', '0:00-0'],
  ['1:0.4', '>', '10.3'],
  ['1:1.25-4', '<', '1:1.25-8'],
  ['0-pre', '=', '0-pre'],
  ['0-pre', '<', '0-pree'],
  ['1.1.6r2-2', '>', '1.1.6r-1'],
  ['2.6b2-1', '>', '2.6b-2'],
  ['98.1p5-1', '<', '98.1-pre2-b6-2'],
  ['0.4a6-2', '>', '0.4-1'],
  ['1:3.0.5-2', '<', '1:3.0.5.1'],
  ['10.3', '>', '9.9'],
  ['1.0~rc1', '<', '1.0'],
  ['1.0~~', '<', '1.0~'],
  ['1.0~', '<', '1.0'],
  ['1.0a', '>', '1.0'],
  ['1.0+dfsg', '>', '1.0a'],
  ['3.0.15-1~deb12u1', '<', '3.0.15-1'],
  ['3.0.15-1~deb12u1', '>', '3.0.15'],
  ['3.0.9-1', '<', '3.0.15-1'],
  ['1.2.3-1', '<', '1.2.3-1+b1'],
  ['99999999999999999998', '<', '99999999999999999999'],
];

/** Cases of rpm's own tests (tests/rpmvercmp.at). */
const RPM: readonly (readonly [string, '<' | '=' | '>', string])[] = [
  ['1.0', '=', '1.0'],
  ['1.0', '<', '2.0'],
  ['2.0.1', '>', '2.0'],
  ['2.0.1a', '>', '2.0.1'],
  ['5.5p1', '<', '5.5p2'],
  ['5.5p10', '>', '5.5p1'],
  ['10xyz', '<', '10.1xyz'],
  ['xyz10', '<', 'xyz10.1'],
  ['xyz.4', '<', '8'],
  ['xyz.4', '<', '2'],
  ['5.5p2', '<', '5.6p1'],
  ['6.0.rc1', '>', '6.0'],
  ['10b2', '>', '10a1'],
  ['1.0aa', '>', '1.0a'],
  ['10.0001', '=', '10.0001'],
  ['10.0001', '=', '10.1'],
  ['10.0001', '<', '10.0039'],
  ['4.999.9', '<', '5.0'],
  ['20101121', '<', '20101122'],
  ['2_0', '=', '2.0'],
  ['a', '=', 'a'],
  ['a+', '=', 'a_'],
  ['+_', '=', '_+'],
  ['1.0~rc1', '<', '1.0'],
  ['1.0~rc1', '<', '1.0~rc2'],
  ['1.0~rc1~git123', '<', '1.0~rc1'],
  ['1.0^', '>', '1.0'],
  ['1.0^git1', '<', '1.0^git2'],
  ['1.0^git1', '<', '1.01'],
  ['1.0^20160101', '<', '1.0.1'],
  ['1.0^20160101^git1', '>', '1.0^20160101'],
  ['1.0~rc1^git1', '>', '1.0~rc1'],
  ['1.0^git1~pre', '<', '1.0^git1'],
];

const signOf = (difference: number) => (difference < 0 ? '<' : difference > 0 ? '>' : '=');
const MIRRORED = { '<': '>', '=': '=', '>': '<' } as const;

describe('the order of dpkg', () => {
  it.each(DPKG)('%s %s %s', (a, sign, b) => {
    expect([signOf(dpkg(a, b)), signOf(dpkg(b, a))]).toEqual([sign, MIRRORED[sign]]);
  });

  it.skipIf(!dpkgTool.present)('equals that of `dpkg --compare-versions` on this machine', () => {
    const part = fc.string({ unit: fc.constantFrom(...'0019az+~.'), maxLength: 6 });
    const version = fc
      .tuple(fc.constantFrom('', '0:', '2:'), part, fc.option(part))
      .map(([epoch, upstream, revision]) => `${epoch}0${upstream}${revision === null ? '' : `-${revision}0`}`);
    const sampled = fc.sample(fc.tuple(version, version), 40);
    const valid = DPKG.filter(([a]) => !a.endsWith('-')).map(([a, , b]) => [a, b] as const);
    for (const [a, b] of [...sampled, ...valid]) {
      const says = (operator: string) => {
        try {
          execFileSync('dpkg', ['--compare-versions', a, operator, b], { stdio: 'pipe' });
          return true;
        } catch (error) {
          if (error instanceof Error && 'status' in error && error.status === 1) return false;
          throw error;
        }
      };
      expect([a, b, dpkg(a, b) < 0, dpkg(a, b) === 0]).toEqual([a, b, says('lt'), says('eq')]);
    }
  });
});

describe('the order of rpm', () => {
  it.each(RPM)('%s %s %s', (a, sign, b) => {
    expect([signOf(compareRpmPart(a, b)), signOf(compareRpmPart(b, a))]).toEqual([sign, MIRRORED[sign]]);
  });

  it('compares epoch, version and release, and ignores a release that one side lacks', () => {
    expect(signOf(rpm('1:1.0-1', '2.0-1'))).toBe('>');
    expect(signOf(rpm('3.0.7-27.el9', '3.0.7-28.el9'))).toBe('<');
    expect(signOf(rpm('3.0.7-28.el9', '3.0.7'))).toBe('=');
    expect(signOf(rpm('3.0.7-28.el9', '3.0.15'))).toBe('<');
  });
});

it.each(['flatpak', 'snap', 'windows', 'macos'] as const)(
  'orders free texts of %s by numbers and letters',
  (source) => {
    const sorted = ['', '1.9', '1.10', '1.10.1', '2024.1', '2024.1a'];
    expect(sorted.toReversed().sort(versionOrder(source))).toEqual(sorted);
  },
);
