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
    .option('--areas <area...>', 'areas, such as PK, US-CA or EU')
    .option('--services <service...>', 'services: enrollment, management, messaging, mail')
    .option('--nexus <nexus...>', 'connections with the areas, each of which is enough: present, home, network, seat')
    .option('--effective <time>', 'effective time: RFC 3339, or local time in --zone')
    .option('--until <time>', 'end time. Default: the order lasts until it is withdrawn')
    .option('--zone <zone>', 'IANA time zone, such as Asia/Karachi')
    .option('--mode <mode>', 'mode: suspend, or exit (wipes work data)')
    .option('--unknown <rule>', 'rule for devices with an unknown location: allow or deny')
    .option('--contested <rule>', 'rule for devices that may be inside or outside the areas: allow or deny')
    .option('--stale <rule>', 'rule for devices with an expired order list: keep, allow or deny')
    .option('--visitors <duration>', 'grace period for devices with another home area, such as P7D')
    .option('--travelers <rule>', 'rule for devices that are elsewhere and have their home in the areas: allow or deny')
    .option('--waiting <rule>', 'rule for waiting messages while messaging is suspended: hold, deliver or return')
    .option(
      '--disputed <feature=area...>',
      'country of a disputed territory, or "contested". Default: the active territory policy',
    )
    .option('--disputed-by-policy', 'in a revision: assign all disputed territories by the active policy')
    .option('--authority <text>')
    .option('--addressee <text>')
    .option('--instrument <text>')
    .option('--statement <language=text...>', 'public statement of the order')
    .option(
      '--authoritative-language <tag>',
      'language of the legally binding text, such as ur. Required if the statement has several languages',
    )
    .option('--appeal <text>', 'contact for affected people')
    .option('--document <title=file...>', 'legal document. It is stored encrypted, and the order names its hash')
    .option('--considered <text>', 'considerations, for the confidential decision record')
    .option('--considered-by <text>', 'person who examined the order, for the confidential decision record')
    .option('--reasons <text>', 'internal reasons, for the confidential decision record')
    .option('--received-on <date>', 'date on which the legal document was received, such as 2015-07-22')
    .option('--answer-by <time>', 'deadline for the answer to the authority: RFC 3339, or local time in --zone')
    .option('--provenance <word>', 'authenticity of the document: asserted, confirmed or disputed')
    .option('--notice <language=text...>', 'notice for device users. Default: the public statement')
    .option(
      '--notice-plan <moment...>',
      'times of the notice: P30D, P7D, P1D or PT1H before the start, effective (start), withdrawal',
    )
    .option('--publish-at <time>', 'withhold the text from the public until this time')
    .option('--withheld-by <law>', 'withhold the text from the public because of this law')
    .option('--export-window <duration>', 'for mode exit: time for users to export data before the wipe')
    .option('--answers <number>', 'number of the order that states the demand to which this order responds')
    .option('--exempt <device...>', 'ids of exempt devices')
    .option('--exempt-group <group...>', 'exempt all current devices of these groups')
    .option('--exempt-until <time>', 'end of these exemptions. To set different ends, use a JSON file')
    .option('--exempt-reason <text>', 'internal reason for the exemptions');
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
