/**
 * A system installation of its own for flatpak in a temporary folder, and local remotes with applications that the test builds. It never
 * touches the applications of this machine.
 */
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type RunTool, toolRunner } from '../../agent/system-helper/run-tool.ts';
import { tool } from './tools.ts';

const tools = [tool('flatpak', 'apt install flatpak'), tool('ostree', 'apt install ostree')];
export const flatpakMachines = { present: tools.every(({ present }) => present) };

/** Architecture as flatpak writes it in refs. */
export const FLATPAK_ARCHITECTURE = arch() === 'arm64' ? 'aarch64' : 'x86_64';

interface AppFields {
  /** Branch of `org.cordon.Platform`. */
  readonly runtime: string;
  /** True if the application has translations as an extension. */
  readonly translated?: boolean;
  readonly branch?: string;
}

export class FlatpakMachine {
  readonly folder = mkdtempSync(join(tmpdir(), 'cordon-flatpak-'));
  readonly #variables = { FLATPAK_SYSTEM_DIR: this.path('system'), HOME: this.path('home') };
  /** Runs programs of a machine that has flatpak, and neither apt nor dnf. */
  readonly run: RunTool = toolRunner({ ...this.#variables, PATH: this.path('bin') });
  #builds = 0;

  constructor() {
    for (const each of ['bin', 'home', 'system']) mkdirSync(this.path(each));
    symlinkSync('/usr/bin/flatpak', this.path('bin/flatpak'));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  addRemote(name: string): void {
    this.#execute('ostree', ['init', '--mode=archive', `--repo=${this.path(name)}`]);
    this.flatpak(['build-update-repo', this.path(name)]);
    this.flatpak(['remote-add', '--system', '--no-gpg-verify', name, `file://${this.path(name)}`]);
  }

  /** Publishes a new commit of a runtime. Returns the commit. */
  publishRuntime(remote: string, id: string, branch: string): string {
    const self = `${id}/${FLATPAK_ARCHITECTURE}/${branch}`;
    return this.#publish(remote, 'runtime', id, branch, ['[Runtime]', `name=${id}`, `runtime=${self}`, `sdk=${self}`]);
  }

  /** Publishes a new commit of the translations of an application. */
  publishTranslations(remote: string, id: string): string {
    const metadata = [
      '[Runtime]',
      `name=${id}.Locale`,
      '[ExtensionOf]',
      `ref=app/${id}/${FLATPAK_ARCHITECTURE}/stable`,
    ];
    return this.#publish(remote, 'runtime', `${id}.Locale`, 'stable', metadata);
  }

  /** Publishes a new commit of an application. Returns the commit. */
  publish(remote: string, id: string, { runtime, translated = false, branch = 'stable' }: AppFields): string {
    const platform = `org.cordon.Platform/${FLATPAK_ARCHITECTURE}/${runtime}`;
    return this.#publish(remote, 'app', id, branch, [
      '[Application]',
      `name=${id}`,
      `runtime=${platform}`,
      `sdk=${platform}`,
      ...(translated ? [`[Extension ${id}.Locale]`, 'directory=share/locale', 'autodelete=true'] : []),
    ]);
  }

  /** Publishes a commit that says which ref replaces an application. */
  end(remote: string, id: string, successor: string): void {
    const ref = `app/${id}/${FLATPAK_ARCHITECTURE}/stable`;
    const rebase = `--end-of-life-rebase=${id}=${successor}`;
    const repository = this.path(remote);
    this.flatpak(['build-commit-from', '--force', rebase, `--src-ref=${ref}`, repository, ref]);
  }

  /** Publishes a new commit of an application whose files the remote has lost. */
  publishBroken(remote: string, id: string, fields: AppFields): void {
    const files = () => globSync('objects/*/*.filez', { cwd: this.path(remote) });
    const before = new Set(files());
    this.publish(remote, id, fields);
    for (const file of files()) if (!before.has(file)) rmSync(join(this.path(remote), file));
  }

  /** Installed refs without their kind, in the order of their names. */
  refs(): string[] {
    const refs = this.flatpak(['list', '--system', '--all', '--columns=ref']).trim().split('\n');
    return refs
      .map((ref) => ref.replace(`/${FLATPAK_ARCHITECTURE}/`, '/'))
      .filter((ref) => ref !== '')
      .toSorted();
  }

  /** Commit of an installed application or runtime. */
  commit(id: string): string {
    return this.flatpak(['info', '--system', '--show-commit', id]).trim();
  }

  flatpak(args: readonly string[]): string {
    return this.#execute('flatpak', args);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #publish(remote: string, kind: 'app' | 'runtime', id: string, branch: string, metadata: readonly string[]): string {
    this.#builds += 1;
    const folder = this.path(`build/${this.#builds}`);
    for (const each of ['files', 'usr', 'export']) mkdirSync(join(folder, each), { recursive: true });
    const content = join(folder, kind === 'app' ? 'files/build' : 'usr/build');
    mkdirSync(dirname(content), { recursive: true });
    writeFileSync(content, String(this.#builds));
    writeFileSync(join(folder, 'metadata'), `${metadata.join('\n')}\n`);
    const runtime = kind === 'runtime' ? ['--runtime'] : [];
    this.flatpak(['build-export', ...runtime, this.path(remote), folder, branch]);
    const ref = `${kind}/${id}/${FLATPAK_ARCHITECTURE}/${branch}`;
    return this.#execute('ostree', ['rev-parse', `--repo=${this.path(remote)}`, ref]).trim();
  }

  #execute(file: string, args: readonly string[]): string {
    const env = { ...process.env, ...this.#variables };
    return execFileSync(file, [...args], { encoding: 'utf8', stdio: 'pipe', env });
  }
}
