/**
 * Changes of the machine's software, one after the other. A change is recorded before its first step. A repeated request gets the result of
 * the first, also after a crash of the agent or of the helper. A change that fails is undone.
 */

import { formatOf, type PackageFormat } from '../../shared/software/own-package.ts';
import { unverifiedPackage } from '../../shared/software/verify-package.ts';
import { type LinkAt, requireOtherClaims, requireOtherNames, withoutAgent } from './agent-protection.ts';
import type { ChangeRecord, Journal } from './journal.ts';
import { type PackageManagers, systemManager } from './machine-managers.ts';
import { type MachinePolicy, requireNamed, requireSteps } from './machine-policy.ts';
import { type PackageFiles, statementOf } from './package-files.ts';
import type { PackageManager, Target, Updates } from './package-manager.ts';
import {
  type ChangeRequest,
  type ChangeResponse,
  HelperRefusal,
  LONGEST_DETAIL,
  type PackageStep,
} from './requests.ts';
import { mergedSteps, requireExpected, requireUnchanged, reversed, stepsText, targetsOf } from './targets.ts';
import { applicationsOf, combined, NO_CHANGE, type PartRequest } from './update-parts.ts';

export interface ChangePorts {
  readonly managers: PackageManagers;
  readonly journal: Journal;
  readonly files: PackageFiles;
  readonly policy: MachinePolicy;
  /** Symbolic links of the machine on which the managers install. */
  readonly linkAt: LinkAt;
  readonly now: () => number;
  readonly log: (text: string) => void;
}

/**
 * Initiator of a change. `admin`: a command or a policy. `update-channel`: the update of the agent, which alone may change the agent's
 * package. Requests over the socket never have this initiator.
 */
export type Initiator = 'admin' | 'update-channel';

export interface Changes {
  make(request: ChangeRequest, initiator?: Initiator): Promise<ChangeResponse>;
  /** Resolves when no change runs. */
  idle(): Promise<void>;
}

const MOST_WAITING = 16;

const failed = (code: HelperRefusal['code'], detail: string, steps: readonly PackageStep[] = []): ChangeResponse => ({
  outcome: 'failed',
  code,
  steps: [...steps],
  detail: detail.slice(0, LONGEST_DETAIL),
});

const done = (steps: readonly PackageStep[], detail: string): ChangeResponse => ({
  outcome: 'done',
  steps: [...steps],
  detail: detail.slice(0, LONGEST_DETAIL),
});

/** Request without its attempt, as the record has it. */
type HelperContent = PartRequest extends infer Each ? (Each extends unknown ? Omit<Each, 'attempt'> : never) : never;

/** Names of packages that the request itself contains. */
function namesIn(request: PartRequest): string[] {
  if (request.op === 'change') return request.packages.map(({ name }) => name);
  return request.op === 'install-package' ? [unverifiedPackage(request.envelope).name] : [];
}

const contentOf = ({ attempt, ...content }: PartRequest): string => JSON.stringify(content);

