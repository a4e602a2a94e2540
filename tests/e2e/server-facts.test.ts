/** Facts that the released server states about itself agree with those that a client observes. */
import { once } from 'node:events';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { installationView } from '../../shared/api/installation.ts';
import { overviewView } from '../../shared/api/overview.ts';
import { parseActivationLink } from '../../shared/protocol/activation-link.ts';
import { type Operator, setUp } from '../support/operator.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

let server: ServerProcess;
let operator: Operator;
beforeAll(async () => {
  server = await startServerProcess({ CORDON_ORGANIZATION: 'Glance Ltd', CORDON_LARGE_SHARE: '25' });
  operator = await setUp(server.admin, server.firstOwner);
});
afterAll(() => server.remove());

async function fingerprintOf(url: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256.replaceAll(':', '').toLowerCase();
}

it('the API states the addresses, settings and certificates that clients observe', async () => {
  const shown = await operator.as(operator.owner, 'GET', '/installation', installationView);
  expect(shown).toMatchObject({ organization: 'Glance Ltd', store: 'sqlite', largeShare: 25, demo: false });
  expect([shown.deviceUrl, shown.publicUrl]).toEqual([server.device.replace('https', 'wss'), server.public]);
  const [root, issuing, own] = shown.certificates;
  expect(shown.certificates.map(({ use }) => use)).toEqual(['root', 'issuing', 'server']);
  expect(root?.subject).toContain('O=Glance Ltd');
  expect(own?.fingerprint).toBe(await fingerprintOf(server.public));
  const { link } = await operator.code({ user: 'Samantha', group: await operator.group('all') });
  expect(parseActivationLink(link).fingerprint).toBe(root?.fingerprint);
  expect(issuing?.notAfter).toBeLessThanOrEqual(root?.notAfter ?? 0);
});

it('a new installation has no health issues except outdated data', async () => {
  const overview = await operator.as(operator.owner, 'GET', '/overview', overviewView);
  expect(overview).toMatchObject({ devices: { total: 0, connected: 0, neverConnected: 0 }, areas: [], unknown: 0 });
  // The IP database in the release is as old as the release.
  expect(overview.healthIssues.filter(({ code }) => code !== 'ip_database_old')).toEqual([]);
});
