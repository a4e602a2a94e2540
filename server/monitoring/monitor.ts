/**
 * Monitoring of the server's traffic: one log line and one metrics count for each event, such as a sign-in, a request or a failed TLS
 * handshake. The monitor receives identifiers, codes and addresses, but never a body, a header, a query or a secret.
 */
import { Counter, Histogram, Registry } from 'prom-client';
import { createBoundedLog, type LevelLog } from './bounded-log.ts';

const PERIOD = 10_000;
const MOST = 100;
/** Limit of log lines for connections. The limit is higher than for other events, because all devices connect at once after an outage. */
const MOST_CONNECTIONS = 1000;
const LONGEST = 200;
/** Routes whose duration is not measured, because their responses last for hours. */
const STREAMS: ReadonlySet<string> = new Set(['events.listen']);
const PROBES: ReadonlySet<string> = new Set(['health.live', 'health.ready', 'metrics.show']);

export interface AdminRequest {
  readonly method: string;
  /** Name of the route; null for console files and unknown paths. */
  readonly route: string | null;
  readonly target: string | null;
  readonly status: number;
  readonly code: string | null;
  readonly account: string | null;
  readonly via: string | null;
  readonly email: string | null;
  readonly address: string | null;
  readonly milliseconds: number;
}

export interface DeviceEvent {
  readonly device: string | null;
  readonly address: string | null;
}

export interface Monitor {
  readonly registry: Registry;
  adminRequest(request: AdminRequest): void;
  tlsFailure(failure: { readonly listener: string; readonly code: string; readonly address: string | null }): void;
  connected(event: { readonly agent: string }): void;
  disconnected(event: { readonly milliseconds: number }): void;
  connectionRefused(event: DeviceEvent & { readonly code: string }): void;
  enrollment(event: DeviceEvent & { readonly kind: 'enroll' | 'renew'; readonly code: string | null }): void;
  query(kind: 'read' | 'write', milliseconds: number): void;
}

/** Routes that open a session. */
const SIGN_INS: ReadonlySet<string> = new Set(['session.create', 'session.create-by-passkey']);

/** E-mail address to log. Other text may be a password in the wrong field, so it is not logged. */
const emailOf = (text: string | null): string | null =>
  text === null ? null : /^[^\s@]+@[^\s@]+$/.test(text) ? text.slice(0, LONGEST) : 'not an e-mail address';

const milliseconds = (value: number): number => Math.round(value);
const cut = (text: string | null): string | null => text?.slice(0, LONGEST) ?? null;

function createMetrics(registers: Registry[]) {
  const signIns = new Counter({
    name: 'cordon_sign_ins_total',
    help: 'Sign-ins of admins by result',
    labelNames: ['result'],
    registers,
  });
  const tlsFailures = new Counter({
    name: 'cordon_tls_handshake_failures_total',
    help: 'TLS handshakes that failed, by listener',
    labelNames: ['listener'],
    registers,
  });
  const connections = new Counter({
    name: 'cordon_device_connections_total',
    help: 'Connections of devices by result: connected, or the code of the refusal',
    labelNames: ['result'],
    registers,
  });
  const enrollments = new Counter({
    name: 'cordon_enrollments_total',
    help: 'Enrollments and renewals of device certificates by result: ok, or the code of the refusal',
    labelNames: ['kind', 'result'],
    registers,
  });
  const requests = new Histogram({
    name: 'cordon_http_request_duration_seconds',
    help: 'Duration of requests to the admin API',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers,
  });
  const queries = new Histogram({
    name: 'cordon_store_query_duration_seconds',
    help: 'Duration of single database queries',
    labelNames: ['kind'],
    buckets: [0.0001, 0.0005, 0.002, 0.01, 0.05, 0.2, 1, 5],
    registers,
  });
  // Create each metric series with the value zero, because an alert rule cannot detect an increase from a missing value.
  for (const result of ['ok', 'failed']) signIns.inc({ result }, 0);
  for (const listener of ['device', 'public']) tlsFailures.inc({ listener }, 0);
  return { signIns, tlsFailures, connections, enrollments, requests, queries };
}

export function createMonitor(log: LevelLog): Monitor {
  const registry = new Registry();
  const note = createBoundedLog(log, { most: MOST, period: PERIOD });
  const noteConnection = createBoundedLog(log, { most: MOST_CONNECTIONS, period: PERIOD });

  const { signIns, tlsFailures, connections, enrollments, requests, queries } = createMetrics([registry]);
  const queriesOf = { read: queries.labels('read'), write: queries.labels('write') };

  function signIn({ status, code, email, address, milliseconds: duration }: AdminRequest): void {
    const ok = status < 400;
    signIns.inc({ result: ok ? 'ok' : 'failed' });
    const facts = {
      email: emailOf(email),
      address,
      status,
      ...(code !== null && { code }),
      ms: milliseconds(duration),
    };
    if (ok) note('info', 'sign_in', facts, 'an admin signed in');
    else note('warn', 'sign_in_failed', facts, 'a sign-in failed');
  }

  return {
    registry,
    adminRequest(request) {
      const { method, route, status, code, target, account, via, address } = request;
      const label = { method, route: route ?? 'none', status: `${Math.floor(status / 100)}xx` };
      if (!STREAMS.has(route ?? '')) requests.observe(label, request.milliseconds / 1000);
      // The route `provider.finish` also completes step-ups and links of accounts. Only a sign-in has an e-mail address.
      const atProvider = route === 'provider.finish' && (status >= 400 || request.email !== null);
      if ((route !== null && SIGN_INS.has(route)) || atProvider) return signIn(request);
      const facts = {
        method,
        route,
        target: cut(target),
        status,
        ...(code !== null && { code }),
        account,
        via,
        address,
        ms: milliseconds(request.milliseconds),
      };
      if (status === 401 || status === 403 || status === 429)
        note('info', 'request_refused', facts, 'admin request refused');
      else if (route === null || PROBES.has(route)) note('debug', 'request', facts, 'admin request');
      else note('info', method === 'GET' ? 'request_read' : 'request_write', facts, 'admin request');
    },
    tlsFailure({ listener, code, address }) {
      tlsFailures.inc({ listener });
      note('info', 'tls_failed', { listener, code, address }, 'a TLS handshake failed');
    },
    // The log lines of a connection name neither the device nor its address. Otherwise the log would show when each person was connected
    // (ADR 54).
    connected({ agent }) {
      connections.inc({ result: 'connected' });
      noteConnection('info', 'connected', { agent: cut(agent) }, 'a device connected');
    },
    disconnected({ milliseconds: duration }) {
      noteConnection('info', 'disconnected', { ms: milliseconds(duration) }, 'a device disconnected');
    },
    connectionRefused({ device, address, code }) {
      connections.inc({ result: code });
      note('info', 'connection_refused', { device, address, code }, 'the connection of a device was refused');
    },
    enrollment({ kind, device, address, code }) {
      enrollments.inc({ kind, result: code ?? 'ok' });
      if (code === null) note('info', 'enrollment', { kind, device: cut(device) }, 'a device got a certificate');
      else
        note(
          'warn',
          'enrollment_refused',
          { kind, device: cut(device), address, code },
          'a request for a device certificate was refused',
        );
    },
    query(kind, duration) {
      queriesOf[kind].observe(duration / 1000);
    },
  };
}
