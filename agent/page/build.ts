/** Builds the device page if it is missing or older than its sources. */
import { join } from 'node:path';
import { buildByHand, builtFolder, ensureBuilt, exitAfter, type Pages } from '../../shared/pages/build.ts';

const HERE = import.meta.dirname;
const PAGE: Pages = {
  name: 'the page',
  script: 'page',
  root: join(HERE, 'client'),
  sources: [join(HERE, 'api.ts'), join(HERE, '../messaging/messaging.ts'), join(HERE, '../../shared')],
};

export const PAGE_FOLDER = builtFolder(PAGE);

/**
 * `say` gets one line of text before a build starts. If the build fails, the promise rejects with the output of the build, or with
 * instructions for building.
 */
export const ensurePage = (say: (line: string) => void): Promise<void> => ensureBuilt(PAGE, say);

if (import.meta.main) exitAfter(buildByHand(PAGE));
