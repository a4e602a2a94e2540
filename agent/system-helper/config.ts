/** Environment of the system helper. Only root can set it (`cordon-agent-system.service`). */
import { requireKnownVariables } from '../../shared/environment.ts';

export interface HelperConfig {
  readonly policy: string;
  readonly state: string;
  /** Path of the socket to create; null if systemd passes the open socket (sd_listen_fds(3)). */
  readonly socket: string | null;
  /** Milliseconds in which an updated agent must connect. */
  readonly confirmWithin: number;
  readonly notifySocket: string | null;
  /** Variables for the programs of the package manager. */
  readonly tools: Readonly<Record<string, string>>;
}

const TOOL_VARIABLES = ['APT_CONFIG', 'DPKG_ROOT', 'DPKG_FORCE', 'http_proxy', 'https_proxy', 'no_proxy'] as const;

export function readHelperConfig(
  options: {
    readonly policy: string;
    readonly state: string;
    readonly socket?: string | undefined;
    readonly confirmWithin: number;
  },
  env: NodeJS.ProcessEnv = process.env,
): HelperConfig {
  requireKnownVariables(env);
  const tools = TOOL_VARIABLES.flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    policy: options.policy,
    state: options.state,
    socket: options.socket ?? null,
    confirmWithin: options.confirmWithin * 1000,
    notifySocket: env['NOTIFY_SOCKET'] ?? null,
    tools: Object.fromEntries(tools),
  };
}
