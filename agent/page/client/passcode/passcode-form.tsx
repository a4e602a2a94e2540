/** Form with one or several fields for passcodes. A passcode stays only in the state of the form. */
import { Alert, Button, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { ApiError } from '../../../../shared/look/api-error.ts';
import { Failure } from '../../../../shared/look/states.tsx';
import { withNumbers } from '../../../../shared/workspace/notice-words/passcode-words.ts';
import { PASSCODE_WORDS as words } from './passcode-words.ts';

type Field = 'passcode' | 'current' | 'next' | 'repeat';
type Values = Readonly<Partial<Record<Field, string>>>;

export function PasscodeForm({
  fields,
  verb,
  remaining,
  isPending,
  error,
  autoFocus = false,
  submit,
}: {
  readonly fields: readonly Field[];
  readonly verb: string;
  /** Remaining attempts; null if the form checks no present passcode. */
  readonly remaining: number | null;
  readonly isPending: boolean;
  readonly error: unknown;
  readonly autoFocus?: boolean;
  readonly submit: (values: Values) => void;
}) {
  const [values, setValues] = useState<Values>({});
  const isComplete = fields.every((field) => (values[field] ?? '') !== '');
  const repeated = fields.includes('next') ? values.next : values.passcode;
  const isDifferent = fields.includes('repeat') && (values.repeat ?? '') !== '' && values.repeat !== repeated;
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (!isComplete || isDifferent || isPending) return;
    submit(values);
    setValues({});
  };
  return (
    <form onSubmit={send} aria-label={verb}>
      <Stack gap="sm" align="flex-start">
        {fields.map((field, index) => (
          <TextInput
            key={field}
            type="password"
            label={words[field]}
            w="100%"
            maw={360}
            autoComplete={
              field === 'current' || (field === 'passcode' && fields.length === 1) ? 'current-password' : 'new-password'
            }
            dir="ltr"
            data-autofocus={(autoFocus && index === 0) || undefined}
            autoFocus={autoFocus && index === 0}
            error={field === 'repeat' && isDifferent ? words.different : undefined}
            value={values[field] ?? ''}
            onChange={({ currentTarget }) => setValues({ ...values, [field]: currentTarget.value })}
          />
        ))}
        <ErrorOf error={error} remaining={remaining} />
        <Button type="submit" loading={isPending} disabled={!isComplete || isDifferent}>
          {verb}
        </Button>
      </Stack>
    </form>
  );
}

function ErrorOf({ error, remaining }: { readonly error: unknown; readonly remaining: number | null }) {
  if (error === null || error === undefined) return null;
  const code = error instanceof ApiError ? error.code : null;
  if (code !== 'passcode_wrong' && code !== 'passcode_closed') return <Failure error={error} />;
  return (
    <Alert color="red" role="alert">
      <Text size="sm">
        {code === 'passcode_closed'
          ? words.closed
          : `${words.wrong}${remaining === null ? '' : ` ${withNumbers(words.remaining, { count: remaining })}`}`}
      </Text>
    </Alert>
  );
}
