/**
 * Server address and credentials for the command line. `cordon sign-in` writes them to a file (mode 0600). Environment variables override
 * the file.
 */
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { requireKnownVariables } from '../../shared/environment.ts';
import { CordonError } from '../../shared/errors.ts';

const savedSchema = z.strictObject({ server: z.url(), cookie: z.string(), csrf: z.string() });
type Saved = z.infer<typeof savedSchema>;

export interface CliConfig {
  /** Server URL from `CORDON_SERVER`, or else of the last sign-in, or else with the default port of this machine. */
  readonly server: string;
  /** API token from `CORDON_TOKEN`, which the client uses instead of the session. */
  readonly token: string | null;
  readonly session: Saved | null;
  /**
   * Secrets for automation, from `CORDON_PASSWORD`, `CORDON_TOTP_SECRET` and `CORDON_KEY_PASSPHRASE`. Secrets in files are safer
   * (`secrets.ts`).
   */
  readonly password: string | null;
  readonly totpSecret: string | null;
  readonly keyPassphrase: string | null;
  /** Throws `invalid_input` if an environment variable begins with `CORDON_` but no program reads the variable. */
  requireKnown(): void;
  save(session: Saved | null): void;
}

export function readCliConfig(env: NodeJS.ProcessEnv = process.env): CliConfig {
  const home = env['XDG_CONFIG_HOME'] ?? join(env['HOME'] ?? homedir(), '.config');
  const file = join(home, 'cordon', 'cli.json');
  const session = readSaved(file);
  return {
    server: env['CORDON_SERVER'] ?? session?.server ?? 'http://localhost:8445',
    token: env['CORDON_TOKEN'] ?? null,
    session,
    password: env['CORDON_PASSWORD'] ?? null,
    totpSecret: env['CORDON_TOTP_SECRET'] ?? null,
    keyPassphrase: env['CORDON_KEY_PASSPHRASE'] ?? null,
    requireKnown: () => requireKnownVariables(env),
    save(next) {
      if (next === null) return rmSync(file, { force: true });
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(file, `${JSON.stringify(next)}\n`, { mode: 0o600 });
      // `writeFileSync` applies `mode` only to a new file, so set the mode of an existing file too.
      chmodSync(file, 0o600);
    },
  };
}

function readSaved(file: string): Saved | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  try {
    return savedSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new CordonError('invalid_input', `${file} is damaged. Delete the file and sign in again.`, {}, error);
  }
}
