/** Dialog of the menu: sets, changes and removes the passcode of the workspace, and locks the workspace at once. */
import { Alert, Button, Divider, Modal, Stack, Text } from '@mantine/core';
import { IconLock } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { QueryResult } from '../../../../shared/look/states.tsx';
import { ruleText } from '../../../../shared/workspace/notice-words/passcode-words.ts';
import type { PasscodeView } from '../../api.ts';
import { passcodeQuery } from '../client/queries.ts';
import { DIALOG_LANGUAGE } from '../mail/dialog-language.ts';
import { PasscodeForm } from './passcode-form.tsx';
import { PASSCODE_WORDS as words } from './passcode-words.ts';
import { usePasscodeAction } from './use-passcode-action.ts';

const { lang, dir, close: closeLabel } = DIALOG_LANGUAGE;

export function PasscodeDialog({ opened, close }: { readonly opened: boolean; readonly close: () => void }) {
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={words.title}
      lang={lang}
      dir={dir}
      closeButtonProps={{ 'aria-label': closeLabel }}
    >
      {opened && <Content close={close} />}
    </Modal>
  );
}

function Content({ close }: { readonly close: () => void }) {
  const query = useQuery(passcodeQuery);
  return (
    <QueryResult query={query}>
      {(view) => (
        <Stack>
          <State view={view} />
          {view.required !== null && <Text size="sm">{ruleText(words, view.required)}</Text>}
          {!view.isSet && view.required !== null && view.workspace === 'open' && <SetForm close={close} />}
          {view.isSet && view.workspace === 'open' && <SetPasscode view={view} close={close} />}
          <Text size="sm" c="dimmed">
            {words.privacy}
          </Text>
        </Stack>
      )}
    </QueryResult>
  );
}

function State({ view: { workspace, isSet, required, isLongEnough, remaining } }: { readonly view: PasscodeView }) {
  if (workspace === 'locked' || workspace === 'wiped') return <Text size="sm">{words.unavailable}</Text>;
  if (workspace === 'passcode') return <Text size="sm">{remaining === 0 ? words.closed : words.waits}</Text>;
  if (!isSet) {
    return required === null ? (
      <Text size="sm">{words.notRequired}</Text>
    ) : (
      <>
        <Text size="sm" fw={600}>
          {words.mustSet}
        </Text>
        <Text size="sm">{words.why}</Text>
      </>
    );
  }
  return (
    <>
      <Text size="sm">{words.isOpen}</Text>
      {required === null && <Text size="sm">{words.mayRemove}</Text>}
      {!isLongEnough && (
        <Alert color="yellow">
          <Text size="sm">{words.tooShort}</Text>
        </Alert>
      )}
    </>
  );
}

function SetForm({ close }: { readonly close: () => void }) {
  const setting = usePasscodeAction(close);
  return (
    <PasscodeForm
      fields={['passcode', 'repeat']}
      verb={words.set}
      remaining={null}
      isPending={setting.isPending}
      error={setting.error}
      autoFocus
      submit={({ passcode }) => setting.mutate({ action: 'set', body: { passcode } })}
    />
  );
}

function SetPasscode({ view, close }: { readonly view: PasscodeView; readonly close: () => void }) {
  const locking = usePasscodeAction(close);
  const changing = usePasscodeAction(close);
  const removing = usePasscodeAction(close);
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconLock size={16} aria-hidden />}
        loading={locking.isPending}
        onClick={() => locking.mutate({ action: 'lock', body: {} })}
      >
        {words.lock}
      </Button>
      <Divider />
      <PasscodeForm
        fields={['current', 'next', 'repeat']}
        verb={words.change}
        remaining={view.remaining}
        isPending={changing.isPending}
        error={changing.error}
        submit={({ current, next }) => changing.mutate({ action: 'change', body: { current, next } })}
      />
      {view.required === null && (
        <>
          <Divider />
          <PasscodeForm
            fields={['passcode']}
            verb={words.remove}
            remaining={view.remaining}
            isPending={removing.isPending}
            error={removing.error}
            submit={({ passcode }) => removing.mutate({ action: 'remove', body: { passcode } })}
          />
        </>
      )}
      <Text size="sm" c="dimmed">
        {words.forgotten}
      </Text>
    </>
  );
}
