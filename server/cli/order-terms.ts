import type { Command } from 'commander';
import { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';
import { readText } from './local-files.ts';
import { pairs } from './upload-file.ts';

export interface TermOptions {
  readonly file?: string;
  readonly statement?: string[];
  readonly disputed?: string[];
  readonly disputedByPolicy?: true;
  readonly notice?: string[];
  readonly publishAt?: string;
  readonly withheldBy?: string;
  readonly document?: string[];
  readonly considered?: string;
  readonly consideredBy?: string;
  readonly reasons?: string;
  readonly exempt?: string[];
  readonly exemptGroup?: string[];
  readonly exemptUntil?: string;
  readonly exemptReason?: string;
}

export function addTermOptions(command: Command): Command {
  return command
    .option('--file <file>', 'JSON file with terms. Options override the file')
    .option('--title <text>')
    .option('--areas <area...>', 'Areas, such as PK, US-CA or EU')
    .option('--services <service...>', 'Services: enrollment, management, messaging, mail (not yet available)')
    .option('--nexus <nexus...>', 'Required connection with the area: present, home, network, seat')
    .option('--effective <time>', 'Effective time: RFC 3339, or local time in --zone')
    .option('--until <time>', 'End time. Default: the order lasts until it is withdrawn')
    .option('--zone <zone>', 'IANA time zone, such as Asia/Karachi')
    .option('--mode <mode>', 'Mode: suspend, or exit (wipes work data)')
    .option('--unknown <rule>', 'Rule for devices with an unknown location: allow or deny')
    .option('--contested <rule>', 'Rule for devices that may be inside or outside the areas: allow or deny')
    .option('--stale <rule>', 'Rule for devices with an expired order list: keep, allow or deny')
    .option('--visitors <duration>', 'Grace period for devices with another home area, such as P7D')
    .option('--travelers <rule>', 'Rule for devices that are elsewhere and have their home in the areas: allow or deny')
    .option('--waiting <rule>', 'Rule for waiting messages while messaging is suspended: hold, deliver or return')
    .option(
      '--disputed <feature=area...>',
      'Country of a disputed territory, or "contested". Default: the active territory policy',
    )
    .option('--disputed-by-policy', 'In a revision: assign all disputed territories by the active policy')
    .option('--authority <text>')
    .option('--addressee <text>')
    .option('--instrument <text>')
    .option('--statement <language=text...>', 'Public statement of the order')
    .option('--authoritative-language <tag>', 'Language of the binding text, such as ur. Default: the only language')
    .option('--appeal <text>', 'Contact for affected people')
    .option('--document <title=file...>', 'Legal document. It is stored encrypted, and the order names its hash')
    .option('--considered <text>', 'Considerations, for the confidential decision record')
    .option('--considered-by <text>', 'Author of the considerations')
    .option('--reasons <text>', 'Internal reasons, for the confidential decision record')
    .option('--received-on <date>', 'Date on which the legal document was received, such as 2015-07-22')
    .option('--answer-by <time>', 'Deadline for the answer: RFC 3339, or local time in --zone')
    .option('--provenance <word>', 'Authenticity of the document: asserted, confirmed or disputed')
    .option('--notice <language=text...>', 'Notice for device users. Default: the public statement')
    .option(
      '--notice-plan <moment...>',
      'Times of the notice: P30D, P7D, P1D or PT1H before the start, entry (start), withdrawal',
    )
    .option('--publish-at <time>', 'Withhold the text from the public until this time')
    .option('--withheld-by <law>', 'Withhold the text from the public because of this law')
    .option('--export-window <duration>', 'For mode exit: time for users to export data before the wipe')
    .option('--answers <number>', 'Number of the order that this order answers')
    .option('--exempt <device...>', 'Ids of exempt devices')
    .option('--exempt-group <group...>', 'Exempt all current devices of these groups')
    .option('--exempt-until <time>', 'End of these exemptions. To set different ends, use a JSON file')
    .option('--exempt-reason <text>', 'Internal reason for the exemptions');
}

export function readTerms(options: TermOptions): Record<string, unknown> {
  const { file, statement, disputedByPolicy, disputed = disputedByPolicy && [], ...more } = options;
  const { exempt, exemptGroup, exemptUntil: until, exemptReason: reason, ...others } = more;
  const { notice, publishAt, withheldBy, ...rest } = others;
  const { document: _document, considered, consideredBy: by, reasons, ...flags } = rest;
  if (publishAt !== undefined && withheldBy !== undefined) {
    throw new CordonError('invalid_input', 'Give --publish-at or --withheld-by, not both.');
  }
  const fileTerms = file === undefined ? {} : z.record(z.string(), z.unknown()).parse(readJson(file));
  const endTerms = { ...(until === undefined ? {} : { until }), ...(reason === undefined ? {} : { reason }) };
  const exempted = [
    ...(exempt ?? []).map((device) => ({ device, ...endTerms })),
    ...(exemptGroup ?? []).map((group) => ({ group, ...endTerms })),
  ];
  if (exempted.length === 0 && Object.keys(endTerms).length > 0) {
    throw new CordonError('invalid_input', 'Also give the exempt devices: --exempt DEVICE or --exempt-group GROUP.');
  }
  return {
    ...fileTerms,
    ...flags,
    ...(statement ? { statement: pairs(statement) } : {}),
    ...(disputed ? { disputed: pairs(disputed) } : {}),
    ...(notice ? { notice: pairs(notice) } : {}),
    ...(publishAt === undefined ? {} : { publication: { until: publishAt } }),
    ...(withheldBy === undefined ? {} : { publication: { law: withheldBy } }),
    ...(exempted.length > 0 ? { exempt: exempted } : {}),
    ...([considered, by, reasons].some((each) => each !== undefined) ? { decision: { considered, by, reasons } } : {}),
  };
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readText(file));
  } catch (error) {
    if (error instanceof CordonError) throw error;
    throw new CordonError('invalid_input', `${file} is not valid JSON.`, {}, error);
  }
}
