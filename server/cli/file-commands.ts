/** Files for the workspaces of devices, and files that are fetched from devices. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import { commandView } from '../../shared/api/commands.ts';
import { fetchedFileList, fileList, fileView } from '../../shared/api/files.ts';
import { done } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import { LARGEST_FILE } from '../../shared/files/workspace-file.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import { queryOf } from './client.ts';
import { saveDownload } from './download.ts';
import { readBytes } from './local-files.ts';
import { table, when } from './output.ts';
import { addJobOptions, addTargetOptions, type JobTarget, sendJob, targetOf } from './send-job.ts';

export function addFileCommands(program: Command, cli: Cli): void {
  const files = commandOf(program, 'files');
  addStored(files, cli);
  addTargetOptions(
    addJobOptions(
      files
        .command('push')
        .description('Send an uploaded file into the workspaces of devices. "cordon files list" shows the digests')
        .argument('<sha256>'),
    ),
  ).action(async (sha256: string, options: JobTarget) => {
    const listed = (await cli.client().call(fileList, 'GET', '/files')).files.find((each) => each.sha256 === sha256);
    if (!listed) throw new CordonError('not_found', 'The server has no file with this digest. Upload the file.');
    const { name, size } = listed;
    await sendJob(cli, { kind: 'push-file', name, sha256, size }, targetOf(options), options);
  });
  addFetched(files, cli);
}

function addStored(files: Command, cli: Cli): void {
  files
    .command('list')
    .description('List the files that are ready for devices')
    .action(async () => {
      const view = await cli.client().call(fileList, 'GET', '/files');
      const rows = view.files.map(({ sha256, name, size, uploadedAt, uploadedBy, note }) => [
        sha256,
        plain(name),
        size,
        when(uploadedAt),
        plain(view.people[uploadedBy] ?? uploadedBy),
        plain(note),
      ]);
      cli.out().show(view, table(['sha256', 'name', 'bytes', 'uploaded', 'by', 'note'], rows));
    });
  files
    .command('upload')
    .description('Upload a file for devices, at most 16 MiB')
    .argument('<file>')
    .option('--name <name>', 'name of the file on the devices; by default its present name')
    .option('--note <text>', 'note for the other admins')
    .action(async (file: string, { name = basename(file), note }: { name?: string; note?: string }) => {
      const query = queryOf({ name, ...(note !== undefined && { note }) });
      const response = await cli.client().raw('POST', `/api/v1/files${query}`, readBytes(file, LARGEST_FILE), {
        'content-type': 'application/octet-stream',
      });
      const stored = fileView.parse(await response.json());
      cli.out().show(stored, [`${stored.sha256} ${plain(stored.name)}`]);
      cli.out().note(`Send it: cordon files push ${stored.sha256} --device DEVICE`);
    });
  files
    .command('delete')
    .description('Delete a file from the server. Devices that have received it keep it')
    .argument('<sha256>')
    .action(async (sha256: string) => {
      const result = await cli.client().call(done, 'DELETE', `/files/${encodeURIComponent(sha256)}`);
      cli.out().show(result, [`${sha256} deleted`]);
    });
}

function addFetched(files: Command, cli: Cli): void {
  files
    .command('fetch')
    .description('Fetch a file from the organization’s folder in the workspace of a device. Its user sees the reason')
    .argument('<device>')
    .argument('<name>', 'name of the file')
    .requiredOption('--reason <text>', 'reason that the device displays to its user')
    .option('--id <id>', 'id of the request. A repeated request with this id is ignored')
    .option('--expires <seconds>', 'seconds until the command expires', Number)
    .action(async (device: string, name: string, options: { reason: string; id?: string; expires?: number }) => {
      const { reason, id, expires: expiresInSeconds } = options;
      const body = { id, command: { kind: 'fetch-file', name, reason: reason.trim() }, expiresInSeconds };
      const path = `/devices/${encodeURIComponent(device)}/commands`;
      const sent = await cli.client().call(commandView, 'POST', path, body);
      cli.out().show(sent, [`${sent.id} ${sent.state}`]);
      cli.out().note(`Result: cordon commands show ${sent.id}. File: cordon files fetched ${device}`);
    });
  files
    .command('fetched')
    .description('List the files that were fetched from a device, or download one')
    .argument('<device>')
    .option('--command <command>', 'command that fetched the file to download')
    .option('--to <file>', 'new file for the download')
    .action(async (id: string, { command, to }: { command?: string; to?: string }) => {
      const path = `/devices/${encodeURIComponent(id)}/fetched-files`;
      if ((command === undefined) !== (to === undefined)) {
        throw new CordonError('invalid_input', 'A download needs both options: --command and --to.');
      }
      if (command !== undefined && to !== undefined) {
        const response = await cli.client().raw('GET', `/api/v1${path}/${encodeURIComponent(command)}`);
        const bytes = await saveDownload(response, to, 'file');
        return cli.out().show({ file: to, bytes }, [`${to}: ${bytes} bytes`]);
      }
      const view = await cli.client().call(fetchedFileList, 'GET', path);
      const rows = view.files.map((file) => [
        file.command,
        plain(file.name),
        when(file.at),
        file.size,
        when(file.deletedAt),
        plain(file.reason),
      ]);
      cli.out().show(view, table(['command', 'name', 'fetched', 'bytes', 'deleted', 'reason'], rows));
    });
}
