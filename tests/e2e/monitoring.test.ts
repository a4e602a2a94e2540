/**
 * Log and metrics of a real server: what they contain, what they never contain, and that dashboard and alert rules use existing metrics.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { openWorld, type World } from '../support/e2e-world.ts';
import { tool } from '../support/tools.ts';
import { until } from '../support/until.ts';

const DEPLOY = new URL('../../server/deploy/', import.meta.url);
const promtool = tool('promtool', 'Debian: prometheus');
let world: World;
beforeAll(async () => {
  world = await openWorld({ CORDON_LOG: 'debug' });
});
afterAll(() => world.remove());

const lineSchema = z.looseObject({ event: z.string().optional(), msg: z.string().optional() });
/** Lines of the log. A line that is not one JSON object fails the test. */
const log = () =>
  world.server
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => lineSchema.parse(JSON.parse(line)));
const logged = (event: string) => log().filter((line) => line.event === event);
const untilLogged = (event: string, facts: object) =>
  until(() => expect(logged(event)).toContainEqual(expect.objectContaining(facts)));
const metrics = async () => (await fetch(`${world.server.admin}/metrics`)).text();

const signIn = (body: object) =>
  fetch(`${world.server.admin}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

it('case 51, case 52: a failed sign-in is a line with account, address, status and duration, in which the client can forge nothing', async () => {
  const forged = 'eve@example.org\n{"level":30,"event":"sign_in","msg":"forged"}';
  expect((await signIn({ email: forged, password: 'hunter2 secret', totp: '123456' })).status).toBeGreaterThanOrEqual(
    400,
  );
  await signIn({ email: 'eve@example.org', password: 'hunter2 secret', totp: '123456' });
  await signIn({ email: 'hunter2-typed-in-the-wrong-field', password: 'x', totp: '123456' });
  await untilLogged('sign_in_failed', {
    email: 'eve@example.org',
    status: 401,
    code: 'credentials_wrong',
    address: expect.stringContaining('127.0.0.1'),
    ms: expect.any(Number),
  });
  expect(log().filter(({ msg }) => msg === 'forged')).toEqual([]);
  expect(world.server.output()).not.toContain('hunter2');
  expect(await metrics()).toMatch(/^cordon_sign_ins_total\{result="failed"\} [123]$/m);
});

it('a request is a line with route, target, account, status and duration; a refused one has its code', async () => {
  const { owner, as } = world.operator;
  await as(owner, 'GET', '/devices', z.unknown());
  await fetch(`${world.server.admin}/api/v1/devices/dev_aaaaaaaaaaaaaaaa`);
  await untilLogged('request_read', {
    route: 'devices.list',
    status: 200,
    account: expect.stringMatching(/^acc_/),
    via: 'token',
  });
  await untilLogged('request_refused', {
    route: 'devices.show',
    target: 'dev_aaaaaaaaaaaaaaaa',
    status: 401,
    code: 'not_signed_in',
  });
  expect(await metrics()).toMatch(
    /cordon_http_request_duration_seconds_count\{method="GET",route="devices.list",status="2xx"\} 1/,
  );
});

it('an enrollment, a connection and its end, a revoked certificate and a refused enrollment are lines', async () => {
  const agent = await world.enrolled();
  await untilLogged('enrollment', { kind: 'enroll', device: agent.device });
  agent.run();
  await agent.connected();
  await untilLogged('connected', { agent: expect.any(String) });
  // Counts from the store are up to five seconds old.
  await until(async () => expect(await metrics()).toMatch(/^cordon_devices\{state="connected"\} 1$/m));
  await agent.stop();
  await untilLogged('disconnected', { ms: expect.any(Number) });
  // A log with devices and addresses of connections would be a connection log of all people.
  const connections = log().filter(({ event }) => event === 'connected' || event === 'disconnected');
  expect(JSON.stringify(connections)).not.toMatch(/dev_|127\.0\.0\.1/);
  await world.revoke(agent.device);
  agent.run();
  await untilLogged('connection_refused', { code: 'certificate_revoked', address: '127.0.0.1' });

  const link = new URL((await world.link()).replace('cordon:', 'cordon://'));
  const refused = await fetchInsecure(
    world.server.public,
    '/.well-known/est/simpleenroll',
    `Basic ${btoa('dev_aaaaaaaaaaaaaaaa:wrong')}`,
  );
  expect(refused).toContain('400');
  await untilLogged('enrollment_refused', { code: 'csr_malformed', address: '127.0.0.1' });
  const [, secret = ''] = (link.searchParams.get('code') ?? '').split('.');
  expect(secret).not.toBe('');
  expect(JSON.stringify(log())).not.toContain(secret);
});

/** Sends a POST from a client that does not know the certificate authority. */
function fetchInsecure(base: string, path: string, authorization: string): Promise<string> {
  const { port } = new URL(base);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connectTls({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false }, () => {
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: ${authorization}\r\nContent-Length: 0\r\n\r\n`,
      );
    });
    socket
      .on('data', (chunk) => (answer += chunk))
      .once('end', () => resolve(answer))
      .once('error', reject);
  });
}

