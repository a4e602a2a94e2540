/** Checks of the connections of NetworkManager. */
import { readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { NetworkConnection, NetworkType } from '../../shared/policy/network-connections.ts';
import { runProgram } from '../inventory/run-program.ts';
import { isMissing } from '../workspace/disk.ts';
import { type CheckOutcome, met, notMet, unknown } from './checks.ts';
import { type FoundFile, foundFile } from './found-file.ts';
import { KEYFILES, keyfileOf, keyfilePath, privateKeyIn, uuidOf, wireguardPublicKey } from './network-keyfile.ts';

const ONLY_CHECKED = 'This setting only checks connections. The setting network.connections adds them.';
const NM_TYPES: Readonly<Record<NetworkType, string>> = {
  wifi: '802-11-wireless',
  vpn: 'vpn',
  wireguard: 'wireguard',
  ethernet: '802-3-ethernet',
};

/** Connection of NetworkManager. `file`: its keyfile; empty if it has none. */
export interface FoundConnection {
  readonly uuid: string;
  readonly type: string;
  readonly file: string;
  readonly name: string;
}

/** Arguments of nmcli for `parseConnections`. */
export const LIST_CONNECTIONS = ['--terse', '--fields', 'UUID,TYPE,FILENAME,NAME', 'connection', 'show'] as const;

/** Connections in the output of nmcli, one in each line. nmcli writes a backslash before each colon and backslash of a value (nmcli(1), `--escape`). */
export const parseConnections = (output: string): FoundConnection[] =>
  output.split('\n').flatMap((line) => {
    const fields = [...line.matchAll(/(?:^|:)((?:\\.|[^:\\])*)/g)].map(([, text = '']) =>
      text.replaceAll(/\\(.)/g, '$1'),
    );
    const [uuid, type, file, name] = fields;
    return uuid && type && file !== undefined && name !== undefined ? [{ uuid, type, file, name }] : [];
  });

/** Connections of this machine; an error if they cannot be read, and null without nmcli. */
async function listed(): Promise<FoundConnection[] | Error | null> {
  try {
    // Without UTF-8, nmcli replaces letters of names.
    const output = await runProgram('env', ['LC_ALL=C.UTF-8', 'nmcli', ...LIST_CONNECTIONS], { missing: 127 });
    return output === null ? null : parseConnections(output);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

const NOT_INSTALLED = 'NetworkManager is not installed.';

export async function checkNames(wanted: Readonly<Record<string, NetworkType>>): Promise<CheckOutcome> {
  const found = await listed();
  if (Array.isArray(found)) return judgeNames(wanted, found);
  const names = await keyfiles();
  if (names === null) return unknown(found === null ? NOT_INSTALLED : `${found.message}.`);
  const missing = Object.keys(wanted).filter((name) => !names.has(name));
  return missing.length > 0
    ? notMet(`Missing: ${missing.join(', ')}. ${ONLY_CHECKED}`)
    : unknown('The keyfiles exist, but only nmcli can tell their types.');
}

/** Compares the connections of NetworkManager with the wanted names and types. */
export function judgeNames(
  wanted: Readonly<Record<string, NetworkType>>,
  found: readonly Pick<FoundConnection, 'name' | 'type'>[],
): CheckOutcome {
  const types = new Map(found.map(({ name, type }) => [name, type]));
  const problems = Object.entries(wanted).flatMap(([name, type]) => {
    const known = types.get(name);
    if (known === undefined) return [`${name} is missing`];
    return known === NM_TYPES[type] ? [] : [`${name} has the type ${known}`];
  });
  return problems.length === 0 ? met('All connections exist.') : notMet(`${problems.join('; ')}. ${ONLY_CHECKED}`);
}

async function keyfiles(): Promise<ReadonlySet<string> | null> {
  try {
    return new Set((await readdir(KEYFILES)).map((name) => name.replace(/\.nmconnection$/, '')));
  } catch (error) {
    if (isMissing(error) || isForbidden(error)) return null;
    throw error;
  }
}

/** Compares the connections of NetworkManager and their keyfiles with those of the policy. */
export async function checkConnections(wanted: readonly NetworkConnection[]): Promise<CheckOutcome> {
  const found = await listed();
  if (!Array.isArray(found)) return unknown(found === null ? NOT_INSTALLED : `${found.message}.`);
  const states = await Promise.all(wanted.map((connection) => stateOf(connection, found)));
  const problems = states.flatMap(({ problem }) => problem ?? []);
  if (problems.length > 0) return notMet(`${problems.join('; ')}.`);
  if (states.some(({ isReadable }) => !isReadable)) {
    return unknown('The connections exist, but only the system helper can compare their values.');
  }
  return met(['All connections are as in the policy.', ...states.flatMap(({ note }) => note ?? [])].join(' '));
}

interface State {
  readonly problem?: string;
  readonly note?: string;
  readonly isReadable?: boolean;
}

async function stateOf(connection: NetworkConnection, found: readonly FoundConnection[]): Promise<State> {
  const { name } = connection;
  const uuid = uuidOf(connection);
  const path = keyfilePath(uuid);
  const loaded = found.find((each) => each.uuid === uuid);
  if (!loaded) {
    const hasOther = found.some((each) => each.name === name);
    return { problem: hasOther ? `${name} is another connection of this device` : `${name} is missing` };
  }
  if (loaded.file !== path) return { problem: `${name} has been changed` };
  const file = await readable(path);
  if (file === 'forbidden') return { isReadable: false };
  return isAsWanted(connection, file)
    ? { isReadable: true, ...publicKeyOf(connection, file) }
    : { problem: `${name} has been changed` };
}

/** True if the file has the values of the policy, and belongs to root alone. */
function isAsWanted(connection: NetworkConnection, file: FoundFile | null): file is FoundFile {
  if (file === null || file.uid !== 0 || file.mode !== 0o600) return false;
  const text = file.content.toString();
  const privateKey = connection.type === 'wireguard' ? privateKeyIn(text) : null;
  if (connection.type === 'wireguard' && privateKey === null) return false;
  return text === keyfileOf(connection, { hostname: hostname(), privateKey });
}

function publicKeyOf({ name }: NetworkConnection, { content }: FoundFile): Pick<State, 'note'> {
  const key = privateKeyIn(content.toString());
  return key === null ? {} : { note: `Public key of ${name}: ${wireguardPublicKey(key)}` };
}

async function readable(path: string): Promise<FoundFile | 'forbidden' | null> {
  try {
    return await foundFile(path);
  } catch (error) {
    if (isForbidden(error)) return 'forbidden';
    throw error;
  }
}

const isForbidden = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EACCES';
