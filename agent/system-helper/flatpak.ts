/**
 * flatpak with the system installation. The version of an application is the commit of its ref. An application is named by its id, and a
 * runtime or an extension by `id:branch`, because a machine often has several branches of a runtime. flatpak gets complete refs and the name
 * of a remote that the machine already has, so that it cannot choose a similar name or another remote.
 */
import type { InstalledPackage, PackageManager, Target } from './package-manager.ts';
import { isProgramMissing } from './program-missing.ts';
import { HelperRefusal, LONGEST_DETAIL, type PackageStep } from './requests.ts';
import type { RunTool } from './run-tool.ts';

const MINUTE = 60_000;
const CHANGE = ['--system', '--noninteractive', '--assumeyes', '--no-related'];
/** Each run installs exactly one ref. Without `--no-auto-pin`, flatpak would keep a runtime after its last application. */
const EXACT = [...CHANGE, '--no-deps'];

/** Application, runtime or extension in a remote or on the machine. */
interface Place {
  /** Name in steps and in the machine's policy. */
  readonly name: string;
  /** Complete ref: `app/org.gnome.Maps/x86_64/stable`. */
  readonly ref: string;
  readonly remote: string;
}

interface Present extends Place {
  /** Ref of the runtime of an application without `runtime/`; empty for a runtime. */
  readonly runtime: string;
  /** First digits of the commit. */
  readonly active: string;
}

interface Offer extends Place {
  /** Ref that replaces this one. */
  readonly rebase: string | null;
}

/** Commit of a ref in a remote. */
interface RemoteCommit {
  readonly commit: string;
  /** Runtime of an application without `runtime/`; empty for a runtime. */
  readonly runtime: string;
}

/** Refs on the machine, and refs in the machine's enabled remotes. */
interface Survey {
  readonly there: readonly Present[];
  readonly offers: readonly Offer[];
}

interface Added extends Place {
  readonly from: string | null;
  readonly to: string;
  /** As in `RemoteCommit`. */
  readonly runtime: string;
}

interface Removed extends Place {
  readonly from: string;
}

/** Refs to install or update, with their commits, and refs to remove. */
interface FlatpakPlan {
  readonly added: readonly Added[];
  readonly removed: readonly Removed[];
}

