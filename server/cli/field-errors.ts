/** Error texts for request fields. They name the command-line option or argument that the user gave, instead of the field. */
import type { Command, Option } from 'commander';
import type { FieldError } from '../../shared/api/field-errors.ts';

/**
 * Names of command-line options that differ from the name of the request field that the option sets. Key: path of the field in the request,
 * in which `*` stands for any array index. Value: name of the option in camel case.
 */
const FLAGS: Readonly<Record<string, string>> = {
  'decision.by': 'consideredBy',
  'publication.until': 'publishAt',
  'publication.law': 'withheldBy',
  publication: 'publishAt',
  'basis.court.name': 'court',
  'basis.court.case': 'case',
  'exempt.*.until': 'exemptUntil',
  'exempt.*.reason': 'exemptReason',
  'exempt.*.group': 'exemptGroup',
  documents: 'document',
  internal: 'considered',
};

export function fieldErrorLines(command: Command | null, faults: readonly FieldError[]): string[] {
  const lines = faults.map(({ path, words }) => {
    const field = path.replace(/^(body|query|path)(\.|$)/, '');
    const name = nameOf(command, field);
    return /^[A-Z“]/.test(words) ? `${name}: ${words}` : `${name} ${words}`;
  });
  return [...new Set(lines)];
}

function nameOf(command: Command | null, field: string): string {
  const segments = field.split('.');
  const pattern = segments.map((segment) => (/^\d+$/.test(segment) ? '*' : segment));
  // The longest known prefix of the field's path determines the option, so `statement.en` belongs to --statement.
  for (let length = segments.length; length > 0; length -= 1) {
    const path = pattern.slice(0, length).join('.');
    // A field inside an array element is not an option, even if an option has the same name.
    const last = pattern[length - 2] === '*' ? undefined : pattern[length - 1];
    for (const attribute of [FLAGS[path], last]) {
      const found = attribute === undefined ? undefined : sourceOf(command, attribute);
      if (found !== undefined) return found;
    }
  }
  return field === '' ? 'The request' : field;
}

function sourceOf(command: Command | null, attribute: string): string | undefined {
  const isNamed = (option: Option) => option.attributeName() === attribute;
  for (let at = command; at !== null; at = at.parent) {
    const option = at.options.find(isNamed);
    if (option?.long) return option.long;
  }
  const argument = command?.registeredArguments.find((each) => each.name() === attribute);
  return argument && `<${argument.name()}>`;
}
