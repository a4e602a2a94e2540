/** `cordon mail-connector check-config`: checks everything that would stop the connector, and changes nothing. */
import { accessSync, constants } from 'node:fs';
import { EnvironmentError } from '../../shared/environment.ts';
import { isCordonError } from '../../shared/errors.ts';
import { readAgentConfig } from '../config.ts';
import { credentialFolder } from '../enrollment/credential-folder.ts';
import { connectorHome, readConnectorConfig } from './config.ts';
import { createSubmitter } from './submission.ts';

export interface ConfigCheck {
  readonly lines: readonly string[];
  /** Returns false if the connector cannot start. */
  readonly usable: boolean;
}

export async function checkConfig(given: string | undefined): Promise<ConfigCheck> {
  const problems: string[] = [];
  const warnings: string[] = [];
  const facts: string[] = [];
  const home = connectorHome(given);
  try {
    const config = readConnectorConfig(given);
    const { smtp, mailbox, submission } = config;
    if (smtp) facts.push(`SMTP listens on ${smtp.bind}:${smtp.port}, ${smtp.tls ? 'with' : 'without'} STARTTLS.`);
    if (mailbox) facts.push(`The connector reads the folder ${mailbox.folder} at ${mailbox.host}:${mailbox.port}.`);
    const submitter = createSubmitter(submission, config.name);
    const fault = await submitter.check();
    submitter.close();
    const where = `${submission.host}:${submission.port}`;
    if (fault === null) facts.push(`The mail server ${where} accepts the connector.`);
    else
      warnings.push(
        `The mail server ${where} cannot be used (${fault}). Mail from devices waits until this server can be used. Check the mail server and CORDON_CONNECTOR_SUBMISSION_URL.`,
      );
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    problems.push(...error.problems);
  }
  const { identity } = readAgentConfig(home);
  try {
    const { device } = credentialFolder(identity).current();
    facts.push(`This machine is enrolled as ${device}.`);
    accessSync(home, constants.W_OK);
  } catch (error) {
    if (isCordonError(error)) warnings.push(error.message.replaceAll('`cordon-agent ', '`cordon mail-connector '));
    else problems.push(`The connector cannot write to the folder ${home}. Make its user the owner of the folder.`);
  }
  const usable = problems.length === 0;
  return {
    usable,
    lines: [
      ...facts,
      ...warnings.map((each) => `WARNING  ${each}`),
      ...problems.map((each) => `PROBLEM  ${each}`),
      usable ? 'The mail connector can start.' : 'The mail connector cannot start.',
    ],
  };
}
