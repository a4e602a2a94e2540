/** Button that copies a text and announces the result to screen readers. */
import { Button, type ButtonProps } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { type ReactNode, useEffect, useState } from 'react';

const ENGLISH = { copied: 'Copied', failed: 'Copying failed. Select the text and copy it.' };

type State = 'ready' | 'copied' | 'failed';

export function CopyButton({
  text,
  words = ENGLISH,
  children,
  ...rest
}: ButtonProps & { readonly text: string; readonly words?: typeof ENGLISH; readonly children: ReactNode }) {
  const [state, setState] = useState<State>('ready');
  useEffect(() => {
    if (state === 'ready') return;
    const timer = setTimeout(() => setState('ready'), 3_000);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setState('copied'),
      // The browser may forbid access to the clipboard. The user can then select the text beside the button.
      () => setState('failed'),
    );
  return (
    <Button
      variant="default"
      leftSection={state === 'copied' ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
      onClick={() => void copy()}
      {...rest}
    >
      <span aria-live="polite">{state === 'ready' ? children : words[state]}</span>
    </Button>
  );
}
