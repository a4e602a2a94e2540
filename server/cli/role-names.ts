/** Roles on the command line: the name of a built-in role, or the name or id of a custom role. */
import { customRoleList } from '../../shared/api/custom-roles.ts';
import { isBuiltIn } from '../../shared/api/roles.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Client } from './client.ts';

const same = (a: string, b: string): boolean => a.localeCompare(b, 'en', { sensitivity: 'accent' }) === 0;

/** Built-in role, or id of the custom role with this name. Throws `not_found` for an unknown name. */
export async function roleNamed(client: Pick<Client, 'call'>, text: string): Promise<string> {
  return isBuiltIn(text) ? text : customRoleNamed(client, text);
}

export async function customRoleNamed(client: Pick<Client, 'call'>, text: string): Promise<string> {
  if (text.startsWith('rol_')) return text;
  const { roles } = await client.call(customRoleList, 'GET', '/roles');
  const found = roles.find(({ name }) => same(name, text));
  if (found) return found.id;
  throw new CordonError('not_found', `There is no role ${text}. List the custom roles with "cordon roles list".`);
}
