/** The console's build: when it is missing or older than its sources (`npm run console`, and each start of a server). */
import { join } from 'node:path';
import { buildByHand, builtFolder, ensureBuilt, exitAfter, type Pages } from '../../shared/pages/build.ts';

const HERE = import.meta.dirname;
const CONSOLE: Pages = { name: 'the console', root: HERE, sources: [join(HERE, '../../shared')] };

export const CONSOLE_FOLDER = builtFolder(CONSOLE);

/** Says in one line that it builds; says nothing when there is nothing to do. Rejects with the build's own words. */
export const ensureConsole = (say: (line: string) => void): Promise<void> => ensureBuilt(CONSOLE, say);

if (import.meta.main) exitAfter(buildByHand(CONSOLE));
