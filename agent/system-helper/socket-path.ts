/** Path of the socket that systemd passes to the helper (cordon-agent-system.socket). */
export const SYSTEM_SOCKET = '/run/cordon-agent-system/socket';
