/**
 * Recomputes the canonical address of every person, and joins persons with the same address. Call this in a migration whenever
 * `canonicalEmail` changes. No row is merged, because signed documents name persons by their old ids: the newer person's row refers to the
 * oldest person.
 */
import type { Kysely } from 'kysely';
import { canonicalEmail } from '../../shared/text/canonical-email.ts';
import type { Schema } from './schema.ts';

export async function joinEqualPersons(db: Kysely<Schema>): Promise<void> {
  const accounts = await db
    .selectFrom('accounts')
    .select(['person_id', 'email'])
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  const emails = new Map(accounts.toReversed().map(({ person_id, email }) => [person_id, email]));
  const persons = await db
    .selectFrom('persons')
    .select(['id', 'subject'])
    .where('subject', 'like', 'email:%')
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  const subjects = Map.groupBy(persons, ({ id, subject }) => {
    const email = emails.get(id);
    return email === undefined ? subject : `email:${canonicalEmail(email)}`;
  });
  // Each person first gets a temporary subject. Subjects are unique, and one person's new subject may be another person's old one.
  for (const { id } of persons) {
    await db
      .updateTable('persons')
      .set({ subject: `moving:${id}` })
      .where('id', '=', id)
      .execute();
  }
  for (const [subject, [oldest, ...others]] of subjects) {
    if (!oldest) continue;
    await db.updateTable('persons').set({ subject, same_as: null }).where('id', '=', oldest.id).execute();
    for (const { id } of others) {
      // The prefix `email:` is kept, so that the next recomputation finds the person again.
      const own = `email:${id}#${subject}`;
      await db.updateTable('persons').set({ subject: own, same_as: oldest.id }).where('id', '=', id).execute();
    }
  }
}
