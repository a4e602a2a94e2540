/** Takes the place of messages and mail while the workspace waits for the passcode. */
import { Alert, Stack, Text, Title } from '@mantine/core';
import { IconLockPassword } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import frame from '../app/frame.module.css';
import { passcodeQuery } from '../client/queries.ts';
import { inReadersLanguage } from '../words/notice-words.ts';
import { PasscodeForm } from './passcode-form.tsx';
import { PASSCODE_WORDS as words } from './passcode-words.ts';
import { usePasscodeAction } from './use-passcode-action.ts';

export function EnterPasscode() {
  const remaining = useQuery(passcodeQuery).data?.remaining ?? null;
  const entering = usePasscodeAction();
  return (
    <main id="main" tabIndex={-1} className={frame.alone} {...inReadersLanguage}>
      <Stack maw={520} mx="auto" py="xl">
        <IconLockPassword size={36} aria-hidden />
        <Title order={2} size="h4">
          {words.waits}
        </Title>
        <Text size="sm">{words.waitsText}</Text>
        {remaining === 0 ? (
          <Alert color="red" role="alert">
            <Text size="sm">{words.closed}</Text>
          </Alert>
        ) : (
          <>
            <PasscodeForm
              fields={['passcode']}
              verb={words.enter}
              remaining={remaining}
              isPending={entering.isPending}
              error={entering.error}
              autoFocus
              submit={({ passcode }) => entering.mutate({ action: 'enter', body: { passcode } })}
            />
            <Text size="sm" c="dimmed">
              {words.forgotten}
            </Text>
          </>
        )}
      </Stack>
    </main>
  );
}
