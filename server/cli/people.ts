/**
 * People's names, as far as the server tells them to this caller. What is signed holds ids alone, so a name is the server's word and is
 * always shown beside the id.
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

/** `per_… = Ada (as the server says)`, once for each person who has a name. */
export function nameLines(people: readonly string[], nameOf: (person: string) => string | null): string[] {
  return [...new Set(people)].flatMap((person) => {
    const name = nameOf(person);
    return name === null ? [] : [`  ${person} = ${plain(name)} (as the server says)`];
  });
}
