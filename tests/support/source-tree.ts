/** A snapshot of the source tree, by which a test run proves that it changed nothing there. */
import { lstatSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Folders of build output and installed packages. Everything else in the project's folder counts as source. */
const OUTPUT = [/^node_modules$/, /^\.git$/, /^server\/console\/dist[^/]*$/, /^agent\/page\/client\/dist[^/]*$/];

/** Type, size and modification time of every file and folder, by path relative to `root`. */
export function listSourceTree(root: string): Map<string, string> {
  const found = new Map<string, string>();
  const visit = (folder: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      const name = relative(root, path).replaceAll('\\', '/');
      if (OUTPUT.some((pattern) => pattern.test(name))) continue;
      if (entry.isDirectory()) {
        found.set(name, 'folder');
        visit(path);
      } else {
        const { size, mtimeMs } = lstatSync(path);
        found.set(name, `${size} bytes, ${mtimeMs}`);
      }
    }
  };
  visit(root);
  return found;
}

/** Paths that were added, changed or removed, sorted. */
export function changedPaths(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => before.get(name) !== after.get(name)).sort();
}
