/**
 * Explanation of a failed start: one line for each problem, with the variable or the file, the reason and the remedy. The stack trace
 * appears only at log level `debug`.
 */
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { EnvironmentError } from '../shared/environment.ts';
import { isCordonError } from '../shared/errors.ts';
import { EXIT } from '../shared/exit-codes.ts';
import { type Config, readConfig } from './config.ts';

export interface StartError {
  readonly lines: readonly string[];
  /** Exit code of the process: 78 for a problem of the configuration, 1 for a problem that can end without an admin's action. */
  readonly exit: number;
}

/** Explains an error that prevented the start of the server. `config`: null if the server could not read its configuration. */
export function explainStartError(error: unknown, config: Config | null): StartError {
  if (error instanceof EnvironmentError) return { lines: error.problems, exit: EXIT.configuration };
  const cause = innermost(error);
  if (isCordonError(error, 'store_unavailable')) return explainStore(error.message, cause, config);
  // Another server has the lock, but may be stopping. A service manager that starts this server again may then succeed.
  if (isCordonError(error, 'store_locked')) return { lines: [oneLine(error.message)], exit: EXIT.failed };
  // The port may become free soon, for example when an earlier server is stopping.
  const exit = cause.code === 'EADDRINUSE' ? EXIT.failed : EXIT.configuration;
  if (isCordonError(error)) return { lines: [oneLine(error.message)], exit };
  return explainSystem(cause, config) ?? unexpected(cause);
}

/** Prints the explanation and ends the process, because a partly started server has open files and timers. */
export function exitAfterStartError(error: unknown): never {
  let config: Config | null = null;
  try {
    config = readConfig();
  } catch (problem) {
    if (!(problem instanceof EnvironmentError)) throw problem;
  }
  const { lines, exit } = explainStartError(error, config);
  for (const line of lines) console.error(`cordon: ${line}`);
  if (config?.log === 'debug') console.error(error);
  process.exit(exit);
}

function unexpected({ code, message }: Cause): StartError {
  const shown = code === '' || message.includes(code) ? message : `${message} (${code})`;
  const help = 'CORDON_LOG=debug shows the stack trace. If the cause is not on your machine, report it as a defect.';
  return { lines: [`The server cannot start: ${withoutStop(shown)}. ${help}`], exit: EXIT.failed };
}

interface Cause {
  readonly code: string;
  readonly message: string;
  readonly path: string;
  readonly port: number | null;
  readonly address: string;
  readonly syscall: string;
}

/** Last error in the chain of causes: it has the error code of the operating system or of the database. */
function innermost(error: unknown): Cause {
  let at = error;
  for (let depth = 0; depth < 10 && at instanceof Error; depth += 1) {
    const next: unknown = at instanceof AggregateError ? at.errors[0] : at.cause;
    if (!(next instanceof Error)) break;
    at = next;
  }
  const property = (name: string): unknown => (at instanceof Error && name in at ? Reflect.get(at, name) : undefined);
  const text = (name: string): string => (typeof property(name) === 'string' ? String(property(name)) : '');
  const port = property('port');
  return {
    code: text('code'),
    message: at instanceof Error ? at.message : String(at),
    path: text('path'),
    port: typeof port === 'number' ? port : null,
    address: text('address') || text('hostname'),
    syscall: text('syscall'),
  };
}

// --- database ---------------------------------------------------------------------------------------------------------

/**
 * Explanations by error code of Node or SQLSTATE (PostgreSQL, appendix A). `{where}`: host and port; `{user}`, `{database}`: from the URL.
 */
