import { isLoopback } from '../config-values.ts';

/** True if nobody on a network can read or change a request to the URL: it uses HTTPS, or stays on this machine. */
export const isProtected = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname.replace(/^\[(.*)\]$/, '$1')));
