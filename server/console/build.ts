/** Builds the console if the build is missing or older than its sources. */
import { join } from 'node:path';
import { buildByHand, builtFolder, ensureBuilt, exitAfter, type Pages } from '../../shared/pages/build.ts';

const HERE = import.meta.dirname;
const CONSOLE: Pages = { name: 'the console', script: 'console', root: HERE, sources: [join(HERE, '../../shared')] };

export const CONSOLE_FOLDER = builtFolder(CONSOLE);

/** Builds the console if necessary. Rejects with the output of a failed build, or with instructions if the build tools are missing. */
export const ensureConsole = (say: (line: string) => void): Promise<void> => ensureBuilt(CONSOLE, say);

if (import.meta.main) exitAfter(buildByHand(CONSOLE));