const POSTGRES: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    'The database at {where} refused the connection. Check that PostgreSQL runs and listens there, and that CORDON_DATABASE_URL is correct.',
  ECONNRESET:
    'The program at {where} ended the connection. Check that it is PostgreSQL and that CORDON_DATABASE_URL is correct.',
  ENOTFOUND: 'The host of the database, {where}, has no address in DNS. Correct CORDON_DATABASE_URL.',
  EAI_AGAIN: 'DNS gave no answer for the host of the database, {where}. Check the network and CORDON_DATABASE_URL.',
  ETIMEDOUT: 'The database at {where} did not answer in time. Check the network, the firewall and CORDON_DATABASE_URL.',
  EHOSTUNREACH: 'There is no route to the database at {where}. Check the network and CORDON_DATABASE_URL.',
  ENOENT: 'The socket of the database, {where}, does not exist. Check that PostgreSQL runs, and CORDON_DATABASE_URL.',
  '28P01': 'PostgreSQL refused the password of the user {user}. Correct the password in CORDON_DATABASE_URL.',
  /** The library `pg` throws this error itself if the server requests a password and the URL has none. It has no SQLSTATE. */
  NO_PASSWORD:
    'PostgreSQL asks the user {user} for a password, and CORDON_DATABASE_URL has none. Add the password to CORDON_DATABASE_URL.',
  '28000':
    'PostgreSQL does not let the user {user} connect to {database} from here. Check the user, and pg_hba.conf on the database server.',
  '3D000': 'PostgreSQL at {where} has no database {database}. Create it with createdb, or correct CORDON_DATABASE_URL.',
  '42501':
    'The PostgreSQL user {user} may not create tables in {database}. Make the user the owner of the database: ALTER DATABASE … OWNER TO {user}.',
  '53300': 'PostgreSQL at {where} has no free connection. Raise max_connections, or stop other clients.',
  '53100': 'The disk of the PostgreSQL server at {where} is full. Free some space, then start again.',
  '57P03': 'PostgreSQL at {where} is starting or stopping. Start Cordon again when PostgreSQL is ready.',
  '25006':
    'PostgreSQL at {where} is a read-only replica. Name the primary server in CORDON_DATABASE_URL (several hosts are not supported).',
};

/** Errors that `pg` throws without a code. */
const POSTGRES_MESSAGES: readonly (readonly [RegExp, string])[] = [
  [/^timeout exceeded when trying to connect|connection timeout/i, 'ETIMEDOUT'],
  [/^Connection terminated/, 'ECONNRESET'],
  [/Received unexpected|Unknown message|unrecognized.*message|does not support SSL/i, 'ECONNRESET'],
  [/password must be a (non-empty )?string/, 'NO_PASSWORD'],
  [/SASL/, '28P01'],
];

/** Explanations by SQLite error code. `{file}`: the database file; `{folder}`: its folder. */
const SQLITE: Readonly<Record<string, string>> = {
  SQLITE_NOTADB: '{file} is not an SQLite database. Restore it from a backup, or correct CORDON_HOME.',
  SQLITE_CORRUPT: '{file} is damaged. Restore it from a backup.',
  SQLITE_CANTOPEN: '{file} cannot be opened. Check the owner and the mode of {folder}.',
  SQLITE_READONLY: '{file} is read-only. Give the server’s user the right to write to it and to {folder}.',
  SQLITE_PERM: '{file} is read-only. Give the server’s user the right to write to it and to {folder}.',
  SQLITE_FULL: 'The disk of {folder} is full. Free some space, then start again. No data was lost.',
  SQLITE_IOERR: 'The disk of {folder} reports an error. Check the disk and the kernel log.',
  SQLITE_BUSY: 'Another program has locked {file}. Stop that program, then start again.',
  SQLITE_LOCKED: 'Another program has locked {file}. Stop that program, then start again.',
};

function explainStore(message: string, cause: Cause, config: Config | null): StartError {
  const url = config?.databaseUrl ?? null;
  if (url !== null) {
    const code = POSTGRES[cause.code]
      ? cause.code
      : POSTGRES_MESSAGES.find(([pattern]) => pattern.test(cause.message))?.[1];
    const text = code === undefined ? undefined : POSTGRES[code];
    if (text !== undefined) return { lines: [filled(text, databaseNames(url))], exit: EXIT.failed };
  } else if (config !== null) {
    const [, base = ''] = /^(SQLITE_[A-Z]+)/.exec(cause.code) ?? [];
    const file = `${config.home}/cordon.db`;
    const text = base === 'SQLITE_IOERR' && isFull(config.home) ? SQLITE['SQLITE_FULL'] : SQLITE[base];
    if (text !== undefined) return { lines: [filled(text, { file, folder: config.home })], exit: EXIT.failed };
    const system = explainSystem(cause, config);
    if (system) return system;
  }
  // An error of Cordon itself already has a complete message, such as the message about a newer version.
  const added = cause.message === message || cause.code === '' ? '' : ` (${withoutStop(cause.message)}, ${cause.code})`;
  return { lines: [`${oneLine(message)}${added}`], exit: EXIT.failed };
}

/**
 * True if the disk of the folder is full. If SQLite cannot extend the index of its write-ahead log, it reports an input/output error
 * instead.
 */
function isFull(folder: string): boolean {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize < 2 ** 20;
}

