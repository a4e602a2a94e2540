/**
 * Process that produces one request and kills itself with -9: before the sealed file is stored, or after. Arguments: the file with the
 * task, as JSON.
 */

import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { createProduction } from '../../server/disclosures/production.ts';
import { peopleOf } from '../../server/independence/independence.ts';
import { AuthorityStore } from '../../server/store/authority-store.ts';
import { openDatabase } from '../../server/store/database.ts';
import { DisclosureStore } from '../../server/store/disclosure-store.ts';
import { PersonKeyFile } from '../../server/store/person-key-file.ts';
import { PersonRecordStore } from '../../server/store/person-record-store.ts';
import { disclosureIdSchema, personIdSchema } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { testPersonKeys } from '../support/person-keys.ts';

const taskSchema = z.object({
  database: z.string(),
  keys: z.string(),
  disclosure: disclosureIdSchema,
  at: z.int(),
  people: z.array(z.object({ person: personIdSchema, keyid: z.string(), publicKey: z.string(), rpId: z.null() })),
  die: z.enum(['before', 'after']),
});

const [file = ''] = process.argv.slice(2);
const task = taskSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
const database = await openDatabase({ file: task.database });
const store = new DisclosureStore(database);
const die = () => process.kill(process.pid, 'SIGKILL');
const production = createProduction({
  store: {
    async produce(...args) {
      if (task.die === 'before') die();
      await store.produce(...args);
      die();
    },
  },
  authorities: new AuthorityStore(database),
  records: new PersonRecordStore(database, testPersonKeys(new PersonKeyFile(task.keys))),
  legal: {
    keys: async () => task.people,
    people: async () => peopleOf({ sameAs: new Map(), links: [] }),
    legal: async () => new Set(task.people.map(({ person }) => person)),
  },
  clock: new DrivenClock(task.at),
});
const record = await store.find(task.disclosure);
const [producer] = task.people;
if (!record || !producer) throw new Error('the task names no request');
await production.produce(record, producer.person);
