/** A server that cannot start prints one line for each problem, without a stack trace, and ends. Each case starts the real program. */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openAuthority } from '../../certs/authority.ts';
import { describeOnPostgres } from '../contract/every-store.ts';
import { passwordPostgres, startPasswordPostgres } from '../support/password-postgres.ts';
import { programPath } from '../support/programs.ts';
import { runProgram } from '../support/run-program.ts';
import { root, tool } from '../support/tools.ts';

const CORDON = programPath('server/cordon.js');
const START = programPath('server/start.js');
const PASSPHRASE = 'a passphrase for the tests';
const isRoot = root().present;
const NOBODY = 65_534;
const mountable = tool('unshare', 'util-linux').present && isRoot;

let folder: string;
const home = () => join(folder, 'home');
const file = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-start-'));
});
afterEach(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Environment = Record<string, string>;

/** Starts a server on free ports and in a separate folder, except for the values in `given`. */
const environment = (given: Environment): Environment => ({
  CORDON_HOME: home(),
  CORDON_PASSPHRASE_FILE: file('passphrase'),
  CORDON_BIND: '127.0.0.1',
  CORDON_DEVICE_PORT: '0',
  CORDON_PUBLIC_PORT: '0',
  CORDON_ADMIN_PORT: '0',
  CORDON_BUILD_CONSOLE: 'false',
  ...given,
});

interface Refusal {
  readonly code: number | null;
  readonly lines: readonly string[];
}

/** Fails unless the program ended by itself and printed only explained lines. */
function explained({ code, err }: { code: number | null; err: string }): Refusal {
  const lines = err.trimEnd().split('\n');
  expect(err).not.toMatch(/^\s+at /m);
  expect(lines.filter((line) => !line.startsWith('cordon: '))).toEqual([]);
  expect(code).not.toBe(0);
  return { code, lines };
}

const refused = async (given: Environment, args: readonly string[] = []): Promise<Refusal> =>
  explained(await runProgram(process.execPath, [...args, START], { env: environment(given) }));

/**
 * Runs as a user without root's rights. For root: user 0 without capabilities, whom file modes bind like any other user. Another user might
 * be unable to enter the folders of this source tree and of Node.
 */
async function refusedUnprivileged(given: Environment): Promise<Refusal> {
  const [program = '', ...args] = [
    ...(isRoot ? ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] : []),
    process.execPath,
    START,
  ];
  return explained(await runProgram(program, args, { env: environment(given), within: 60_000 }));
}

/** Keys of a first start that stopped before it created the store. */
function found(passphrase = PASSPHRASE): string {
  const keys = join(home(), 'keys');
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  openAuthority({ folder: keys, passphrase, organization: 'Cordon', serverNames: ['localhost'], finish: 'later' });
  return keys;
}