/** Removes the password from a database URL, for messages. */
function databaseNames(url: string): Record<string, string> {
  const parsed = URL.parse(url);
  const host = parsed?.hostname || parsed?.searchParams.get('host') || 'localhost';
  return {
    where:
      host.startsWith('/') || host.startsWith('%2F') ? decodeURIComponent(host) : `${host}:${parsed?.port || '5432'}`,
    user: decodeURIComponent(parsed?.username ?? '') || 'of the operating system',
    database: decodeURIComponent(parsed?.pathname.slice(1) ?? '') || 'of the same name',
  };
}

const filled = (text: string, values: Record<string, string>): string =>
  text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);

// --- operating system -------------------------------------------------------------------------------------------------

function explainSystem(cause: Cause, config: Config | null): StartError | null {
  if (cause.syscall === 'listen' || cause.syscall === 'bind') return explainListen(cause, config);
  if (cause.syscall === 'getaddrinfo' && config !== null) {
    const variable = cause.address === config.admin.bind ? 'CORDON_ADMIN_BIND' : 'CORDON_BIND';
    return { lines: [`The name ${cause.address} has no address. Correct ${variable}.`], exit: EXIT.configuration };
  }
  const text = FILES[cause.code];
  if (text === undefined) return null;
  const path = cause.path || config?.home || 'a file';
  const variable = config === null ? null : variableOfPath(path, config);
  const set = variable === null ? '' : ` (${variable})`;
  const user = process.getuid === undefined ? 'this user' : `the user with the number ${process.getuid()}`;
  return { lines: [filled(text, { path: `${path}${set}`, folder: dirname(path), user })], exit: EXIT.configuration };
}

const FILES: Readonly<Record<string, string>> = {
  EACCES: '{path} does not give {user} permission. Change its owner or mode, or give another path.',
  EPERM: '{path} does not give {user} permission. Change its owner or mode, or give another path.',
  EROFS: '{path} is on a read-only file system. Give a path that the server can write.',
  ENOSPC: 'The disk of {path} is full. Free some space, then start again. No data was lost.',
  EDQUOT: 'The disk quota for {path} is used up. Free some space, then start again. No data was lost.',
  ENOENT: '{path} does not exist. Create it, or correct the path.',
  ENOTDIR: 'A part of {path} is a file where a folder is needed. Correct the path.',
  EISDIR: '{path} is a folder where a file is needed. Correct the path.',
  EEXIST: '{path} is a file where a folder is needed. Correct the path.',
  EMFILE: 'The limit of open files is reached. Raise it with ulimit -n or LimitNOFILE.',
};

function variableOfPath(path: string, config: Config): string | null {
  const within = (folder: string) => path === folder || path.startsWith(`${folder}/`);
  if (path === config.passphraseFile || path.startsWith(`${config.passphraseFile}.`)) return 'CORDON_PASSPHRASE_FILE';
  if (within(config.home)) return 'CORDON_HOME';
  if (path === config.ipDatabase) return 'CORDON_IP_DATABASE';
  // Parent of the folder that could not be created.
  if (within(dirname(config.home))) return 'CORDON_HOME';
  return within(dirname(config.passphraseFile)) ? 'CORDON_PASSPHRASE_FILE' : null;
}

function explainListen({ code, port, address, message }: Cause, config: Config | null): StartError {
  const variable =
    port === null || config === null
      ? null
      : port === config.devicePort
        ? 'CORDON_DEVICE_PORT'
        : port === config.publicPort
          ? 'CORDON_PUBLIC_PORT'
          : port === config.admin.port
            ? 'CORDON_ADMIN_PORT'
            : null;
  const bind = variable === 'CORDON_ADMIN_PORT' ? 'CORDON_ADMIN_BIND' : 'CORDON_BIND';
  const set = variable ?? 'the port';
  switch (code) {
    case 'EADDRINUSE':
      return {
        lines: [
          `Another program uses port ${port} on ${address || 'this machine'}. Stop that program (ss -ltnp shows it), or set ${set} to another port.`,
        ],
        exit: EXIT.failed,
      };
    case 'EACCES':
      return {
        lines: [
          `This user may not listen on port ${port}. Set ${set} to a port above 1023, or give the process CAP_NET_BIND_SERVICE.`,
        ],
        exit: EXIT.configuration,
      };
    case 'EADDRNOTAVAIL':
      return {
        lines: [`This machine does not have the address ${address}. Set ${bind} to an address of this machine.`],
        exit: EXIT.configuration,
      };
    default:
      return {
        lines: [`The server cannot listen on ${address}:${port} (${withoutStop(message)}).`],
        exit: EXIT.failed,
      };
  }
}

const oneLine = (text: string): string => text.trim().replaceAll(/\s+/g, ' ');
const withoutStop = (text: string): string => oneLine(text).replace(/\.$/, '');
