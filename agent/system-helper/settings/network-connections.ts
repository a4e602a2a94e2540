/**
 * The setting `network.connections`: one keyfile of NetworkManager for each connection. The private keys of WireGuard are in the keyfiles and
 * in the note of the part, so that a repair keeps the key.
 */
import { chmodSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { syncFolder, writeSynced } from '../../../shared/durable-file.ts';
import type { NetworkConnection } from '../../../shared/policy/network-connections.ts';
import { foundFile } from '../../policy/found-file.ts';
import { type FoundConnection, LIST_CONNECTIONS, parseConnections } from '../../policy/network-checks.ts';
import {
  createWireguardKey,
  KEYFILES,
  keyfileOf,
  keyfilePath,
  movedCertificatePath,
  uuidOf,
} from '../../policy/network-keyfile.ts';
import { isProgramMissing } from '../program-missing.ts';
import { HelperRefusal } from '../requests.ts';
import type { RunTool } from '../run-tool.ts';
import { authorityOf } from './certificates.ts';
import { type PartNote, runNeeded, type SettingPart } from './setting-part.ts';

/** Connections that the helper has made. `key`: private key of WireGuard; null for other connections. */
const noteSchema = z
  .strictObject({ made: z.array(z.strictObject({ uuid: z.string(), key: z.string().nullable() })) })
  .nullable()
  .transform((note) => note?.made ?? []);

/** Exit code of nmcli if NetworkManager does not run (nmcli(1)). */
const NOT_RUNNING = 8;

export function networkConnectionsPart(run: RunTool): SettingPart<readonly NetworkConnection[]> {
  const nmcli = (...args: string[]) => runNeeded(run, 'nmcli', ...args);

  async function isRunning(): Promise<boolean> {
    const { code } = await run('nmcli', ['general', 'status'], { within: 60_000 });
    return code !== NOT_RUNNING;
  }

  async function requireRunning(): Promise<void> {
    await nmcli('--version');
    if (!(await isRunning())) throw new HelperRefusal('not_supported', 'NetworkManager does not run on this device.');
  }

  const listed = async (): Promise<FoundConnection[]> => parseConnections(await nmcli(...LIST_CONNECTIONS));

  /** Deletes the connection and its files. NetworkManager also forgets a change that a user has not saved. */
  async function remove(uuid: string, found: readonly FoundConnection[]): Promise<void> {
    if (found.some((each) => each.uuid === uuid)) await nmcli('connection', 'delete', 'uuid', uuid);
    rmSync(keyfilePath(uuid), { force: true });
    rmSync(movedCertificatePath(uuid), { force: true });
  }

  async function place(
    connection: NetworkConnection,
    note: PartNote,
    found: readonly FoundConnection[],
  ): Promise<void> {
    const uuid = uuidOf(connection);
    const made = noteSchema.parse(note.value);
    const before = made.find((each) => each.uuid === uuid);
    if (!before) await requireFree(connection, found);
    requireAuthority(connection);
    const key = before?.key ?? (connection.type === 'wireguard' ? createWireguardKey() : null);
    note.save({ made: [...made.filter((each) => each.uuid !== uuid), { uuid, key }] });
    if (await isIntact(connection, key, found)) return;
    const loaded = found.find((each) => each.uuid === uuid);
    // NetworkManager would prefer a change that a user has not saved to the file.
    if (loaded && loaded.file !== keyfilePath(uuid)) await remove(uuid, found);
    rmSync(movedCertificatePath(uuid), { force: true });
    writeKeyfile(keyfilePath(uuid), keyfileOf(connection, { hostname: hostname(), privateKey: key }));
    await nmcli('connection', 'load', keyfilePath(uuid));
    const isLoaded = (await listed()).some((each) => each.uuid === uuid && each.file === keyfilePath(uuid));
    if (!isLoaded) {
      throw new HelperRefusal(
        'failed',
        `NetworkManager does not accept the connection ${connection.name}. Its log has the reason.`,
      );
    }
  }

  return {
    async isApplied(connections, stored) {
      const made = noteSchema.parse(stored);
      if (made.length !== connections.length) return false;
      const found = await listed();
      for (const connection of connections) {
        const own = made.find(({ uuid }) => uuid === uuidOf(connection));
        if (!own || !(await isIntact(connection, own.key, found))) return false;
      }
      return true;
    },
    async apply(connections, note) {
      await requireRunning();
      const found = await listed();
      const problems: string[] = [];
      const attempt = async (work: () => Promise<void>) => {
        try {
          await work();
        } catch (error) {
          problems.push(error instanceof Error ? error.message : String(error));
        }
      };
      // The device keeps its earlier connections until it has the later ones.
      for (const connection of connections) await attempt(() => place(connection, note, found));
      const wanted = new Set(connections.map(uuidOf));
      for (const { uuid } of noteSchema.parse(note.value).filter((each) => !wanted.has(each.uuid))) {
        await attempt(async () => {
          await remove(uuid, found);
          note.save({ made: noteSchema.parse(note.value).filter((each) => each.uuid !== uuid) });
        });
      }
      if (problems.length > 0) throw new HelperRefusal('failed', problems.join(' '));
    },
    async revert(stored) {
      const made = noteSchema.parse(stored);
      const found = await listed().catch(async (error: unknown) => {
        if (await isAbsent()) return [];
        throw error;
      });
      for (const { uuid } of made) await remove(uuid, found);
    },
  };

  /** True if no NetworkManager runs. It reads the remaining files when it starts. */
  async function isAbsent(): Promise<boolean> {
    try {
      return !(await isRunning());
    } catch (error) {
      if (isProgramMissing(error)) return true;
      throw error;
    }
  }
}

async function isIntact(
  connection: NetworkConnection,
  privateKey: string | null,
  found: readonly FoundConnection[],
): Promise<boolean> {
  const uuid = uuidOf(connection);
  const path = keyfilePath(uuid);
  if (!found.some((each) => each.uuid === uuid && each.file === path)) return false;
  const file = await foundFile(path);
  if (file?.uid !== 0 || file.mode !== 0o600) return false;
  return file.content.toString() === keyfileOf(connection, { hostname: hostname(), privateKey });
}

/** Throws if the owner of the device has a connection with the name or the file. */
async function requireFree(connection: NetworkConnection, found: readonly FoundConnection[]): Promise<void> {
  const { name } = connection;
  const uuid = uuidOf(connection);
  if (found.some((each) => each.name === name || each.uuid === uuid)) {
    const how = 'Rename the connection of the policy, or the one of the owner.';
    throw new HelperRefusal(
      'failed',
      `The owner of the device has a connection with the name ${name}, which stays as it is. ${how}`,
    );
  }
  if ((await foundFile(keyfilePath(uuid))) !== null) {
    const path = keyfilePath(uuid);
    throw new HelperRefusal('failed', `The file ${path} exists and is not from Cordon. Rename or remove it.`);
  }
}

/** NetworkManager would accept each certificate as an authority. */
function requireAuthority(connection: NetworkConnection): void {
  const eap =
    connection.type === 'ethernet'
      ? connection.eap
      : connection.type === 'wifi' && connection.security.kind === 'wpa-enterprise'
        ? connection.security.eap
        : null;
  if (eap?.authority) authorityOf(eap.authority);
}

/** Replaces a keyfile in one step. Only root can read it. NetworkManager ignores a file whose name begins with a dot. */
function writeKeyfile(path: string, text: string): void {
  mkdirSync(KEYFILES, { recursive: true });
  const next = `${KEYFILES}/.cordon-new`;
  rmSync(next, { force: true });
  writeSynced(next, text, 'wx');
  chmodSync(next, 0o600);
  renameSync(next, path);
  syncFolder(KEYFILES);
}
