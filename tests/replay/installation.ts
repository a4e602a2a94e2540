/** The server of one timeline: its process, its addresses, its people. Dies with kill -9 and starts again on the same ports and data. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Instant } from '../../shared/time/clock.ts';
import { freePort } from '../support/free-port.ts';
import { loopbackConfig } from '../support/loopback-config.ts';
import { foundOrganisation, type Organisation } from '../support/organisation.ts';
import { type Approver, adoptRoot, firstOwner, inviteApprover, type Person } from '../support/people.ts';
import type { Mortal } from './mortals.ts';
import { Child } from './rpc.ts';
import type { ServerHandlers } from './server-process.ts';
import type { Act, Timeline } from './timeline.ts';

/** People who approve when a timeline names nobody. */
const APPROVERS = ['ada', 'bo', 'cy'];

export interface Installation extends Mortal {
  readonly adminUrl: string;
  readonly owner: Person;
  readonly people: ReadonlyMap<string, Approver>;
  /** Only where people write to each other. */
  readonly organisation: Organisation | null;
  /** Stopped, and not started again since. */
  readonly away: boolean;
  /** Nothing while the server is away: it comes up at the time of its start. */
  jump(to: Instant): Promise<void>;
  /** kill -9. `crash` starts it again. */
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/** Everybody whom the timeline names, and as many more as it takes for two to approve what any of them proposes. */
export function peopleOf({ steps }: Timeline): string[] {
  const acts = steps.filter((step): step is Act => 'do' in step);
  const names = new Set(acts.flatMap((step) => ('by' in step && step.by !== undefined ? step.by : [])));
  names.add('proposer');
  const approvers = () => [...names].filter((name) => name !== 'proposer').length;
  // One more than two when somebody else than `proposer` proposes.
  const proposers = new Set(acts.flatMap((step) => ('by' in step && typeof step.by === 'string' ? [step.by] : [])));
  const wanted = [...proposers].some((name) => name !== 'proposer') ? 3 : 2;
  for (const name of APPROVERS) if (approvers() < wanted) names.add(name);
  return [...names];
}

const REPLAYED = { organisation: 'Replay', appeal: 'the people who replay this' };

/** `databaseUrl`: an empty PostgreSQL database; null for SQLite in `folder`. */
export async function startInstallation(
  timeline: Timeline,
  folder: string,
  now: Instant,
  databaseUrl: string | null,
): Promise<Installation> {
  const log = join(folder, 'server.log');
  const module = fileURLToPath(import.meta.resolve('./server-process.ts'));
  const launch = () => new Child<ServerHandlers>('server', module, log);
  const ports = { device: await freePort(), public: await freePort(), admin: await freePort() };
  const config = loopbackConfig(folder, ports, { ...REPLAYED, databaseUrl });
  let child = launch();
  let doomed = false;
  let away = false;
  try {
    const { firstOwnerLink } = await child.call('start', { config, drive: { at: now }, demo: false });
    if (firstOwnerLink === null) throw new Error('a fresh server gave no link for its first owner');
    const adminUrl = `http://127.0.0.1:${ports.admin}`;
    const owner = await firstOwner(adminUrl, firstOwnerLink);
    const joined = await Promise.all(peopleOf(timeline).map((name) => inviteApprover(adminUrl, owner, name)));
    await adoptRoot(owner, joined);
    const writes = timeline.steps.some((step) => 'do' in step && step.do === 'send');
    const organisation = writes ? await foundOrganisation(owner, joined) : null;
    return {
      adminUrl,
      owner,
      people: new Map(joined.map((person) => [person.name, person])),
      organisation,
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
    };
  } catch (error) {
    await child.kill();
    throw error;
  }
}