it('a flood of failed TLS handshakes is counted completely and logged in part', async () => {
  const { port } = new URL(world.server.device);
  const failing = 300;
  const knock = () =>
    new Promise<void>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\n\r\n'));
      socket.once('close', () => resolve()).once('error', () => resolve());
    });
  for (let done = 0; done < failing; done += 50) await Promise.all(Array.from({ length: 50 }, knock));
  await until(async () => {
    const [, count = '0'] =
      /cordon_tls_handshake_failures_total\{listener="device"\} (\d+)/.exec(await metrics()) ?? [];
    expect(Number(count)).toBeGreaterThanOrEqual(failing);
  });
  const lines = logged('tls_failed').filter((line) => !('suppressed' in line));
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.length).toBeLessThan(failing);
  expect(lines[0]).toMatchObject({ listener: 'device', code: expect.stringMatching(/^ERR_SSL_|^EPROTO|^ECONNRESET/) });
  await until(() => expect(logged('tls_failed').some((line) => 'suppressed' in line)).toBe(true), 30_000);
});

const namesIn = (text: string) => new Set(text.match(/\b(?:cordon|process|nodejs)_[a-z_]+\b/g) ?? []);

it('dashboard and alert rules use metrics that exist, and every metric has a help text', async () => {
  const text = await metrics();
  const exist = new Set([...text.matchAll(/^([a-z_]+)(?:\{.*\})? [\d.e+NaInf-]+$/gm)].map(([, name = '']) => name));
  // A metric with a label has no series before its first event, so the test knows its name.
  for (const [, name = ''] of text.matchAll(/^# TYPE (\S+)/gm)) exist.add(name);
  for (const file of ['grafana-dashboard.json', 'prometheus-alerts.yml']) {
    const used = namesIn(readFileSync(new URL(file, DEPLOY), 'utf8'));
    expect(used.size).toBeGreaterThan(10);
    expect(
      [...used].filter((name) => !exist.has(name)),
      file,
    ).toEqual([]);
  }
  const helped = new Set([...text.matchAll(/^# HELP (cordon_\S+) \S+/gm)].map(([, name]) => name));
  expect(
    [...text.matchAll(/^# TYPE (cordon_\S+)/gm)].map(([, name]) => name).filter((name) => !helped.has(name)),
  ).toEqual([]);
  for (const name of ['cordon_disk_free_bytes', 'cordon_crl_expiry_timestamp_seconds'])
    expect(text).toMatch(new RegExp(`^${name} [1-9]`, 'm'));
  expect(text).toMatch(/^cordon_certificate_expiry_timestamp_seconds\{use="issuing"\} \d+$/m);
  expect(text).toMatch(/^cordon_store_query_duration_seconds_count\{kind="write"\} [1-9]/m);
});

it.skipIf(!promtool.present)('promtool accepts the alert rules', () => {
  const file = new URL('prometheus-alerts.yml', DEPLOY).pathname;
  expect(execFileSync('promtool', ['check', 'rules', file]).toString()).toContain('SUCCESS');
});
