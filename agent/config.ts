/** Options and environment of `cordon-agent`. No other file under `agent/` reads `process.env`. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { EnvironmentError, requireKnownVariables } from '../shared/environment.ts';
import type { SensorSource } from './evidence/sensor-command.ts';
import { SYSTEM_SOCKET } from './system-helper/socket-path.ts';

const PORT = 'a whole number from 0 to 65535';
const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

const environment = z.object({
  CORDON_AGENT_HOME: z.string().optional(),
  /** Program that prints the machine's position data, or path of a file that contains the data (`evidence/sensor-command.ts`). */
  CORDON_AGENT_SENSOR_COMMAND: z.string().optional(),
  CORDON_AGENT_SENSOR_FILE: z.string().optional(),
  /** Port of gpsd on loopback; 0 disables gpsd. */
  CORDON_AGENT_GPSD_PORT: z
    .string()
    .regex(/^\d{1,5}$/, { error: PORT, abort: true })
    .transform(Number)
    .refine((value) => value <= 65_535, PORT)
    .default(2947),
  /**
   * Fallback to GeoClue when gpsd has no position, and the address of the D-Bus system bus (D-Bus specification, "Well-known Message Bus
   * Instances").
   */
  CORDON_AGENT_GEOCLUE: z.enum(['on', 'off'], { error: 'on or off' }).default('on'),
  DBUS_SYSTEM_BUS_ADDRESS: z.string().optional(),
  /**
   * Scripts of the organization. `on`: only isolated from the agent's keys (`work/script-isolation.ts`). `unconfined`: also on a machine
   * that cannot isolate them; a script can then read everything that the agent can read.
   */
  CORDON_AGENT_SCRIPTS: z.enum(['on', 'off', 'unconfined'], { error: 'on, off or unconfined' }).default('on'),
  /** Socket of the system helper (`agent/system-helper`). */
  CORDON_AGENT_SYSTEM_SOCKET: z.string().default(SYSTEM_SOCKET),
  CORDON_AGENT_LOG: z.enum(LEVELS, { error: `one of ${LEVELS.join(', ')}` }).default('info'),
  /** The user's languages (POSIX, section 8.2, and GNU's LANGUAGE). */
  LANGUAGE: z.string().optional(),
  LC_ALL: z.string().optional(),
  LC_MESSAGES: z.string().optional(),
  LANG: z.string().optional(),
  /**
   * Variables that systemd sets for a service. INVOCATION_ID shows that systemd started the daemon and restarts it. NOTIFY_SOCKET, set for
   * services with Type=notify, is the socket for state messages (sd_notify(3)).
   */
  INVOCATION_ID: z.string().optional(),
  NOTIFY_SOCKET: z.string().optional(),
});

export type ScriptSwitch = 'on' | 'off' | 'unconfined';

export interface AgentConfig {
  readonly home: string;
  readonly identity: string;
  readonly store: string;
  readonly reserve: string;
  readonly workspace: string;
  /** Mirror of the mail for other mail programs, with the settings of this service and the passwd-file for Dovecot. */
  readonly maildir: string;
  readonly mailPrograms: { readonly settings: string; readonly passwords: string };
  /** Path of the daemon's Unix socket, mode 0600. */
  readonly socket: string;
  /** Path of the system helper's socket. */
  readonly systemSocket: string;
  /** File with the user's choice about an update of the operating system. */
  readonly update: string;
  /** File with the countdown before a restart or shutdown. */
  readonly power: string;
  /** Folder for the package that the agent downloads. */
  readonly packages: string;
  readonly logFile: string;
  /** Newest lines of the log, for the command `collect-logs`. */
  readonly recentLog: string;
  readonly sensors: SensorSource | null;
  /** The user's languages as BCP 47 tags, most preferred first. */
  readonly languages: readonly string[];
  readonly gpsdPort: number;
  /** Address of the D-Bus system bus; null if the agent does not use GeoClue. */
  readonly geoclueBus: string | null;
  /** Address of the D-Bus system bus. */
  readonly systemBus: string;
  /** Whether the agent runs scripts (CORDON_AGENT_SCRIPTS). */
  readonly scripts: ScriptSwitch;
  readonly log: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Path of the service manager's socket (sd_notify(3)); null if no service manager started the agent. */
  readonly notifySocket: string | null;
  /** True if a supervisor starts the daemon again after exit code 75. */
  readonly supervised: boolean;
}

