/** Side-effect module: its import gives `area-words.ts` the names of subdivisions. */

import { setPartNames } from './area-words.ts';
import { partName } from './part-names.ts';

setPartNames(partName);
