/** Commands that change the software of devices by package name. Each change is a job, even for one device. */
import { createHash, randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { jobDeviceList, jobView } from '../../shared/api/jobs.ts';
import { packageList, packageView } from '../../shared/api/packages.ts';
import { done } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import { PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { pae } from '../../shared/order/pae.ts';
import type { Command as DeviceCommand } from '../../shared/protocol/frames.ts';
import {
  PACKAGE_MANAGERS,
  type PackageManagerName,
  type SoftwareAction,
  type WantedPackage,
  wantedPackageSchema,
} from '../../shared/software/software-change.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import { queryOf } from './client.ts';
import { confirm, type KeyOptions, openKey } from './key-files.ts';
import { readBytes } from './local-files.ts';
import { table } from './output.ts';
import { addJobOptions, addTargetOptions, type JobTarget, sendJob, targetOf } from './send-job.ts';
import { addUpdateChannels } from './update-channel-commands.ts';

interface Target extends JobTarget {
  manager?: string;
}

const ACTIONS: readonly { readonly name: SoftwareAction; readonly text: string }[] = [
  {
    name: 'install',
    text: 'Install packages, such as "openssl", "openssl=3.0.15-1" or "org.gnome.Maps". Installed packages stay unchanged',
  },
  { name: 'update', text: 'Update packages on the devices that have them. With a version, also to an earlier one' },
  { name: 'remove', text: 'Remove packages. Their configuration files stay' },
];

export function addPackageCommands(program: Command, cli: Cli): void {
  const packages = commandOf(program, 'packages');
  for (const { name, text } of ACTIONS) {
    addTargetOptions(addJobOptions(packages.command(name).description(text).argument('<package...>')))
      .option('--manager <manager>', `${PACKAGE_MANAGERS.join(', ')}. A version of flatpak is a commit`, 'apt')
      .action(async (names: string[], options: Target) => {
        const command: DeviceCommand = {
          kind: 'change-software',
          change: randomUUID(),
          manager: managerOf(options.manager),
          action: name,
          packages: names.map(wantedOf),
        };
        await sendJob(cli, command, targetOf(options), options);
      });
  }
  addOwnPackages(commandOf(program, 'packages'), cli);
  addUpdateChannels(packages, cli);
  addTargetOptions(
    addJobOptions(
      packages
        .command('update-os')
        .description(
          'Install the updates of the operating system and of flatpak applications. The user sees when they start, and may delay them',
        ),
    ),
  )
    .option('--security', 'only security updates')
    .option('--delay-hours <hours>', 'hours until the start, and of each delay', Number)
    .option('--delays <count>', 'number of times that the user may delay the start', Number, 0)
    .action(async (options: Target & { security?: true; delayHours?: number; delays: number }) => {
      const { security, delayHours: hours, delays: times } = options;
      const scope = security ? 'security' : 'all';
      const deferral = hours === undefined ? null : { hours, times };
      await sendJob(cli, { kind: 'update-os', change: randomUUID(), scope, deferral }, targetOf(options), options);
    });
  addJobOptions(
    packages
      .command('roll-back')
      .description('Return the devices of a job to the versions that they had before it')
      .argument('<job>', 'job of a change. "cordon jobs list --kind change-software" lists them'),
  ).action(async (id: string, options: Target) => {
    const { command } = await cli.client().call(jobView, 'GET', `/jobs/${encodeURIComponent(id)}`);
    if (command.kind !== 'change-software' && command.kind !== 'install-package' && command.kind !== 'update-os') {
      throw new CordonError('invalid_input', `The job ${id} did not change software, so it cannot be rolled back.`);
    }
    const devices = await devicesOf(cli, id);
    await sendJob(cli, { kind: 'roll-back-software', change: randomUUID(), of: command.change }, { devices }, options);
  });
}

function addOwnPackages(packages: Command, cli: Cli): void {
  packages
    .command('list')
    .description('List the packages of the organization')
    .action(async () => {
      const view = await cli.client().call(packageList, 'GET', '/packages');
      const rows = view.packages.map(({ sha256, format, name, version, architecture, size, signedBy, note }) => [
        sha256,
        format,
        name,
        version,
        architecture,
        size,
        signedBy === null ? 'not signed' : `signed by ${view.people[signedBy] ?? signedBy}`,
        note,
      ]);
      cli.out().show(view, table(['sha256', 'format', 'name', 'version', 'architecture', 'bytes', '', 'note'], rows));
    });
  packages
    .command('upload')
    .description('Upload a package file (.deb or .rpm). No device installs it before an approver has signed it')
    .argument('<file>')
    .option('--package <name>', 'name of a .deb, as "dpkg-deb --field FILE" prints it. The server reads a .rpm itself')
    .option('--package-version <version>', 'version of a .deb')
    .option('--architecture <architecture>', 'architecture of a .deb (default: all)')
    .option('--note <text>', 'note for the other admins')
    .action(
      async (
        file: string,
        options: { package?: string; packageVersion?: string; architecture?: string; note?: string },
      ) => {
        const { package: name, packageVersion: version, note } = options;
        const architecture = options.architecture ?? (name === undefined ? undefined : 'all');
        const query = queryOf({
          ...(name !== undefined && { name }),
          ...(version !== undefined && { version }),
          ...(architecture !== undefined && { architecture }),
          ...(note !== undefined && { note }),
        });
        const response = await cli
          .client()
          .raw('POST', `/api/v1/packages${query}`, readBytes(file), { 'content-type': 'application/octet-stream' });
        const stored = packageView.parse(await response.json());
        cli.out().show(stored, [`${stored.sha256} ${stored.name} ${stored.version}, not signed`]);
        const { signers } = stored;
        const who =
          signers.length === 0
            ? 'No approver is independent of you, so no approver can sign it. Add an approver, or have another person upload the file.'
            : `${signers.map(plain).join(', ')} can sign it: cordon packages sign ${stored.sha256} --key FILE`;
        cli.out().note(who);
      },
    );
  packages
    .command('sign')
    .description('Sign a package with your approver key. Sign only a file that you have checked')
    .argument('<sha256>')
    .requiredOption('--key <file>')
    .option('--passphrase-file <file>', 'read the passphrase from this file (or CORDON_KEY_PASSPHRASE)')
    .option('--yes', 'sign without confirmation')
    .action(async (sha256: string, options: KeyOptions & { yes?: boolean }) => {
      const path = `/packages/${encodeURIComponent(sha256)}`;
      const { statement, name, version, obstacles } = await cli.client().call(packageView, 'GET', path);
      if (obstacles.sign !== null) throw new CordonError('same_person', obstacles.sign, { sha256 });
      const digest = createHash('sha256').update(statement).digest('hex');
      await confirm(cli, { lines: [`Package ${name} ${version}, SHA-256 ${sha256}`], digest }, options);
      const key = await openKey(cli, options);
      const signature = key.sign(pae(PAYLOAD_TYPES.package, Buffer.from(statement))).toString('base64');
      const signed = await cli.client().call(packageView, 'POST', `${path}/signature`, { keyid: key.keyid, signature });
      cli.out().show(signed, [`${signed.sha256} ${signed.name} ${signed.version}, signed`]);
    });
  packages
    .command('delete')
    .description('Delete a package from the server. Devices that have installed it keep it')
    .argument('<sha256>')
    .action(async (sha256: string) => {
      const result = await cli.client().call(done, 'DELETE', `/packages/${encodeURIComponent(sha256)}`);
      cli.out().show(result, [`${sha256} deleted`]);
    });
  addTargetOptions(
    addJobOptions(
      packages.command('install-own').description('Install a signed package of the organization').argument('<sha256>'),
    ),
  ).action(async (sha256: string, options: Target) => {
    const { envelope } = await cli.client().call(packageView, 'GET', `/packages/${encodeURIComponent(sha256)}`);
    if (!envelope) throw new CordonError('conflict', 'No approver has signed this package. Sign it first.');
    await sendJob(cli, { kind: 'install-package', change: randomUUID(), envelope }, targetOf(options), options);
  });
}

/** Devices that reported a result. The other devices have not made the change, so there is nothing to roll back on them. */
async function devicesOf(cli: Cli, job: string): Promise<string[]> {
  const found: string[] = [];
  for (let after: string | null = null; ; ) {
    const path = `/jobs/${encodeURIComponent(job)}/devices${queryOf({ limit: '200', ...(after !== null && { after }) })}`;
    const page: { devices: { device: string; state: string }[]; next: string | null } = await cli
      .client()
      .call(jobDeviceList, 'GET', path);
    found.push(
      ...page.devices.flatMap(({ device, state }) => (state === 'done' || state === 'failed' ? [device] : [])),
    );
    if (page.next === null) break;
    after = page.next;
  }
  if (found.length > 0) return found;
  throw new CordonError('conflict', 'No device has reported a result of this job, so there is nothing to roll back.');
}

function wantedOf(text: string): WantedPackage {
  const [name = '', version] = text.split('=', 2);
  const parsed = wantedPackageSchema.safeParse({ name, ...(version !== undefined && { version }) });
  if (parsed.success) return parsed.data;
  throw new CordonError('invalid_input', `${text}: ${parsed.error.issues[0]?.message ?? 'not a package'}.`);
}

function managerOf(text: string | undefined): PackageManagerName {
  const manager = PACKAGE_MANAGERS.find((each) => each === text);
  if (manager) return manager;
  throw new CordonError('invalid_input', `--manager must be one of ${PACKAGE_MANAGERS.join(', ')}.`);
}
