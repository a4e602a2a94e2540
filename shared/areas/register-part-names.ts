/** Sets the names of subdivisions when imported. */

import { setPartNames } from './area-words.ts';
import { partName } from './part-names.ts';

setPartNames(partName);
