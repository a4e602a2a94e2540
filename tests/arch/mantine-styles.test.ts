import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(import.meta.resolve('../../'));
const styles = fileURLToPath(import.meta.resolve('@mantine/core/styles.css')).replace(/\.css$/, '');

function componentsIn(folder: string): string[] {
  const files = globSync(`${folder}/**/*.{ts,tsx}`, { cwd: root, exclude: ['**/dist/**'] });
  const used = files.flatMap((file) => {
    const imports = readFileSync(join(root, file), 'utf8').matchAll(/import \{([^}]*)\} from '@mantine\/core'/g);
    return [...imports].flatMap(([, names = '']) => names.split(',').map((name) => name.trim().replace(/ as .*/, '')));
  });
  return [...new Set(used)].filter((name) => existsSync(join(styles, `${name}.css`)));
}

it.each(['server/console', 'agent/page/client'])(
  '%s brings the styles of every Mantine component that it uses',
  (pages) => {
    const brought = readFileSync(join(root, pages, 'app/mantine-styles.ts'), 'utf8');
    const components = [...componentsIn(pages), ...componentsIn('shared/look')];
    expect(components.length).toBeGreaterThan(20);
    expect(components.filter((name) => !brought.includes(`/${name}.css`))).toEqual([]);
  },
);
