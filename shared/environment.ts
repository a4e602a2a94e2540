/**
 * Table of all environment variables whose names begin with `CORDON_`. All programs share one environment, so each program accepts the
 * variables of the others and refuses only names outside this table.
 *
 * To add a variable: add a line here, then read it in the configuration file of its program (`server/config.ts`, `agent/config.ts`,
 * `agent/mail-connector/config.ts` or `server/cli/config.ts`). `environment.test.ts` fails for a name in the source code that is not in this table.
 */
import { CordonError } from './errors.ts';

export interface Variable {
  readonly reader: 'server' | 'agent' | 'mail connector' | 'command line' | 'tests';
  /** True for a secret, which error messages and logs never show. */
  readonly secret?: true;
}

export const VARIABLES: Readonly<Record<string, Variable>> = {
  CORDON_HOME: { reader: 'server' },
  CORDON_DATABASE_URL: { reader: 'server', secret: true },
  CORDON_PERSON_KEYS: { reader: 'server' },
  CORDON_ACCEPT_LOST_PERSON_KEYS: { reader: 'server' },
  CORDON_PERSON_KEY_BACKUP_DAYS: { reader: 'server' },
  CORDON_PERSON_KEY_BACKUP_FOLDER: { reader: 'server' },
  CORDON_STATEMENT_DAYS: { reader: 'server' },
  CORDON_PASSPHRASE: { reader: 'server', secret: true },
  CORDON_PASSPHRASE_FILE: { reader: 'server' },
  CORDON_ORGANIZATION: { reader: 'server' },
  CORDON_NAMES: { reader: 'server' },
  CORDON_DROP_NAMES: { reader: 'server' },
  CORDON_DROP_LISTENERS: { reader: 'server' },
  CORDON_BIND: { reader: 'server' },
  CORDON_DEVICE_PORT: { reader: 'server' },
  CORDON_PUBLIC_PORT: { reader: 'server' },
  CORDON_ADMIN_PORT: { reader: 'server' },
  CORDON_ADMIN_BIND: { reader: 'server' },
  CORDON_ADMIN_NAMES: { reader: 'server' },
  CORDON_ADMIN_CERTIFICATE: { reader: 'server' },
  CORDON_ADMIN_KEY: { reader: 'server' },
  CORDON_ADMIN_URL: { reader: 'server' },
  CORDON_ADMIN_PROXY_FROM: { reader: 'server' },
  CORDON_PROXY_FROM: { reader: 'server' },
  CORDON_PROXY_REQUIRED: { reader: 'server' },
  CORDON_IP_DATABASE: { reader: 'server' },
  CORDON_APPEAL: { reader: 'server' },
  CORDON_MAIL_URL: { reader: 'server', secret: true },
  CORDON_MAIL_FROM: { reader: 'server' },
  CORDON_OIDC_FILE: { reader: 'server' },
  CORDON_OIDC_CLIENT_SECRET: { reader: 'server', secret: true },
  CORDON_OIDC_CLIENT_SECRET_FILE: { reader: 'server' },
  CORDON_OPERATOR_URL: { reader: 'server' },
  CORDON_SECURITY_CONTACT: { reader: 'server' },
  CORDON_WITNESSES: { reader: 'server' },
  CORDON_WITNESS_LATE_MINUTES: { reader: 'server' },
  CORDON_SESSION_IDLE_MINUTES: { reader: 'server' },
  CORDON_REQUIRE_PASSKEYS: { reader: 'server' },
  CORDON_LARGE_SHARE: { reader: 'server' },
  CORDON_EVIDENCE_DAYS: { reader: 'server' },
  CORDON_ACTIVITY_DAYS: { reader: 'server' },
  CORDON_PACKAGE_BANDWIDTH: { reader: 'server' },
  CORDON_PRIVATE_RECEIVERS: { reader: 'server' },
  CORDON_NTP: { reader: 'server' },
  CORDON_ACCEPT_CLOCK: { reader: 'server' },
  CORDON_JUMP_DAYS: { reader: 'server' },
  CORDON_BUILD_CONSOLE: { reader: 'server' },
  CORDON_LOG: { reader: 'server' },
  CORDON_BACKUP_SCHEDULE: { reader: 'server' },
  CORDON_BACKUP_FOLDER: { reader: 'server' },
  /**
   * Public key of the recipient of backups. It is marked as secret, because an admin may enter the private key by mistake. Error messages
   * must not show the private key.
   */
  CORDON_BACKUP_RECIPIENT: { reader: 'server', secret: true },
  CORDON_BACKUP_KEEP: { reader: 'server' },

  CORDON_AGENT_HOME: { reader: 'agent' },
  CORDON_AGENT_SENSOR_COMMAND: { reader: 'agent' },
  CORDON_AGENT_SENSOR_FILE: { reader: 'agent' },
  CORDON_AGENT_GPSD_PORT: { reader: 'agent' },
  CORDON_AGENT_GEOCLUE: { reader: 'agent' },
  CORDON_AGENT_SCRIPTS: { reader: 'agent' },
  CORDON_AGENT_SYSTEM_SOCKET: { reader: 'agent' },
  CORDON_AGENT_LOG: { reader: 'agent' },

  CORDON_CONNECTOR_HOME: { reader: 'mail connector' },
  CORDON_CONNECTOR_NAME: { reader: 'mail connector' },
  CORDON_CONNECTOR_SMTP: { reader: 'mail connector' },
  CORDON_CONNECTOR_BIND: { reader: 'mail connector' },
  CORDON_CONNECTOR_PORT: { reader: 'mail connector' },
  CORDON_CONNECTOR_CERTIFICATE: { reader: 'mail connector' },
  CORDON_CONNECTOR_KEY: { reader: 'mail connector' },
  CORDON_CONNECTOR_TLS: { reader: 'mail connector' },
  CORDON_CONNECTOR_CLIENTS: { reader: 'mail connector' },
  CORDON_CONNECTOR_LARGEST_MIB: { reader: 'mail connector' },
  CORDON_CONNECTOR_QUEUE_MIB: { reader: 'mail connector' },
  CORDON_CONNECTOR_CONNECTIONS: { reader: 'mail connector' },
  CORDON_CONNECTOR_RECIPIENTS: { reader: 'mail connector' },
  CORDON_CONNECTOR_POSTMASTER: { reader: 'mail connector' },
  CORDON_CONNECTOR_SUBMISSION_URL: { reader: 'mail connector', secret: true },
  CORDON_CONNECTOR_IMAP_URL: { reader: 'mail connector', secret: true },
  CORDON_CONNECTOR_IMAP_RECIPIENT: { reader: 'mail connector' },
  CORDON_CONNECTOR_IMAP_FOLDER: { reader: 'mail connector' },
  CORDON_CONNECTOR_IMAP_DONE: { reader: 'mail connector' },

  CORDON_SERVER: { reader: 'command line' },
  CORDON_TOKEN: { reader: 'command line', secret: true },
  CORDON_PASSWORD: { reader: 'command line', secret: true },
  CORDON_TOTP_SECRET: { reader: 'command line', secret: true },
  CORDON_KEY_PASSPHRASE: { reader: 'command line', secret: true },

  CORDON_TEST_DATABASE_URL: { reader: 'tests', secret: true },
  CORDON_TEST_LOUD: { reader: 'tests' },
  CORDON_TEST_PROGRAMS: { reader: 'tests' },
  CORDON_TEST_RECORD: { reader: 'tests' },
  CORDON_FAULTS: { reader: 'tests' },
  CORDON_SEED: { reader: 'tests' },
  CORDON_RUNS: { reader: 'tests' },
  CORDON_PICTURES: { reader: 'tests' },
  CORDON_LEFT_OUT: { reader: 'tests' },
  CORDON_STAGE_REPORT: { reader: 'tests' },
  CORDON_MLS_VECTORS: { reader: 'tests' },
};

