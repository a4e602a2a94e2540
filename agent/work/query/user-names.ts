import { readFile } from 'node:fs/promises';

/** Names of the users in passwd(5) by their ids. Users of a directory service are absent. */
export async function userNames(): Promise<ReadonlyMap<number, string>> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const fields = passwd.split('\n').map((line) => line.split(':'));
  return new Map(fields.flatMap(([name, , id]) => (name && /^\d+$/.test(id ?? '') ? [[Number(id), name]] : [])));
}