export function flatpakManager(run: RunTool): PackageManager {
  /** Names in the last plan, which the caller has compared with the machine's policy. Changes run one after the other. */
  let approved: ReadonlySet<string> = new Set();

  async function flatpak(args: readonly string[], within: number): Promise<string> {
    const { code, out, tail } = await run('flatpak', args, { within });
    if (code === 0) return out;
    const why = code === null ? 'It did not end in time.' : tail.trim().slice(-LONGEST_DETAIL / 2);
    throw new HelperRefusal('failed', `flatpak failed. ${why}`);
  }

  const commitOf = async (ref: string) => (await flatpak(['info', '--system', '--show-commit', ref], MINUTE)).trim();

  const architecture = async () => (await flatpak(['--default-arch'], MINUTE)).trim();

  /** Refs of the machine's architecture on the machine. */
  async function present(): Promise<Present[]> {
    const columns = '--columns=ref,origin,runtime,options,active';
    return parseInstalledRefs(await flatpak(['list', '--system', '--all', columns], MINUTE), await architecture());
  }

  async function survey(): Promise<Survey> {
    const there = await present();
    // Without a name, flatpak lists the enabled remotes only.
    const out = await flatpak(['remote-ls', '--system', '--all', '--columns=ref,origin,options'], 5 * MINUTE);
    return { there, offers: parseRemoteRefs(out, await architecture()) };
  }

  /** Null if the remote does not have this commit. Without `commit`: the newest one. */
  async function remoteCommit({ ref, remote }: Place, commit?: string): Promise<RemoteCommit | null> {
    const which = commit === undefined ? [] : [`--commit=${commit}`];
    const args = ['remote-info', '--system', '--show-commit', '--show-runtime', ...which, remote, ref];
    const { code, out } = await run('flatpak', args, { within: 5 * MINUTE });
    if (code !== 0) return null;
    const [found = '', runtime = ''] = out.trim().split(' ');
    if (commit !== undefined && found !== commit) return null;
    return { commit: found, runtime: ref.startsWith('app/') ? runtime : '' };
  }

  async function newest(place: Place): Promise<string> {
    const found = await remoteCommit(place);
    if (found) return found.commit;
    throw new HelperRefusal('not_found', `${place.remote} does not offer ${place.name}. Nothing was changed.`);
  }

  /** Offer of the remote from which the ref comes, or the only offer that has this commit. Null if there is none. */
  async function locate(name: string, { there, offers }: Survey, commit?: string): Promise<Offer | null> {
    const here = onlyOne(name, there);
    const named = offers.filter((offer) => offer.name === name);
    if (here) return named.find(({ ref, remote }) => ref === here.ref && remote === here.remote) ?? null;
    const found: Offer[] = [];
    for (const offer of named) if (await remoteCommit(offer, commit)) found.push(offer);
    const [first = null, second] = found;
    if (!second) return first;
    const list = found.map(({ ref, remote }) => `${ref} in ${remote}`).join(', ');
    throw new HelperRefusal(
      'conflict',
      `Several refs have the name ${name}: ${list}. Nothing was changed. Send the commit of the wanted ref as the version.`,
    );
  }

  /** Refs that flatpak would change together with this one, such as translations. Changes nothing, because flatpak gets no answer to its question. */
  async function related(place: Place, there: readonly Present[]): Promise<Place[]> {
    const update = there.some(({ ref }) => ref === place.ref);
    const command = update ? ['update'] : ['install'];
    const args = [...command, '--system', '--no-deps', ...(update ? [] : [place.remote]), place.ref];
    const { code, out, tail } = await run('flatpak', args, { within: 5 * MINUTE });
    const rows = parseTable(out);
    // The code is 0 if there is nothing to do.
    if (rows.length === 0 && code !== 0) {
      const why = tail.trim().slice(-LONGEST_DETAIL / 2);
      throw new HelperRefusal('failed', `flatpak printed no plan. Nothing was changed. ${why}`);
    }
    const other = rows.find(({ operation }) => operation !== 'i' && operation !== 'u');
    if (other) {
      throw new HelperRefusal(
        'conflict',
        `flatpak would also remove or replace ${other.id}. Nothing was changed. Make this change on the machine itself.`,
      );
    }
    const [, id, arch, branch] = place.ref.split('/');
    return rows
      .filter((row) => row.id !== id || row.branch !== branch)
      .map((row) => placeOf(`runtime/${row.id}/${arch}/${row.branch}`, row.remote));
  }

  async function planFor(targets: readonly Target[]): Promise<FlatpakPlan> {
    const all = await survey();
    const named = new Set(targets.map(({ name }) => name));
    const added = new Map<string, Added>();
    const removed: Removed[] = [];
    const add = async (place: Place, to: string, runtime = '') => {
      const from = all.there.some(({ ref }) => ref === place.ref) ? await commitOf(place.ref) : null;
      if (from !== to) added.set(place.ref, { ...place, from, to, runtime });
    };
    for (const { name, version } of targets) {
      if (version === null) {
        const here = onlyOne(name, all.there);
        if (here) removed.push({ ...here, from: await commitOf(here.ref) });
        continue;
      }
      requireCommit(name, version);
      const place = await locate(name, all, version);
      const wanted = place && (await remoteCommit(place, version));
      if (!wanted) {
        throw new HelperRefusal(
          'not_found',
          `The remotes of this machine do not offer the commit ${version} of ${name}. Nothing was changed.`,
        );
      }
      requireNoSuccessor(place);
      const runtimes = wanted.runtime === '' ? [] : missingRuntime(place, wanted.runtime, all);
      // Translations and drivers belong to the newest commits. An exact earlier commit changes nothing else.
      const roots = (await newest(place)) === version ? [...runtimes, place] : runtimes;
      const others: Place[] = [...runtimes];
      for (const root of roots) others.push(...(await related(root, all.there)));
      for (const other of others) if (!named.has(other.name)) await add(other, await newest(other));
      await add(place, version, wanted.runtime);
    }
    const plan = {
      added: [...added.values()].toSorted(runtimesFirst),
      removed: removed.toSorted(runtimesFirst).reverse(),
    };
    requireRuntimes(plan, all.there);
    return plan;
  }

  return {
    format: null,

    async available() {
      try {
        // Earlier versions were not tested. They lack options that keep a change exact.
        const { code, out } = await run('flatpak', ['--version'], { within: MINUTE });
        const [, major, minor] = /^Flatpak (\d+)\.(\d+)/.exec(out) ?? [];
        return code === 0 && (Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 16));
      } catch (error) {
        if (isProgramMissing(error)) return false;
        throw error;
      }
    },

    async refresh() {
      try {
        await flatpak(['remote-ls', '--system', '--columns=ref'], 5 * MINUTE);
        return null;
      } catch (error) {
        if (error instanceof HelperRefusal) return error.message;
        throw error;
      }
    },

    async installed(names) {
      const there = names.length === 0 ? [] : await present();
      const found = new Map<string, InstalledPackage>();
      for (const name of names) {
        const here = onlyOne(name, there);
        // flatpak makes a new commit visible in one step.
        if (here) found.set(name, { version: await commitOf(here.ref), complete: true });
      }
      return found;
    },

    async candidate(name) {
      const place = await locate(name, await survey());
      return place && (await newest(place));
    },

    async plan(targets) {
      const { added, removed } = await planFor(targets);
      approved = new Set(added.map(({ name }) => name));
      return [
        ...added.map(({ name, from, to }): PackageStep => ({ name, from, to })),
        ...removed.map(({ name, from }): PackageStep => ({ name, from, to: null })),
      ];
    },

    async apply(targets) {
      const plan = await planFor(targets);
      const named = new Set(targets.map(({ name }) => name));
      // A remote may have published an extension since the plan, which no policy has approved.
      const added = plan.added.filter(({ name }) => named.has(name) || approved.has(name));
      const before = await present();
      for (const { ref, remote, from, to } of added) {
        if (from === null) await flatpak(['install', ...EXACT, '--no-auto-pin', remote, ref], 20 * MINUTE);
        // `flatpak install` takes the newest commit only.
        if ((await commitOf(ref)) !== to) await flatpak(['update', ...EXACT, `--commit=${to}`, ref], 20 * MINUTE);
      }
      for (const { ref } of plan.removed) await flatpak(['uninstall', ...CHANGE, ref], 10 * MINUTE);
      requireOnly([...added, ...plan.removed], before, await present());
    },

    // flatpak installs below its own folder, so its packages cannot replace others of the system.
    claims: async () => ({ names: [], files: [] }),

    async updates(scope) {
      const there = await present();
      if (there.length === 0) return { targets: [], left: [] };
      if (scope === 'security') {
        return { targets: [], left: ['flatpak does not say which updates are for security, so it updated nothing.'] };
      }
      const args = ['remote-ls', '--system', '--all', '--updates', '--columns=ref,origin,options'];
      const offers = parseRemoteRefs(await flatpak(args, 5 * MINUTE), await architecture());
      const targets: Target[] = [];
      const left: string[] = [];
      for (const offer of offers) {
        const { name, ref, remote, rebase } = offer;
        // An update comes from the remote of the installed ref.
        if (!there.some((each) => each.ref === ref && each.remote === remote)) continue;
        if (there.filter((each) => each.name === name).length > 1)
          left.push(`${name} has several branches, so it stays.`);
        else if (rebase !== null) left.push(`${name} stays, because ${rebase} replaces it.`);
        else targets.push({ name, version: await newest(offer) });
      }
      return { targets, left };
    },

    needsRestart: async () => false,

    async fieldsOf() {
      throw new HelperRefusal('not_supported', 'flatpak installs no package files.');
    },

    // An interrupted run leaves each ref at its earlier or at its new commit. The repeated change completes it.
    repair: async () => undefined,
  };
}

