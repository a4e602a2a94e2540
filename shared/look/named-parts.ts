/** Whoever imports this has parts of countries called by their names. */
import { partName } from '../areas/part-names.ts';
import { nameParts } from './area-words.ts';

nameParts(partName);
