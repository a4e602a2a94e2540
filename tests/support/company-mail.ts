/**
 * A company with mail: a server process, a process of the mail connector, people with devices, and an organization key that confirms their
 * devices.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'vitest';
import type { AgentStatus } from '../../agent/agent.ts';
import { createdCode } from '../../shared/api/codes.ts';
import { personView } from '../../shared/api/people.ts';
import { AgentProcess } from './agent-process.ts';
import { makeTestCertificate } from './certificate.ts';
import { openWorld, type World } from './e2e-world.ts';
import { freePort } from './free-port.ts';
import { MailUser } from './mail-user.ts';
import { foundOrganization, type Organization } from './organization.ts';
import { programPath } from './programs.ts';
import { until } from './until.ts';

const DOMAIN = 'corp.example';

export interface CompanyMail {
  readonly world: World;
  readonly folder: string;
  /** Folder with the recorded traffic of the server; empty unless recorded. */
  readonly traffic: string;
  readonly connector: AgentProcess;
  readonly smtpPort: number;
  /** PEM of the authority that signed the connector's certificate. */
  readonly authority: string;
  /** Adds a person with the address NAME@corp.example and an agent process. The agent is ready for mail. */
  person(name: string, options?: { readonly home?: string; readonly env?: NodeJS.ProcessEnv }): Promise<MailUser>;
  /** Status of the running connector. */
  status(): Promise<AgentStatus>;
  close(): Promise<void>;
}

export interface CompanyOptions {
  /** Port of the company's mail server, for outgoing mail. */
  readonly submission: number;
  /** True to record the server's traffic without TLS. */
  readonly record?: boolean;
  readonly server?: Record<string, string>;
  readonly connectorEnv?: Record<string, string>;
}

export async function openCompanyMail(options: CompanyOptions): Promise<CompanyMail> {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-company-'));
  const traffic = join(folder, 'traffic');
  mkdirSync(traffic);
  const recorder = pathToFileURL(join(import.meta.dirname, 'record-tls.ts')).href;
  const world = await openWorld({
    ...(options.record && {
      NODE_OPTIONS: `--import ${recorder}`,
      CORDON_TEST_RECORD: traffic,
      CORDON_LOG: 'debug',
    }),
    ...options.server,
  });
  const { owner, approvers } = world.operator;
  const organization: Organization = await foundOrganization(owner, approvers);
  const { cert, key, ca } = makeTestCertificate(folder);
  const [certificate, secret] = [join(folder, 'chain.pem'), join(folder, 'key.pem')];
  writeFileSync(certificate, cert);
  writeFileSync(secret, key, { mode: 0o600 });
  const smtpPort = await freePort();
  const connector = new AgentProcess(
    {
      CORDON_CONNECTOR_SUBMISSION_URL: `smtp://127.0.0.1:${options.submission}`,
      CORDON_CONNECTOR_PORT: String(smtpPort),
      CORDON_CONNECTOR_NAME: `connector.${DOMAIN}`,
      CORDON_CONNECTOR_CERTIFICATE: certificate,
      CORDON_CONNECTOR_KEY: secret,
      CORDON_AGENT_LOG: 'debug',
      ...options.connectorEnv,
    },
    mkdtempSync(join(tmpdir(), 'cordon-connector-')),
    programPath('agent/cordon-mail-connector.js'),
  );
  const users: MailUser[] = [];
  const personCalled = async (name: string) => {
    const body = { name, email: `${name.toLowerCase()}@${DOMAIN}`, groups: [world.group] };
    return (await owner.api.call('POST', '/people', personView, body)).id;
  };
  const close = async () => {
    for (const { agent } of users) await agent.remove();
    await connector.remove();
    await world.remove();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const code = { person: await personCalled('Postmaster'), group: world.group, home: 'SE', mailConnector: true };
    const { link } = await owner.browser.call('POST', '/codes', createdCode, code);
    await connector.enroll(link);
    connector.run();
    await connectorReady(connector, organization.countersign);
  } catch (error) {
    const { log } = connector;
    await close();
    throw new Error(`the mail connector did not start:\n${log}`, { cause: error });
  }

  return {
    world,
    folder,
    traffic,
    connector,
    smtpPort,
    authority: ca,
    async person(name, { home = 'SE', env = {} } = {}) {
      const person = await personCalled(name);
      const { link } = await owner.api.call('POST', '/codes', createdCode, { person, group: world.group, home });
      const user = new MailUser(name, `${name.toLowerCase()}@${DOMAIN}`, new AgentProcess(env));
      users.push(user);
      await user.agent.enroll(link);
      user.agent.run();
      await until(
        async () => {
          await organization.countersign();
          expect(await user.isReady()).toBe(true);
        },
        60_000,
        200,
      );
      return user;
    },
    status: () => connector.status(),
    close,
  };
}

/** Waits until the organization has confirmed the connector, and its SMTP server listens. */
export const connectorReady = (connector: AgentProcess, confirm?: () => Promise<unknown>): Promise<void> =>
  until(
    async () => {
      await confirm?.();
      const { connector: state } = await connector.status();
      if (state === null) throw new Error(`the connector is not ready: ${connector.log.slice(-2000)}`);
    },
    60_000,
    200,
  );