const runtimesFirst = (a: Place, b: Place): number =>
  Number(a.ref.startsWith('app/')) - Number(b.ref.startsWith('app/'));

/** Ref in a remote, with its name: the id of an application, and `id:branch` for a runtime or an extension. */
function placeOf(ref: string, remote: string): Place {
  const [kind, id = '', , branch = ''] = ref.split('/');
  return { name: kind === 'app' ? id : `${id}:${branch}`, ref, remote };
}

/** Ref with this name. Throws `not_supported` if several branches of the application are installed. */
function onlyOne(name: string, there: readonly Present[]): Present | null {
  const [first = null, second] = there.filter((each) => each.name === name);
  if (!second) return first;
  throw new HelperRefusal(
    'not_supported',
    `Several branches of ${name} are installed. Nothing was changed. Change this application on the machine itself.`,
  );
}

function requireCommit(name: string, version: string): void {
  if (/^[0-9a-f]{64}$/.test(version)) return;
  throw new HelperRefusal(
    'invalid_input',
    `${version} is not a version of ${name}. flatpak needs the complete commit with 64 digits, as "flatpak remote-info --log" prints it.`,
  );
}

/** Throws `conflict` if the remote says that another application replaces this one, because flatpak would install the other one. */
function requireNoSuccessor({ name, rebase }: Offer): void {
  if (rebase === null) return;
  throw new HelperRefusal(
    'conflict',
    `${rebase} replaces ${name}. Nothing was changed. Install the new application, and remove the old one.`,
  );
}

