import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EnvironmentError } from '../../shared/environment.ts';
import { makeTestCertificate } from '../../tests/support/certificate.ts';
import { readConnectorConfig } from './config.ts';

const NEEDED = { CORDON_CONNECTOR_SUBMISSION_URL: 'smtp://cordon:p%40ss@mail.corp.example' };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function problemsOf(env: Record<string, string>): string {
  try {
    readConnectorConfig(undefined, env);
    return '';
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    return error.problems.join('\n');
  }
}

describe('settings of the mail connector', () => {
  it('have defaults that expose nothing to a network', () => {
    const { smtp, submission, mailbox, largest } = readConnectorConfig('/srv/connector', NEEDED);
    expect(smtp).toMatchObject({ bind: '127.0.0.1', port: 2525, tls: null, clients: ['127.0.0.0/8', '::1'] });
    expect(submission).toEqual({
      host: 'mail.corp.example',
      port: 587,
      tls: 'required',
      login: { user: 'cordon', password: 'p@ss' },
    });
    expect([mailbox, largest]).toEqual([null, 36 * 1024 * 1024]);
  });

  it('read the certificate, and require STARTTLS with it', () => {
    const { cert, key } = makeTestCertificate(folder);
    const [chain, secret] = [join(folder, 'chain.pem'), join(folder, 'key.pem')];
    writeFileSync(chain, cert);
    writeFileSync(secret, key);
    const env = {
      ...NEEDED,
      CORDON_CONNECTOR_BIND: '0.0.0.0',
      CORDON_CONNECTOR_CERTIFICATE: chain,
      CORDON_CONNECTOR_KEY: secret,
    };
    expect(readConnectorConfig(undefined, env).smtp).toMatchObject({ tls: { cert, key }, tlsRequired: true });
    const optional = { ...env, CORDON_CONNECTOR_TLS: 'optional' };
    expect(readConnectorConfig(undefined, optional).smtp?.tlsRequired).toBe(false);
  });

  it.each([
    ['smtps://mail.corp.example', { port: 465, tls: 'start', login: null }],
    ['smtp://127.0.0.1:25', { port: 25, tls: 'none', login: null }],
    ['smtp://u:p@127.0.0.1:25', { port: 25, tls: 'required' }],
    ['smtp://[::1]:25', { host: '::1', tls: 'none' }],
  ])('the submission URL %s is read', (url, expected) => {
    const { submission } = readConnectorConfig(undefined, { CORDON_CONNECTOR_SUBMISSION_URL: url });
    expect(submission).toMatchObject(expected);
  });

  it('read a mailbox', () => {
    const env = {
      ...NEEDED,
      CORDON_CONNECTOR_SMTP: 'off',
      CORDON_CONNECTOR_IMAP_URL: 'imaps://box:secret@mail.corp.example',
      CORDON_CONNECTOR_IMAP_DONE: 'Delivered',
    };
    expect(readConnectorConfig(undefined, env)).toMatchObject({
      smtp: null,
      mailbox: { port: 993, tls: 'start', folder: 'INBOX', done: 'Delivered', recipient: 'Delivered-To' },
    });
  });

  it.each([
    [{}, /^CORDON_CONNECTOR_SUBMISSION_URL is not set\. Set it to the URL/],
    [{ CORDON_CONNECTOR_SUBMISSION_URL: 'http://u:hunter2@mail' }, /^CORDON_CONNECTOR_SUBMISSION_URL must be a URL/],
    [{ ...NEEDED, CORDON_CONNECTOR_BIND: '0.0.0.0' }, /CERTIFICATE and CORDON_CONNECTOR_KEY are not set/],
    [{ ...NEEDED, CORDON_CONNECTOR_KEY: '/x' }, /belong together/],
    [{ ...NEEDED, CORDON_CONNECTOR_CERTIFICATE: '/none', CORDON_CONNECTOR_KEY: '/none' }, /cannot be used \(ENOENT/],
    [{ ...NEEDED, CORDON_CONNECTOR_CLIENTS: '10.0.0.0/8, mail' }, /CLIENTS must be a comma-separated list/],
    [{ ...NEEDED, CORDON_CONNECTOR_LARGEST_MIB: '37' }, /from 1 to 36/],
    [{ ...NEEDED, CORDON_CONNECTOR_SMTP: 'off' }, /Set one source of mail/],
    [{ ...NEEDED, CORDON_CONNECTOR_IMAP_URL: 'imaps://mail.corp.example' }, /with a user and a password/],
    [
      { ...NEEDED, CORDON_CONNECTOR_IMAP_URL: 'imaps://u:hunter2@m', CORDON_CONNECTOR_IMAP_RECIPIENT: 'a b' },
      /header field/,
    ],
  ])('%j is refused', (env, expected) => {
    const text = problemsOf(env as Record<string, string>);
    expect(text).toMatch(expected);
    expect(text).not.toContain('hunter2');
  });
});
