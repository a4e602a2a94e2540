/** Whoever imports this has parts of countries called by their names. */

import { nameParts } from './area-words.ts';
import { partName } from './part-names.ts';

nameParts(partName);
