/**
 * Processes of the mail path are killed with -9 at chosen writes, between the start of an SMTP transaction and the acknowledgment of the
 * devices. The sender repeats a message until it receives 250, as a mail server does. Each recipient gets each message once, in order. At
 * the same time, a device writes to the outside. The company's mail server gets each of these messages, with one Message-ID. The long run
 * also has the server's data on PostgreSQL.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CompanyMail, connectorReady, openCompanyMail } from '../support/company-mail.ts';
import { describeOnSqliteFirst } from '../support/each-database.ts';
import { startMailServer, type TestMailServer } from '../support/mail-server.ts';
import type { MailUser } from '../support/mail-user.ts';
import { arm, writesOf } from '../support/mortal-process.ts';
import type { DeathAt } from '../support/mortal-writes.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';

const POINTS = process.env['CORDON_FAULTS'] === undefined ? 5 : 20;
const WITHIN = 60_000;

/** Writes of the mail path in each process. */
const PROCESSES = {
  connector: / (mail|delivery|copy|seen)$/,
  server: / (mails|mail_\w+)$/,
  device: / (mail|mail_known|mail_removal)$/,
} as const;
type Who = keyof typeof PROCESSES;
type KillPoint = DeathAt & { readonly who: Who };

let folder: string;
let outside: TestMailServer;
let company: CompanyMail;
let amina: MailUser;
let bilal: MailUser;
const sent: string[] = [];

const pidOf = (who: Who): number => {
  const pid = {
    connector: company.connector.pid,
    server: company.world.server.process.pid,
    device: amina.agent.pid,
  }[who];
  if (pid === undefined) throw new Error(`there is no process of the ${who}`);
  return pid;
};

/** Sends a message as a mail server does: after a lost connection or a temporary failure, it sends the same bytes again. */
async function sendReliably(subject: string): Promise<void> {
  const message = `From: otto@outside.example\nSubject: ${subject}\nMessage-ID: <${subject}@outside.example>\n\n${'text '.repeat(2000)}\n`;
  const to = [amina.address, bilal.address];
  await until(async () => {
    const client = await SmtpClient.connect(company.smtpPort);
    try {
      await client.say('EHLO mail.outside.example');
      const reply = await client.mail('otto@outside.example', to, message);
      if (!reply.startsWith('250')) throw new Error(reply);
    } finally {
      client.close();
    }
  }, WITHIN);
}

async function arrived(): Promise<void> {
  await until(
    async () => {
      for (const user of [amina, bilal]) expect(await user.subjects(), user.name).toEqual(sent);
      expect((await company.status()).connector?.queue).toEqual({});
    },
    WITHIN,
    100,
  );
}