describe('configuration', () => {
  it('each invalid variable has its line, and the exit code tells that a restart does not help', async () => {
    const { code, lines } = await refused({
      CORDON_DEVICE_PORT: '84x3',
      CORDON_NAMES: 'https://a',
      [`CORDON_${'HOEM'}`]: 'x',
    });
    expect(lines).toEqual([
      `cordon: CORDON_${'HOEM'} is not a setting of Cordon. Did you mean CORDON_HOME? Correct the name, or unset it.`,
      expect.stringMatching(/^cordon: CORDON_NAMES must be .* is a URL: .* Correct it or unset it\.$/),
      expect.stringMatching(/^cordon: CORDON_DEVICE_PORT must be a whole number from 0 to 65535\. The value is "84x3"/),
    ]);
    expect(code).toBe(78);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('an older Node is refused with the remedy', async () => {
    const older = "data:text/javascript,Object.defineProperty(process.versions, 'node', { value: '22.1.0' })";
    const { code, out, err } = await runProgram(process.execPath, ['--import', older, START], { env: environment({}) });
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^Cordon needs Node 26, but this is Node 22\.1\.0\. .*npm start/);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('a port', () => {
  it.each(['CORDON_DEVICE_PORT', 'CORDON_PUBLIC_PORT', 'CORDON_ADMIN_PORT'])(
    'in use by another process: %s',
    async (variable) => {
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      const { port } = other.address() as AddressInfo;
      try {
        const { code, lines } = await refused({ [variable]: String(port) });
        // The exit code is not 78: the other process can end, so a service manager should try again.
        expect(code).toBe(1);
        expect(lines).toEqual([
          expect.stringMatching(
            `port ${port} of 127.0.0.1 .*another process uses this port.*set ${variable} to another port`,
          ),
        ]);
      } finally {
        other.close();
      }
    },
  );

  it('below 1024, for a user without the right to use it', async () => {
    const { lines } = await refusedUnprivileged({ CORDON_PUBLIC_PORT: '443' });
    expect(lines).toEqual([
      expect.stringMatching(/port 443 .*this user may not use the port.*Set CORDON_PUBLIC_PORT to a port above 1023/),
    ]);
  });

  it('on an address that this machine does not have', async () => {
    const { lines } = await refused({ CORDON_BIND: '192.0.2.7' });
    expect(lines).toEqual([expect.stringMatching(/192\.0\.2\.7 .*does not have that address.*Set CORDON_BIND/)]);
  });
});

describe('passphrase and keys', () => {
  it.each<[string, () => Environment, RegExp]>([
    [
      'a passphrase that is too short',
      () => {
        writeFileSync(file('passphrase'), 'short\n', { mode: 0o600 });
        return {};
      },
      /passphrase in .*passphrase is shorter than 12 characters/,
    ],
    [
      'a passphrase file that everyone can read',
      () => {
        writeFileSync(file('passphrase'), `${PASSPHRASE}\n`);
        chmodSync(file('passphrase'), 0o777);
        return {};
      },
      /passphrase has mode 0777: every user of this machine can read or change it\. Run: chmod 600 /,
    ],
    [
      'a passphrase file that is a folder',
      () => {
        mkdirSync(file('passphrase'), { mode: 0o700 });
        return {};
      },
      /passphrase is a folder where a file is needed/,
    ],
    [
      'the wrong passphrase',
      () => {
        found();
        return { CORDON_PASSPHRASE: 'another passphrase' };
      },
      /The passphrase cannot decrypt .*custody\.json/,
    ],
    [
      'keys without the passphrase file',
      () => {
        found();
        return {};
      },
      /passphrase is missing, and the keys in .*keys are encrypted with it\. Restore the file/,
    ],
    [
      'a damaged key',
      () => {
        writeFileSync(join(found(), 'ledger.key'), 'v1.AAAA', { mode: 0o600 });
        return { CORDON_PASSPHRASE: PASSPHRASE };
      },
      /keys\/ledger\.key is damaged or holds another key\. Restore it from a backup/,
    ],
    [
      'a damaged custody file',
      () => {
        writeFileSync(join(found(), 'custody.json'), '{', { mode: 0o600 });
        return { CORDON_PASSPHRASE: PASSPHRASE };
      },
      /custody\.json is damaged/,
    ],
    [
      'a key that everyone can read',
      () => {
        chmodSync(join(found(), 'root.key'), 0o777);
        chmodSync(join(home(), 'keys/issuing.key'), 0o644);
        return { CORDON_PASSPHRASE: PASSPHRASE };
      },
      /keys\/issuing\.key has mode 0644: every user/,
    ],
    [
      'a key folder that everyone can write',
      () => {
        chmodSync(found(), 0o777);
        return { CORDON_PASSPHRASE: PASSPHRASE };
      },
      /keys has mode 0777: other users can replace the files in it\. Run: chmod 700 /,
    ],
  ])('%s', async (_what, prepare, line) => {
    const { lines, code } = await refused(prepare());
    expect(lines).toEqual([expect.stringMatching(line)]);
    expect(code).toBe(78);
  });

  it.skipIf(!isRoot)('a passphrase file of another user', async () => {
    writeFileSync(file('passphrase'), `${PASSPHRASE}\n`, { mode: 0o600 });
    chownSync(file('passphrase'), NOBODY, NOBODY);
    const { lines } = await refusedUnprivileged({});
    expect(lines).toEqual([
      expect.stringMatching(
        /passphrase \(CORDON_PASSPHRASE_FILE\) does not give the user with the number 0 permission/,
      ),
    ]);
  });
});

describe('the data folder', () => {
  it('cannot be created', async () => {
    writeFileSync(file('a-file'), '');
    const { lines } = await refused({ CORDON_HOME: join(folder, 'a-file/home') });
    expect(lines).toEqual([expect.stringMatching(/A part of .*a-file\/home \(CORDON_HOME\) is a file/)]);
  });

  it.skipIf(!isRoot)('cannot be written', async () => {
    mkdirSync(home(), { mode: 0o755 });
    chownSync(home(), NOBODY, NOBODY);
    const { lines } = await refusedUnprivileged({ CORDON_PASSPHRASE: PASSPHRASE });
    expect(lines).toEqual([
      expect.stringMatching(/home\/cordon\.db cannot be opened\. Check the owner and the mode of .*home\./),
    ]);
  });

  it.skipIf(!mountable)('is on a full disk', async () => {
    mkdirSync(home(), { mode: 0o700 });
    const script = `mount -t tmpfs -o size=64k tmpfs "$CORDON_HOME" && exec "$0" "$@"`;
    const ended = await runProgram('unshare', ['-m', 'sh', '-c', script, process.execPath, START], {
      env: environment({ CORDON_PASSPHRASE: PASSPHRASE }),
    });
    const { lines, code } = explained(ended);
    expect(lines).toEqual([expect.stringMatching(/^cordon: The disk of .*home.* is full\. Free some space/)]);
    expect(code).not.toBe(0);
  });

  it.each<[string, string, RegExp]>([
    [
      'contains something other than a database',
      'not a database, but a text that is long enough to be read as its head',
      /cordon\.db is not an SQLite database\. Restore it/,
    ],
  ])('%s', async (_what, content, line) => {
    mkdirSync(home(), { mode: 0o700 });
    writeFileSync(join(home(), 'cordon.db'), content.repeat(50));
    const { lines } = await refused({});
    expect(lines).toEqual([expect.stringMatching(line)]);
  });
});

describe('the certificate of the admin listener', () => {
  const pair = () => {
    const keys = found('another authority’s passphrase');
    const { keyPem, chainPem } = openAuthority({
      folder: keys,
      passphrase: 'another authority’s passphrase',
      organization: 'Cordon',
      serverNames: ['localhost'],
    }).serverIdentity();
    rmSync(home(), { recursive: true });
    writeFileSync(file('admin.crt'), chainPem);
    writeFileSync(file('admin.key'), keyPem, { mode: 0o600 });
    return { CORDON_ADMIN_CERTIFICATE: file('admin.crt'), CORDON_ADMIN_KEY: file('admin.key') };
  };
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  it.each<[string, () => void, RegExp]>([
    ['does not exist', () => rmSync(file('admin.crt')), /CORDON_ADMIN_CERTIFICATE: .*admin\.crt does not exist/],
    ['has no key', () => rmSync(file('admin.key')), /CORDON_ADMIN_KEY: .*admin\.key does not exist/],
    ['is no certificate', () => writeFileSync(file('admin.crt'), 'no'), /admin\.crt has no certificate in PEM form/],
    ['has an invalid key', () => writeFileSync(file('admin.key'), 'no'), /admin\.key has no private key in PEM form/],
    [
      'has the key of another certificate',
      () => writeFileSync(file('admin.key'), privateKey.export({ type: 'pkcs8', format: 'pem' })),
      /the key in .*admin\.key does not belong to the certificate in .*admin\.crt/,
    ],
    [
      'has an encrypted key',
      () =>
        writeFileSync(
          file('admin.key'),
          privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }),
        ),
      /admin\.key is encrypted with a passphrase\. Decrypt it/,
    ],
    ['has a key that everyone can read', () => chmodSync(file('admin.key'), 0o644), /admin\.key has mode 0644/],
  ])('%s', async (_what, spoil, line) => {
    const given = pair();
    spoil();
    const { lines, code } = await refused({ ...given, CORDON_PASSPHRASE: PASSPHRASE });
    expect(lines).toEqual([expect.stringMatching(line)]);
    expect(code).toBe(78);
    expect(readdirSync(folder).filter((name) => name === 'home')).toEqual([]);
  });
});

describe('PostgreSQL', () => {
  const listening = async (server: ReturnType<typeof createServer>) => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };

  it('is not running', async () => {
    const closed = createServer();
    const port = await listening(closed);
    closed.close();
    const { lines, code } = await refused({
      CORDON_DATABASE_URL: `postgres://cordon:hunter2@127.0.0.1:${port}/cordon`,
    });
    expect(lines).toEqual([
      expect.stringMatching(`The database at 127.0.0.1:${port} refused the connection. Check that PostgreSQL runs`),
    ]);
    expect(lines.join()).not.toContain('hunter2');
    // An outage ends by itself, so the service manager should try again.
    expect(code).toBe(1);
  });

  it('is another program', async () => {
    const other = createHttpServer();
    const port = await listening(other);
    try {
      const { lines } = await refused({ CORDON_DATABASE_URL: `postgres://cordon@127.0.0.1:${port}/cordon` });
      expect(lines).toEqual([expect.stringMatching(/ended the connection\. Check that it is PostgreSQL/)]);
    } finally {
      other.close();
    }
  });

  it('has a host name without an address', async () => {
    const { lines } = await refused({ CORDON_DATABASE_URL: 'postgres://cordon@no-such-host.invalid/cordon' });
    expect(lines).toEqual([expect.stringMatching(/no-such-host\.invalid:5432/)]);
    expect(lines).toEqual([expect.stringMatching(/DNS/)]);
  });
});

describeOnPostgres('PostgreSQL that runs', () => {
  const changed = (change: (url: URL) => void): string => {
    const url = new URL(process.env['CORDON_TEST_DATABASE_URL'] ?? '');
    change(url);
    return url.href;
  };

  it.each<[string, (url: URL) => void, RegExp]>([
    [
      'has no such database',
      (url) => {
        url.pathname = '/cordon_does_not_exist';
      },
      /has no database cordon_does_not_exist\. Create it with createdb/,
    ],
    [
      'has no such user',
      (url) => {
        url.username = 'cordon_does_not_exist';
      },
      /cordon_does_not_exist.*(CORDON_DATABASE_URL|pg_hba\.conf)/,
    ],
  ])('%s', async (_what, change, line) => {
    const { lines } = await refused({ CORDON_DATABASE_URL: changed(change) });
    expect(lines).toEqual([expect.stringMatching(line)]);
  });
});

describe.skipIf(!passwordPostgres.present)('PostgreSQL with a password', () => {
  it('a wrong password is refused: one line names the variable, the reason and the remedy, and not the password', async () => {
    const { url, remove } = await startPasswordPostgres('right-horse');
    try {
      const wrong = url.replace('right-horse', 'wrong-horse');
      const line =
        'cordon: PostgreSQL refused the password of the user cordon. Correct the password in CORDON_DATABASE_URL.';
      const { lines, code } = await refused({ CORDON_DATABASE_URL: wrong });
      expect([lines, code]).toEqual([[line], 1]);
      const none = await refused({ CORDON_DATABASE_URL: wrong.replace(':wrong-horse', '') });
      expect(none.lines).toEqual([
        'cordon: PostgreSQL asks the user cordon for a password, and CORDON_DATABASE_URL has none. Add the password to CORDON_DATABASE_URL.',
      ]);
      // The server accepts the right password, so the password was the reason.
      const env = environment({ CORDON_DATABASE_URL: url });
      const right = await runProgram(process.execPath, [CORDON, 'check-config'], { env });
      expect([right.code, right.err]).toEqual([0, '']);
    } finally {
      await remove();
    }
  });
});
