/** A person with an agent process, who receives and sends mail as the command line does. */

import { readAgentConfig } from '../../agent/config.ts';
import { type ControlRequest, sendControlRequest } from '../../agent/control/control.ts';
import { openAgent } from '../../agent/daemon.ts';
import type { MailFolder, MailItem, MailView } from '../../agent/mail/mail.ts';
import type { AgentProcess } from './agent-process.ts';

export class MailUser {
  readonly name: string;
  readonly address: string;
  readonly agent: AgentProcess;

  constructor(name: string, address: string, agent: AgentProcess) {
    this.name = name;
    this.address = address;
    this.agent = agent;
  }

  async #ask(request: ControlRequest): Promise<unknown> {
    const answered = await sendControlRequest(this.agent.path('agent.sock'), request);
    if (!answered) throw new Error(`the agent of ${this.name} does not run:\n${this.agent.log.slice(-2000)}`);
    return answered.ok;
  }

  /** Mails of a folder, oldest first. */
  async mails(folder: MailFolder = 'inbox'): Promise<readonly MailItem[]> {
    const mails = (await this.#ask({ op: 'mail-list', folder, limit: 1000 })) as readonly MailItem[];
    return mails.toReversed();
  }

  async subjects(): Promise<string[]> {
    return (await this.mails()).map(({ subject }) => subject);
  }

  async read(id: string): Promise<MailView> {
    return (await this.#ask({ op: 'mail-read', mail: id })) as MailView;
  }

  async send(to: string, subject: string, text: string, files: string[] = []): Promise<MailView> {
    return (await this.#ask({ op: 'mail-send', to, cc: '', subject, text, files })) as MailView;
  }

  async isReady(): Promise<boolean> {
    return (await this.agent.status()).mail.state === 'ready';
  }

  /** Original messages, read from the disk while the agent does not run. */
  async sources(ids: readonly string[]): Promise<Buffer[]> {
    await this.agent.stop();
    const { agent, store } = await openAgent({ ...readAgentConfig(this.agent.home), log: 'silent' }, () => undefined);
    try {
      await agent.mail.unlock();
      const sources: Buffer[] = [];
      for (const id of ids) sources.push(Buffer.from(await agent.mail.source(id)));
      return sources;
    } finally {
      store.close();
      this.agent.run();
      await this.agent.connected();
    }
  }
}
