/** Import of this module sets the names of subdivisions. */

import { setPartNames } from './area-words.ts';
import { partName } from './part-names.ts';

setPartNames(partName);