export function readAgentConfig(home: string | undefined, env: NodeJS.ProcessEnv = process.env): AgentConfig {
  requireKnownVariables(env);
  const parsed = environment.safeParse(env);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path: [name = ''], message }) => {
      const value = JSON.stringify(env[String(name)] ?? '');
      return `${String(name)} must be ${message}. The value is ${value}. Correct it or unset it.`;
    });
    throw new EnvironmentError(problems);
  }
  const settings = parsed.data;
  const { LANGUAGE, LC_ALL, LC_MESSAGES, LANG } = settings;
  const base = resolve(home ?? settings.CORDON_AGENT_HOME ?? join(homedir(), '.local', 'share', 'cordon-agent'));
  const sensors = settings.CORDON_AGENT_SENSOR_COMMAND
    ? { command: settings.CORDON_AGENT_SENSOR_COMMAND }
    : settings.CORDON_AGENT_SENSOR_FILE
      ? { file: settings.CORDON_AGENT_SENSOR_FILE }
      : null;
  const systemBus = settings.DBUS_SYSTEM_BUS_ADDRESS || 'unix:path=/var/run/dbus/system_bus_socket';
  return Object.freeze({
    home: base,
    identity: join(base, 'identity'),
    store: join(base, 'agent.db'),
    reserve: join(base, 'agent.reserve'),
    recentLog: join(base, 'recent.log'),
    workspace: join(base, 'workspace'),
    maildir: join(base, 'Maildir'),
    mailPrograms: { settings: join(base, 'mail-programs.json'), passwords: join(base, 'mail-programs.passwd') },
    socket: join(base, 'agent.sock'),
    update: join(base, 'os-update.json'),
    power: join(base, 'power.json'),
    packages: join(base, 'packages'),
    systemSocket: settings.CORDON_AGENT_SYSTEM_SOCKET,
    logFile: join(base, 'agent.log'),
    sensors,
    languages: languagesOf({ LANGUAGE, LC_ALL, LC_MESSAGES, LANG }),
    gpsdPort: settings.CORDON_AGENT_GPSD_PORT,
    geoclueBus: settings.CORDON_AGENT_GEOCLUE === 'off' ? null : systemBus,
    systemBus,
    scripts: settings.CORDON_AGENT_SCRIPTS,
    log: settings.CORDON_AGENT_LOG,
    notifySocket: settings.NOTIFY_SOCKET ?? null,
    supervised: settings.INVOCATION_ID !== undefined,
  });
}

/**
 * Hides the service manager's socket from child processes (sd_notify(3), `unset_environment`). Otherwise `timedatectl` and others would
 * report their own errors to systemd in the agent's name.
 */
export function forgetNotifySocket(): void {
  delete process.env['NOTIFY_SOCKET'];
}

/** Converts a locale from the environment to a language tag: `ur_PK.UTF-8` gives `ur-PK`. The locale `POSIX` gives no tag. */
export function languagesOf({ LANGUAGE, LC_ALL, LC_MESSAGES, LANG }: Record<string, string | undefined>): string[] {
  const locale = LC_ALL || LC_MESSAGES || LANG || 'C';
  const tags = [...(LANGUAGE ?? '').split(':'), locale].map((each) => each.replace(/[.@].*$/, '').replaceAll('_', '-'));
  return [...new Set(tags)].filter((tag) => /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(tag));
}
