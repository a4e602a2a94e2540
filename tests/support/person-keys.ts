import { createPersonKeys, type PersonKeys } from '../../server/person-keys/person-keys.ts';
import { PersonKeyFile } from '../../server/store/person-key-file.ts';
import { testCustody } from './custody.ts';

/** Real keys of people in a new file. Default: a file in memory. */
export const testPersonKeys = (file = new PersonKeyFile(':memory:')): PersonKeys =>
  createPersonKeys(file, testCustody());
