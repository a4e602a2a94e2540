/** The build of a device's page: when it is missing or older than its sources (`npm run page`, and each `cordon-agent open`). */
import { join } from 'node:path';
import { buildByHand, builtFolder, ensureBuilt, exitAfter, type Pages } from '../../shared/pages/build.ts';

const HERE = import.meta.dirname;
const PAGE: Pages = {
  name: 'the page',
  root: join(HERE, 'client'),
  sources: [join(HERE, 'api.ts'), join(HERE, '../messaging/messaging.ts'), join(HERE, '../../shared')],
};

export const PAGE_FOLDER = builtFolder(PAGE);

/** Says in one line that it builds; says nothing when there is nothing to do. Rejects with the build's own words. */
export const ensurePage = (say: (line: string) => void): Promise<void> => ensureBuilt(PAGE, say);

if (import.meta.main) exitAfter(buildByHand(PAGE));