const PREFIX = 'CORDON_';

/** Names of variables that Kubernetes and Docker set for a service with the name `cordon` or `cordon-…`. They are not settings. */
const SERVICE_LINK =
  /^CORDON_(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)$|^CORDON_(?:PORT)$/;

export interface UnknownVariable {
  readonly name: string;
  readonly nearest: string | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function unknownVariables(environment: Environment): UnknownVariable[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !Object.hasOwn(VARIABLES, name) && !SERVICE_LINK.test(name))
    .sort()
    .map((name) => ({ name, nearest: nearestTo(name) }));
}

export function unknownVariableText({ name, nearest }: UnknownVariable): string {
  const remedy = nearest === null ? 'Unset it.' : `Did you mean ${nearest}? Correct the name, or unset it.`;
  return `${name} is not a setting of Cordon. ${remedy}`;
}

/** Error about environment variables with unknown names or invalid values. `problems` has one line for each such variable. */
export class EnvironmentError extends CordonError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super('invalid_input', problems.join(' '));
    this.problems = problems;
  }
}

export function requireKnownVariables(environment: Environment): void {
  const unknown = unknownVariables(environment);
  if (unknown.length > 0) throw new EnvironmentError(unknown.map(unknownVariableText));
}

/**
 * Maximum share of a name's characters in which an unknown variable may differ from a known one. The error message suggests the nearest
 * known name within this limit.
 */
const SIMILAR = 0.4;

function nearestTo(name: string): string | null {
  const own = name.slice(PREFIX.length);
  const candidates = Object.keys(VARIABLES)
    .filter((each) => VARIABLES[each]?.reader !== 'tests')
    .map((each) => ({ each, changes: changesBetween(own, each.slice(PREFIX.length)) }))
    .filter(({ each, changes }) => changes <= SIMILAR * Math.max(own.length, each.length - PREFIX.length));
  return candidates.sort((a, b) => a.changes - b.changes)[0]?.each ?? null;
}

/** Optimal string alignment distance: insertions, deletions, substitutions, and swaps of two adjacent characters. */
function changesBetween(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, (before[j - 2] ?? 0) + 1);
      row.push(least);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
