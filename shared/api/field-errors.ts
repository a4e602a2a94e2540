/** Field errors of a request. A problem response lists them in `context.issues`, and the command line shows the flag of each field. */
import { z } from 'zod';

/** Maximum number of listed errors, which limits the size of the response. */
const MOST_ERRORS = 20;

const fieldErrorSchema = z.object({
  /** Path of the field with dots, such as `body.areas.1`. */
  path: z.string().max(512),
  /**
   * A sentence, or words that complete a sentence with the field as the subject ("must be …"). The text never contains the field's value,
   * which may be a secret.
   */
  words: z.string().max(1024),
});
export type FieldError = z.infer<typeof fieldErrorSchema>;

export function fieldErrorsOf({ issues }: z.ZodError, where: readonly string[] = []): FieldError[] {
  return issues.slice(0, MOST_ERRORS).map((issue) => ({
    path: [...where, ...issue.path.map(String)].join('.').slice(0, 512),
    words: wordsOf(issue).slice(0, 1024),
  }));
}

export function fieldErrorsIn(context: Readonly<Record<string, unknown>>): readonly FieldError[] {
  const parsed = z.array(fieldErrorSchema).max(MOST_ERRORS).safeParse(context['issues']);
  return parsed.success ? parsed.data : [];
}

export const fieldErrorContext = (faults: readonly FieldError[]): { issues: readonly FieldError[] } => ({
  issues: faults.slice(0, MOST_ERRORS),
});

/** Error message for users, because the messages of zod are for programmers. A message that a schema sets stays unchanged. */
function wordsOf(issue: z.core.$ZodIssue): string {
  const { message } = issue;
  if (!/^(Invalid|Too (small|big)|Unrecognized)/.test(message)) return message;
  switch (issue.code) {
    case 'invalid_type':
      return message.endsWith('received undefined')
        ? 'is missing'
        : `must be ${TYPES[issue.expected] ?? issue.expected}`;
    case 'too_small':
      if (Number(issue.minimum) === 1 && issue.origin !== 'number' && issue.origin !== 'int')
        return 'must not be empty';
      return `must ${sizeOf(issue.origin, 'at least', issue.minimum)}`;
    case 'too_big':
      return `must ${sizeOf(issue.origin, 'at most', issue.maximum)}`;
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
    case 'unrecognized_keys':
      return `has no field ${issue.keys.join(', ')}`;
    case 'invalid_format':
      return `must be ${FORMATS[issue.format] ?? 'in the documented format'}`;
    default:
      return 'must be in the documented format';
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

const FORMATS: Readonly<Record<string, string>> = {
  email: 'an e-mail address',
  url: 'a URL',
  datetime: 'a time such as 2030-01-02T00:00:00Z',
  date: 'a date such as 2030-01-02',
};

function sizeOf(origin: string, bound: string, limit: number | bigint): string {
  if (origin === 'string') return `have ${bound} ${limit} characters`;
  if (origin === 'array' || origin === 'set') return `have ${bound} ${limit} entries`;
  return `be ${bound} ${limit}`;
}