/** Runtime that the application needs and the machine lacks; empty if the machine has it. */
function missingRuntime(app: Place, runtime: string, { there, offers }: Survey): Offer[] {
  const ref = `runtime/${runtime}`;
  if (there.some((each) => each.ref === ref)) return [];
  const found = offers.filter((offer) => offer.ref === ref);
  const offer = found.find(({ remote }) => remote === app.remote) ?? (found.length === 1 ? found[0] : undefined);
  if (offer) return [offer];
  throw new HelperRefusal(
    'not_found',
    `${app.name} needs the runtime ${runtime}, which ${found.length === 0 ? 'no remote' : 'more than one remote'} of this machine offers. Nothing was changed. Install the runtime on the machine itself.`,
  );
}

/** Throws `conflict` if an application would need one of the removed runtimes. */
function requireRuntimes({ added, removed }: FlatpakPlan, there: readonly Present[]): void {
  const changed = new Set([...added, ...removed].map(({ ref }) => ref));
  const gone = new Set(removed.map(({ ref }) => ref));
  const apps = [...there.filter(({ ref }) => !changed.has(ref)), ...added];
  const users = apps.filter(({ runtime }) => gone.has(`runtime/${runtime}`));
  if (users.length === 0) return;
  throw new HelperRefusal(
    'conflict',
    `The change would remove a runtime that ${users.map(({ name }) => name).join(', ')} needs. Nothing was changed. Remove these applications first.`,
  );
}

/** Throws `failed` if flatpak has changed a ref outside the plan, such as a runtime that has ended. */
function requireOnly(planned: readonly Place[], before: readonly Present[], after: readonly Present[]): void {
  const expected = new Set(planned.map(({ ref }) => ref));
  const missingIn = (list: readonly Present[]) => (each: Present) =>
    !expected.has(each.ref) && !list.some(({ ref, active }) => ref === each.ref && active === each.active);
  const others = new Set(
    [...before.filter(missingIn(after)), ...after.filter(missingIn(before))].map(({ name }) => name),
  );
  if (others.size === 0) return;
  throw new HelperRefusal('failed', `flatpak also changed ${[...others].join(', ')}, which was not in its plan.`);
}

const rowsOf = (output: string): string[][] =>
  output.split('\n').map((line) => line.split('\t').map((cell) => cell.trim()));

/** Refs in the output of `flatpak list --columns=ref,origin,runtime,options,active`. Only a runtime has the option `runtime`. */
export function parseInstalledRefs(output: string, architecture: string): Present[] {
  return rowsOf(output).flatMap(([short = '', remote = '', runtime = '', options = '', active = '']) => {
    if (short.split('/')[1] !== architecture) return [];
    const ref = `${options.split(',').includes('runtime') ? 'runtime' : 'app'}/${short}`;
    return [{ ...placeOf(ref, remote), runtime, active }];
  });
}

/** Refs in the output of `flatpak remote-ls --columns=ref,origin,options`. */
export function parseRemoteRefs(output: string, architecture: string): Offer[] {
  return rowsOf(output).flatMap(([ref = '', remote = '', options = '']) => {
    const rebase = /(?:^|,)eol-rebase=([^,]+)/.exec(options)?.[1] ?? null;
    return ref.split('/')[2] === architecture ? [{ ...placeOf(ref, remote), rebase }] : [];
  });
}

/** Rows in the table that flatpak prints before it asks for consent. `i`: install, `u`: update, others remove or replace. */
export function parseTable(
  output: string,
): { readonly id: string; readonly branch: string; readonly operation: string; readonly remote: string }[] {
  return rowsOf(output).flatMap(([number = '', , id = '', branch = '', operation = '', remote = '']) =>
    /^\d+\.$/.test(number) ? [{ id, branch, operation, remote }] : [],
  );
}
