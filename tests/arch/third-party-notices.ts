/**
 * Writes `THIRD-PARTY-NOTICES`: name, version, license and license text of every package that a production installation or a built page contains, from
 * `package-lock.json` and `node_modules`. Packages for other platforms than this one are listed with the license that the lock file states. Run
 * `npm run notices` after a change of dependencies; a test compares the file.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const ROOT = join(import.meta.dirname, '../..');
export const NOTICES = join(ROOT, 'THIRD-PARTY-NOTICES');

const lockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      license: z.string().optional(),
      dev: z.boolean().optional(),
      optional: z.boolean().optional(),
      dependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

/** Development dependencies whose code is in the built console and in the device page. */
const BUNDLED =
  /^(react|react-dom|dayjs|d3-geo|topojson-client|world-atlas|uplot|@mantine\/.*|@tanstack\/.*|@tabler\/icons-react|@simplewebauthn\/browser)$/;

type Packages = z.output<typeof lockFile>['packages'];

/** Paths of the bundled packages and of all their dependencies. */
function bundledIn(packages: Packages): ReadonlySet<string> {
  const paths = new Set<string>();
  const add = (name: string): void => {
    const path = `node_modules/${name}`;
    if (paths.has(path) || !(path in packages)) return;
    paths.add(path);
    for (const needed of Object.keys(packages[path]?.dependencies ?? {})) add(needed);
  };
  for (const path of Object.keys(packages)) {
    const name = path.replace(/^node_modules\//, '');
    if (BUNDLED.test(name)) add(name);
  }
  return paths;
}

interface Notice {
  readonly name: string;
  readonly license: string;
  /** License text of a package; null: the package has no license file. */
  readonly text: string | null;
}

/** Text of the file `THIRD-PARTY-NOTICES`. The license texts are read from `node_modules`. */
export function noticesText(): string {
  const { packages } = lockFile.parse(JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')));
  const bundled = bundledIn(packages);
  const notices = Object.entries(packages).flatMap(([path, { version, license, dev, optional }]): Notice[] => {
    // A package for another platform is not installed here. Its text would differ from machine to machine.
    if (path === '' || version === undefined || (dev && !bundled.has(path))) return [];
    const name = `${path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)} ${version}`;
    return [{ name, license: license ?? 'not stated', text: optional ? null : licenseText(join(ROOT, path)) }];
  });
  const unique = [...new Map(notices.map((notice) => [notice.name, notice])).values()];
  unique.sort((a, b) => (a.name < b.name ? -1 : 1));
  const byText = Map.groupBy(unique, ({ text }) => text);
  const sections = [...byText]
    .filter((entry): entry is [string, Notice[]] => entry[0] !== null)
    .map(([text, those]) => [...those.map(lineOf), '', text].join('\n'));
  const without = byText.get(null) ?? [];
  return `${[HEAD, ...sections, [WITHOUT, '', ...without.map(lineOf)].join('\n')].join(RULE)}\n`;
}

const RULE = `\n\n${'-'.repeat(80)}\n\n`;
const HEAD = `Third-party notices

Cordon is licensed under the Apache License 2.0 (see LICENSE). A production installation and the built pages contain the packages below, each under its own
license.
This file is generated: npm run notices.`;
const WITHOUT =
  'Packages without a license file, and packages that npm installs on some platforms only. The license is the one that each package states.';

const lineOf = ({ name, license }: Notice): string => `${name} (${license})`;

function licenseText(folder: string): string | null {
  if (!existsSync(folder)) return null;
  const files = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)([.-].*)?$/i.test(file))
    .sort();
  if (files.length === 0) return null;
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim());
  return [...new Set(texts)].join('\n\n');
}

if (import.meta.main) writeFileSync(NOTICES, noticesText());
