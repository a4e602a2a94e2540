/**
 * Names of people, if the admin may see them. A signed text contains only the ids of people. The output shows each name beside the id,
 * marked as a statement of the server.
 */
import { approverKeyList } from '../../shared/api/approvers.ts';
import { isCordonError } from '../../shared/errors.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { Client } from './client.ts';

export async function peopleNames(client: Client): Promise<(person: string) => string | null> {
  try {
    const { keys } = await client.call(approverKeyList, 'GET', '/approver-keys');
    const names = new Map<string, string>(keys.map(({ person, name }) => [person, name]));
    return (person) => names.get(person) ?? null;
  } catch (error) {
    if (isCordonError(error, 'forbidden')) return () => null;
    throw error;
  }
}

export function nameLines(people: readonly string[], nameOf: (person: string) => string | null): string[] {
  return [...new Set(people)].flatMap((person) => {
    const name = nameOf(person);
    return name === null ? [] : [`  ${person} = ${plain(name)} (as stated by the server)`];
  });
}
