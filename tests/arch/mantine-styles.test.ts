import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(import.meta.resolve('../../'));
const styles = fileURLToPath(import.meta.resolve('@mantine/core/styles.css')).replace(/\.css$/, '');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

function componentsIn(folder: string): string[] {
  const files = globSync(`${folder}/**/*.{ts,tsx}`, { cwd: root, exclude: ['**/dist/**'] });
  const used = files.flatMap((file) => {
    const imports = read(file).matchAll(/import \{([^}]*)\} from '@mantine\/core'/g);
    return [...imports].flatMap(([, names = '']) => names.split(',').map((name) => name.trim().replace(/ as .*/, '')));
  });
  return [...new Set(used)].filter((name) => existsSync(join(styles, `${name}.css`)));
}

it.each(['server/console', 'agent/page/client'])(
  '%s brings the styles of every Mantine component that it uses',
  (pages) => {
    const brought = globSync(`${pages}/app/*-styles.ts`, { cwd: root }).map(read).join('');
    const components = [...componentsIn(pages), ...componentsIn('shared/look')];
    expect(components.length).toBeGreaterThan(20);
    expect(components.filter((name) => !brought.includes(`/${name}.css`))).toEqual([]);
  },
);

it('loads the styles that only pages need before each page of the console, and uses them nowhere else', () => {
  expect(read('server/console/app/router.tsx')).not.toContain('component: lazyRouteComponent(');
  const later = read('server/console/app/page-styles.ts');
  for (const frame of ['app', 'sign-in', 'demo', 'overview']) {
    const components = componentsIn(`server/console/${frame}`);
    expect(components.filter((name) => later.includes(`/${name}.css`))).toEqual([]);
  }
});
