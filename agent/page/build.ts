import { join } from 'node:path';
import { buildByHand, builtFolder, ensureBuilt, exitAfter, type Pages } from '../../shared/pages/build.ts';

const HERE = import.meta.dirname;
const PAGE: Pages = {
  name: 'the page',
  script: 'page',
  root: join(HERE, 'client'),
  sources: [
    join(HERE, 'api.ts'),
    join(HERE, 'mail-api.ts'),
    join(HERE, '../messaging/messaging.ts'),
    join(HERE, '../mail/mail.ts'),
    join(HERE, '../mail/mail-limits.ts'),
    join(HERE, '../../shared'),
  ],
};

export const PAGE_FOLDER = builtFolder(PAGE);

export const ensurePage = (say: (line: string) => void): Promise<void> => ensureBuilt(PAGE, say);

if (import.meta.main) exitAfter(buildByHand(PAGE));
