import { type People, peopleOf } from '../independence/independence.ts';
import { ApproverStore } from '../store/approver-store.ts';
import type { Database } from '../store/database.ts';

/** Reads which people count as one now, from the accounts and their links. */
export const readPeople = async (database: Database): Promise<People> =>
  peopleOf(await new ApproverStore(database).people());