/** Waits until the company's mail server has each message. A repeated submission has the same Message-ID. */
async function submitted(subjects: readonly string[]): Promise<void> {
  const fieldOf = (headers: string, name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(headers)?.[1]?.trim();
  await until(() => {
    const received = outside.received.map(({ headers }) => fieldOf(headers, 'Subject'));
    expect(new Set(received)).toEqual(new Set(subjects));
  }, WITHIN);
  const identifiers = new Set(outside.received.map(({ headers }) => fieldOf(headers, 'Message-ID')));
  expect(identifiers.size).toBe(subjects.length);
  console.log(`${subjects.length} messages of a device, ${outside.received.length} submissions`);
}

async function journey(): Promise<void> {
  sent.push(`message-${sent.length + 1}`);
  await sendReliably(sent.at(-1) ?? '');
}

/** Writes of each process during one journey of a message. */
async function recorded(): Promise<Record<Who, string[]>> {
  await delay(200);
  const names: Who[] = ['connector', 'server', 'device'];
  const before = names.map((who) => writesOf(folder, pidOf(who)).length);
  await journey();
  await arrived();
  await delay(200);
  const writes = names.map((who, index) => writesOf(folder, pidOf(who)).slice(before[index]));
  const [connector = [], server = [], device = []] = writes;
  return { connector, server, device };
}

/** Points before and after each write that every recorded journey had. */
function candidatesOf(who: Who, journeys: readonly Record<Who, string[]>[]): KillPoint[] {
  const [first = [], ...others] = journeys.map((each) => each[who].filter((write) => PROCESSES[who].test(write)));
  const countIn = (writes: readonly string[], write: string) => writes.filter((each) => each === write).length;
  return first.flatMap((write, at) => {
    const nth = countIn(first.slice(0, at + 1), write);
    if (others.some((writes) => countIn(writes, write) < nth)) return [];
    return (['in front of', 'behind'] as const).map((side) => ({ who, write, nth, side }));
  });
}

/** Selects `count` points, evenly from the processes and from the stages of the journey. */
function selected(journeys: readonly Record<Who, string[]>[], count: number): KillPoint[] {
  const lists = (['connector', 'server', 'device'] as const).map((who) => candidatesOf(who, journeys));
  const points: KillPoint[] = [];
  for (let index = 0; index < count; index += 1) {
    const list = lists[index % lists.length] ?? [];
    const share = Math.ceil(count / lists.length);
    const place = Math.floor(((Math.floor(index / lists.length) + 0.5) * list.length) / share);
    const point = list[place];
    if (point) points.push(point);
  }
  return points;
}

/** Kills the process if it has not died by itself, and starts it again. Returns true if the process died at its point. */
async function restart(who: Who): Promise<boolean> {
  if (who === 'server') {
    const { server } = company.world;
    const died = server.process.signalCode === 'SIGKILL';
    await server.kill();
    await server.start();
    return died;
  }
  const agent = who === 'connector' ? company.connector : amina.agent;
  const died = !agent.running;
  await agent.kill();
  agent.run();
  if (who === 'connector') await connectorReady(agent);
  else await until(async () => void (await agent.status()), WITHIN);
  return died;
}

async function gone(who: Who): Promise<void> {
  if (who === 'server') {
    const { process: server } = company.world.server;
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
    return;
  }
  const agent = who === 'connector' ? company.connector : amina.agent;
  await until(() => expect(agent.running).toBe(false), WITHIN, 20);
}

describeOnSqliteFirst('kill -9 on the mail path', (database) => {
  beforeAll(async () => {
    sent.length = 0;
    folder = mkdtempSync(join(tmpdir(), 'cordon-mortal-'));
    outside = await startMailServer(folder, { tls: 'offered' });
    const mortal = {
      NODE_OPTIONS: `--import ${import.meta.resolve('../support/mortal-process.ts')}`,
      MORTAL_FOLDER: folder,
    };
    company = await openCompanyMail({
      submission: outside.port,
      server: { ...mortal, ...(await database.env()) },
      connectorEnv: {
        ...mortal,
        CORDON_CONNECTOR_TLS: 'optional',
        CORDON_CONNECTOR_SUBMISSION_URL: outside.url(),
        NODE_EXTRA_CA_CERTS: outside.authorityFile,
      },
    });
    amina = await company.person('Amina', { env: mortal });
    bilal = await company.person('Bilal');
  }, 300_000);
  afterAll(async () => {
    await company?.close();
    await outside?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it(`case 54: no mail is lost and none is doubled when processes are killed with -9 at ${POINTS} points`, {
    timeout: 120_000 + POINTS * 60_000,
  }, async () => {
    const journeys = [await recorded(), await recorded()];
    const points = selected(journeys, POINTS);
    expect(points).toHaveLength(POINTS);
    let reached = 0;
    for (const { who, ...death } of points) {
      await arm(folder, pidOf(who), death);
      sent.push(`message-${sent.length + 1}`);
      // The sender waits for its reply while the process is down, so the restart runs at the same time.
      const sending = sendReliably(sent.at(-1) ?? '');
      const writing = bilal.send('otto@outside.example', sent.at(-1) ?? '', 'from a device');
      await Promise.race([gone(who), sending.then(() => arrived())]).catch(() => undefined);
      if (await restart(who)) reached += 1;
      await sending;
      await writing;
      await arrived();
    }
    await submitted(sent.slice(-points.length));
    const stages = points.map(({ who, side, write, nth }) => `${who} ${side} ${write} ${nth}`);
    console.log(`${sent.length} messages, ${points.length} kills, ${reached} at their points:\n${stages.join('\n')}`);
    expect(reached).toBeGreaterThan(POINTS / 2);
  });
});
