/** Symbolic links of the machine, as the protection of the agent follows them. */
import { lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { LinkAt } from './agent-protection.ts';

/** `root`: root folder of the machine. Each character of a path is one byte (Latin-1), because a path need not be UTF-8. */
export const machineLinks =
  (root: string): LinkAt =>
  (path) => {
    const file = Buffer.from(join(root, path), 'latin1');
    try {
      if (!lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()) return null;
      return readlinkSync(file, 'buffer').toString('latin1');
    } catch {
      // A path below a file, or a file that was removed in between. An unreadable folder does not exist for root.
      return null;
    }
  };
