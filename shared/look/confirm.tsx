/** Confirmation dialog that states the consequences of an action. */
import { Button, Group, Modal, Stack } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Failure } from './states.tsx';

export interface DialogLanguage {
  readonly lang: string;
  readonly dir: 'ltr' | 'rtl';
  readonly cancel: string;
  readonly close: string;
}

export function Confirm({
  title,
  opened,
  close,
  verb,
  grave = false,
  ready = true,
  dismiss = 'Cancel',
  language,
  act,
  children,
}: {
  readonly title: string;
  readonly opened: boolean;
  readonly close: () => void;
  /** Button text such as `Lock 12 devices`. */
  readonly verb: string;
  /** True for an irreversible or harmful action; the button is red. */
  readonly grave?: boolean;
  readonly ready?: boolean;
  /** Text of the button that closes the dialog, for an action that is itself called “Cancel”. */
  readonly dismiss?: string;
  /** Language of the texts, and its words for the dialog's own buttons. Default: English. */
  readonly language?: DialogLanguage;
  /** Performs the confirmed action. The dialog closes when the promise resolves. If the promise rejects, the dialog shows the reason. */
  readonly act: () => Promise<unknown>;
  readonly children: ReactNode;
}) {
  const doing = useMutation({ mutationFn: act, onSuccess: close });
  const leave = () => {
    doing.reset();
    close();
  };
  return (
    <Modal
      opened={opened}
      onClose={leave}
      title={title}
      {...(language && { lang: language.lang, dir: language.dir, closeButtonProps: { 'aria-label': language.close } })}
    >
      <Stack>
        {children}
        {doing.isError && <Failure error={doing.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={leave}>
            {language?.cancel ?? dismiss}
          </Button>
          <Button
            {...(grave && { color: 'red' })}
            loading={doing.isPending}
            disabled={!ready}
            onClick={() => doing.mutate()}
          >
            {verb}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