export function createChanges(ports: ChangePorts): Changes {
  const { managers, journal, policy, files } = ports;
  const running = new Map<string, { readonly attempt: string; readonly response: Promise<ChangeResponse> }>();
  let last: Promise<unknown> = Promise.resolve();

  const namesOf = (steps: readonly PackageStep[]) => steps.map(({ name }) => name);

  /** Package manager that makes the change, or made the change that the request rolls back. */
  async function managerOf(request: HelperContent): Promise<PackageManager> {
    // A rollback needs no valid signature any more. `namedTargets` verifies the signature before an installation.
    if (request.op === 'install-package') return managerFor(formatOf(unverifiedPackage(request.envelope)));
    if (request.op === 'change') {
      const manager = managers[request.manager];
      if (await manager.available()) return manager;
      throw new HelperRefusal(
        'not_supported',
        `The system helper cannot use ${request.manager} on this device. Nothing was changed. It supports apt, dnf 4 on distributions with rpm, and flatpak from version 1.16.`,
      );
    }
    if (request.op === 'update-applications') return managers.flatpak;
    if (request.op === 'roll-back') return managerOf(JSON.parse(recordOf(request.of).request));
    const system = await systemManager(managers);
    if (system !== null) return managers[system];
    throw new HelperRefusal('not_supported', 'The system helper cannot update this system. It supports apt and dnf 4.');
  }

  /** Package manager that installs files of this format, and knows what is installed on the machine. */
  async function managerFor(format: PackageFormat): Promise<PackageManager> {
    const system = await systemManager(managers);
    if (system !== null && managers[system].format === format) return managers[system];
    throw new HelperRefusal(
      'not_supported',
      `This device cannot install a package of the format ${format}. Nothing was changed. Send a .deb to devices with apt, and a .rpm to devices with dnf 4.`,
    );
  }

  function recordOf(change: string): ChangeRecord {
    const record = journal.read(change);
    if (record) return record;
    throw new HelperRefusal(
      'not_found',
      'This device has no record of the change, so the helper does not know the earlier versions. Nothing was changed.',
    );
  }

  /** Targets of the request. */
  async function targetsFor(request: PartRequest, manager: PackageManager): Promise<Updates> {
    if (request.op !== 'update-os' && request.op !== 'update-applications') {
      return { targets: await namedTargets(request, manager), left: [] };
    }
    if (policy.osUpdates) {
      const { targets, left } = await manager.updates(request.scope);
      const others = withoutAgent(targets);
      return { targets: others.targets, left: [...left, ...others.left] };
    }
    throw new HelperRefusal(
      'not_permitted',
      'The machine\'s policy allows no updates of the operating system. The machine\'s owner can set "osUpdates" to true in system.json.',
    );
  }

  async function namedTargets(
    request: Exclude<ChangeRequest, { op: 'update-os' }>,
    manager: PackageManager,
  ): Promise<Target[]> {
    if (request.op === 'roll-back') {
      const record = recordOf(request.of);
      const installed = await manager.installed(namesOf(record.steps));
      requireUnchanged(record.steps, installed);
      return withFiles(reversed(record.steps, installed), manager);
    }
    if (request.op === 'install-package') {
      const statement = statementOf(policy, request.envelope);
      const { name, version, architecture } = statement;
      const file = files.path(statement);
      const found = await manager.fieldsOf(file);
      if (found.name !== name || found.version !== version || found.architecture !== architecture) {
        throw new HelperRefusal(
          'invalid_input',
          `The file contains ${found.name} ${found.version} (${found.architecture}), but the signature is for ${name} ${version} (${architecture}). Nothing was changed.`,
        );
      }
      const present = (await manager.installed([name])).get(name);
      return present?.complete && present.version === version ? [] : [{ name, version, file }];
    }
    const { action, packages } = request;
    requireNamed(
      policy,
      packages.map(({ name }) => name),
    );
    const installed = await manager.installed(packages.map(({ name }) => name));
    const candidates = new Map<string, string | null>();
    for (const { name, version } of packages) {
      if (action !== 'remove' && version === undefined) candidates.set(name, await manager.candidate(name));
    }
    return targetsOf(action, packages, installed, (name) => candidates.get(name) ?? null);
  }

  /** Own packages are in no repository. Their earlier versions come from the helper's own copies. */
  const withFiles = (targets: readonly Target[], { format }: PackageManager): Target[] =>
    targets.map((target) =>
      target.version === null || format === null
        ? target
        : { ...target, file: files.find(format, target.name, target.version) ?? undefined },
    );

  /** Returns the packages of the steps that do not have their planned version, and the reason for the first. */
  async function differences(steps: readonly PackageStep[], manager: PackageManager): Promise<string[]> {
    const installed = await manager.installed(namesOf(steps));
    return steps.flatMap(({ name, to }) => {
      const present = installed.get(name);
      if (to === null) return present ? [`${name} is still installed`] : [];
      if (!present) return [`${name} is not installed`];
      if (!present.complete) return [`${name} ${present.version} is not configured`];
      return present.version === to ? [] : [`${name} has the version ${present.version}`];
    });
  }

  /** Returns the machine to the versions before the steps. Returns a sentence about the result. */
  async function undo(steps: readonly PackageStep[], manager: PackageManager): Promise<string> {
    try {
      const back = steps.map(({ name, from, to }) => ({ name, from: to, to: from }));
      if ((await differences(back, manager)).length === 0) return 'Nothing was changed.';
      const targets = withFiles(reversed(steps, await manager.installed(namesOf(steps))), manager);
      await manager.apply(targets);
      const left = await differences(back, manager);
      if (left.length === 0) return 'The earlier versions are restored.';
      return `The earlier versions could not be restored: ${left.join(', ')}.`;
    } catch (error) {
      if (!(error instanceof HelperRefusal)) throw error;
      return `The earlier versions could not be restored. ${error.message}`;
    }
  }

  async function carryOut(
    request: PartRequest,
    earlier: ChangeRecord | null,
    initiator: Initiator,
  ): Promise<ChangeResponse> {
    const { change, attempt } = request;
    if (initiator === 'admin') requireOtherNames(namesIn(request));
    const manager = await managerOf(request);
    const notes: string[] = [];
    if (earlier && earlier.result === null) {
      await manager.repair();
      notes.push('An earlier attempt was interrupted; the helper has completed it.');
    }
    const stale = await manager.refresh();
    if (stale !== null) notes.push(`The package lists could not be refreshed. ${stale}`);
    const { targets, left } = await targetsFor(request, manager);
    notes.push(...left);
    const planned = targets.length === 0 ? [] : await manager.plan(targets);
    if (initiator === 'admin') requireOtherNames(namesOf(planned));
    requireExpected(targets, planned);
    requireSteps(policy, planned);
    if (initiator === 'admin') requireOtherClaims(await manager.claims(targets, planned), ports.linkAt);
    const steps = mergedSteps(earlier?.steps ?? [], planned);
    const record = { change, attempt, request: contentOf(request), steps, startedAt: ports.now() };
    journal.write({ ...record, result: null });
    if (targets.length > 0) {
      try {
        await manager.apply(targets);
        const wrong = await differences(planned, manager);
        if (wrong.length > 0) throw new HelperRefusal('failed', `The result differs: ${wrong.join(', ')}.`);
      } catch (error) {
        if (!(error instanceof HelperRefusal)) throw error;
        const restored = await undo(planned, manager);
        return failed(error.code, `${restored} ${error.message}`, steps);
      }
    }
    if (await manager.needsRestart()) notes.push('The machine needs a restart.');
    const text = steps.length === 0 ? NO_CHANGE : `${stepsText(steps)}.`;
    return done(steps, [text, ...notes].join(' '));
  }

  async function run(request: PartRequest, initiator: Initiator): Promise<ChangeResponse> {
    const { change, attempt } = request;
    const earlier = journal.read(change);
    if (earlier && earlier.request !== contentOf(request)) {
      return failed('conflict', 'Another change has this id. Choose a new id.');
    }
    if (earlier?.result && (earlier.attempt === attempt || earlier.result.outcome === 'done')) {
      return earlier.result as ChangeResponse;
    }
    let result: ChangeResponse;
    try {
      result = await carryOut(request, earlier, initiator);
    } catch (error) {
      const refusal = error instanceof HelperRefusal ? error : new HelperRefusal('failed', String(error));
      result = failed(refusal.code, refusal.message, earlier?.steps);
    }
    // A refused request leaves no record, so that refused requests cannot displace the records of changes.
    const record = journal.read(change);
    if (record) journal.write({ ...record, attempt, steps: result.steps, result });
    ports.log(`change ${change}: ${result.outcome}. ${result.detail}`);
    return result;
  }

  /** Makes an update of the operating system, and its rollback, in parts. Makes another request as one change. */
  async function runParts(request: ChangeRequest, initiator: Initiator): Promise<ChangeResponse> {
    const { change, attempt } = request;
    const applications = applicationsOf(change);
    const known = journal.read(change);
    if (known && known.request !== contentOf(request)) return run(request, initiator);
    if (request.op === 'roll-back' && journal.read(applicationsOf(request.of))) {
      const part = { ...request, change: applications, of: applicationsOf(request.of) };
      // A part that the helper refused has no record, and nothing to roll back.
      return journal.read(request.of)
        ? combined(await run(request, initiator), await run(part, initiator))
        : run(part, initiator);
    }
    if (request.op !== 'update-os' || !policy.osUpdates || !(await hasBoth())) return run(request, initiator);
    const part = { op: 'update-applications', attempt, change: applications, scope: request.scope } as const;
    return combined(await run(request, initiator), await run(part, initiator));
  }

  const hasBoth = async () => (await systemManager(managers)) !== null && (await managers.flatpak.available());

  return {
    make(request, initiator = 'admin') {
      const { change, attempt } = request;
      const same = running.get(change);
      if (same) {
        if (same.attempt === attempt) return same.response;
        return Promise.resolve(failed('busy', 'Another attempt of this change runs. Send the command again later.'));
      }
      if (running.size >= MOST_WAITING) {
        return Promise.resolve(failed('busy', 'Too many changes wait on this device. Send the command again later.'));
      }
      const response = last.then(() => runParts(request, initiator)).finally(() => running.delete(change));
      last = response.catch(() => undefined);
      running.set(change, { attempt, response });
      return response;
    },
    idle: async () => {
      await last;
    },
  };
}
