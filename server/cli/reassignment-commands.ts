/** Reassignment of many devices from the command line: pairs from a CSV file, or devices of one selection for one person. */
import type { Command } from 'commander';
import {
  type ReassignmentPreview,
  type ReassignmentResult,
  reassignmentPreview,
  reassignmentResult,
} from '../../shared/api/reassignment.ts';
import { linksCsv, parsePairs } from '../../shared/devices/reassignment-csv.ts';
import { CordonError } from '../../shared/errors.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { Cli } from './cli.ts';
import { type SelectionOptions, secondPersonLines, selecting, selectionOf } from './device-action-commands.ts';
import { readText, reserveFile } from './local-files.ts';

interface Options extends SelectionOptions {
  readonly pairs?: string;
  readonly to?: string;
  readonly count?: number;
  readonly hours?: number;
  readonly mail?: boolean;
  readonly links?: string;
}

export function addReassignManyCommand(devices: Command, cli: Cli): void {
  selecting(devices.command('reassign-many'))
    .description(
      'Create activation links with which many devices enroll again for other persons. Without --count, a preview',
    )
    .option('--pairs <file>', 'CSV file with a device and a person on each line, such as "PF-1234;amina@example.org"')
    .option('--to <person>', 'id or name of the new owner of the selected devices, instead of --pairs')
    .option('--count <devices>', 'number of affected devices that you confirm', Number)
    .option('--links <file>', 'new CSV file for the links. The server shows them only once')
    .option('--mail', 'also send the links to the new owners by mail')
    .option('--hours <hours>', 'lifetime of the links in hours', Number)
    .action(async (ids: string[], options: Options) => {
      const { count, hours, mail, links } = options;
      const wanted = wantedOf(ids, options);
      const client = cli.client();
      if (count === undefined) {
        const preview = await client.call(reassignmentPreview, 'POST', '/device-actions/reassign/preview', wanted);
        cli.out().show(preview, previewLines(preview));
        return;
      }
      if (links === undefined) {
        const detail = 'The server shows the links only once. Name a new file for them: add --links FILE.';
        throw new CordonError('invalid_input', detail, { field: 'links' });
      }
      // The file is created before the request, so that no link is lost because the file cannot be written.
      const file = reserveFile(links);
      try {
        const body = { ...wanted, expect: count, expiresInHours: hours, mail };
        const result = await client.call(reassignmentResult, 'POST', '/device-actions/reassign', body);
        file.write(linksCsv(result));
        const { codes, ...shown } = result;
        const withoutLinks = codes.map(({ link: _link, ...code }) => code);
        cli.out().show({ ...shown, codes: withoutLinks, file: links }, resultLines(result, links));
      } catch (error) {
        file.discard();
        throw error;
      }
    });
}

function wantedOf(ids: readonly string[], options: Options): object {
  const { pairs, to } = options;
  if (pairs === undefined && to !== undefined) return { ...selectionOf(ids, options), person: to };
  if (pairs !== undefined && to === undefined && ids.length === 0) return { pairs: parsePairs(readText(pairs)) };
  throw new CordonError('invalid_input', 'Give a file with --pairs, or a person with --to and the devices. Not both.');
}

function previewLines({ affected, secondPerson, lines }: ReassignmentPreview): string[] {
  const shown = lines.map(({ line, asked, device, owner, refusal }) => {
    const named = device ? `${device.id} of ${plain(device.user)}` : plain(asked.device);
    const to = owner ? plain(owner.name) : plain(asked.person);
    return `${line}: ${named} to ${to}: ${refusal ? `refused: ${refusal.text}` : 'new activation link'}`;
  });
  const confirm = affected === 0 ? [] : [`To create the links, add --count ${affected} and --links FILE.`];
  return [...shown, `affected ${affected}`, ...secondPersonLines(secondPerson), ...confirm];
}

function resultLines({ codes, refused }: ReassignmentResult, file: string): string[] {
  const sent = codes.filter(({ mailed }) => mailed === 'sent').length;
  const failed = codes.filter(({ mailed }) => mailed === 'failed' || mailed === 'no-address').length;
  return [
    `${file}: ${codes.length} activation links. They are not shown again.`,
    ...(sent + failed > 0 ? [`mailed ${sent}, not mailed ${failed}`] : []),
    ...refused.map(
      ({ line, asked, refusal }) => `refused line ${line}: ${plain(asked.device)}: ${refusal?.text ?? ''}`,
    ),
  ];
}
