/**
 * Server of one timeline: its process, addresses and people. It can be killed with kill -9, and starts again on the same ports and data.
 */
import { join } from 'node:path';
import type { Instant } from '../../shared/time/clock.ts';
import { PASSPHRASE, prepareKeyFolder } from '../support/custody.ts';
import { freePort } from '../support/free-port.ts';
import { loopbackConfig } from '../support/loopback-config.ts';
import { foundOrganization, type Organization } from '../support/organization.ts';
import { type Approver, adoptApproverSet, firstOwner, inviteApprover, type Person } from '../support/people.ts';
import { programPath } from '../support/programs.ts';
import type { Mortal } from './mortals.ts';
import { Child } from './rpc.ts';
import type { ServerHandlers } from './server-process.ts';
import type { Act, Timeline } from './timeline.ts';
import type { WarmProcesses } from './warm-processes.ts';

/** Approvers of a timeline that names none. */
const APPROVERS = ['ada', 'bo', 'cy'];

export interface Installation extends Mortal {
  readonly adminUrl: string;
  readonly owner: Person;
  readonly people: ReadonlyMap<string, Approver>;
  /** Only for timelines with messages. */
  readonly organization: Organization | null;
  /** Stopped and not started again. */
  readonly away: boolean;
  /** No effect while the server is stopped: it starts at the then current time. */
  jump(to: Instant): Promise<void>;
  /** kill -9. `crash` also starts it again. */
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** Stops the server in order, and keeps its process for another timeline if it can play one. */
  end(): Promise<void>;
}

/** People whom the timeline names, and as many more as two independent approvals of any proposal need. */
export function peopleOf({ steps }: Timeline): string[] {
  const acts = steps.filter((step): step is Act => 'do' in step);
  const names = new Set(acts.flatMap((step) => ('by' in step && step.by !== undefined ? step.by : [])));
  names.add('proposer');
  const approvers = () => [...names].filter((name) => name !== 'proposer').length;
  // One approver more than two if the proposer is an approver too.
  const proposers = new Set(acts.flatMap((step) => ('by' in step && typeof step.by === 'string' ? [step.by] : [])));
  const wanted = [...proposers].some((name) => name !== 'proposer') ? 3 : 2;
  for (const name of APPROVERS) if (approvers() < wanted) names.add(name);
  return [...names];
}

const REPLAYED = {
  organization: 'Replay',
  appeal: 'the people who replay this',
  passphrase: PASSPHRASE,
};

/**
 * `databaseUrl`: an empty PostgreSQL database; null for SQLite in `folder`. `warm`: source of a process that has played another timeline;
 * null for a new process.
 */
export async function startInstallation(
  timeline: Timeline,
  folder: string,
  now: Instant,
  databaseUrl: string | null,
  warm: WarmProcesses | null,
): Promise<Installation> {
  const log = join(folder, 'server.log');
  const module = programPath('tests/replay/server-process.ts');
  const launch = () => new Child<ServerHandlers>('server', module, log);
  const ports = { device: await freePort(), public: await freePort(), admin: await freePort() };
  const config = loopbackConfig(folder, ports, { ...REPLAYED, databaseUrl });
  prepareKeyFolder(join(config.home, 'keys'));
  let child = warm?.servers.take() ?? launch();
  let doomed = false;
  let away = false;
  try {
    const { firstOwnerLink } = await child.call('start', { config, drive: { at: now }, demo: false });
    if (firstOwnerLink === null) throw new Error('a fresh server gave no link for its first owner');
    const adminUrl = `http://127.0.0.1:${ports.admin}`;
    const owner = await firstOwner(adminUrl, firstOwnerLink);
    const joined = await Promise.all(peopleOf(timeline).map((name) => inviteApprover(adminUrl, owner, name)));
    await adoptApproverSet(owner, joined);
    const writes = timeline.steps.some((step) => 'do' in step && (step.do === 'send' || step.do === 'mail'));
    const organization = writes ? await foundOrganization(owner, joined) : null;
    return {
      adminUrl,
      owner,
      people: new Map(joined.map((person) => [person.name, person])),
      organization,
      get away() {
        return away;
      },
      async jump(to) {
        if (!away) await child.call('jump', { to: { at: to } });
      },
      async stop() {
        await child.kill();
        away = true;
      },
      async crash(at) {
        await child.kill();
        child = launch();
        doomed = false;
        away = false;
        await child.call('start', { config, drive: { at }, demo: false });
      },
      writes: () => child.call('writes', null),
      async dieAt(point) {
        doomed = true;
        await child.call('dieAt', point);
      },
      get doomed() {
        return doomed;
      },
      get fallen() {
        return doomed && child.killed;
      },
      kill: () => child.kill(),
      async end() {
        if (!warm || child.ended) return child.kill();
        await child.call('end', null);
        warm.servers.giveBack(child);
      },
    };
  } catch (error) {
    await child.kill();
    throw error;
  }
}
