/** A button that asks for a file. A browser by itself is silent when the same one is chosen twice, as after a refusal. */
import { Button, type ButtonProps, FileButton } from '@mantine/core';
import type { MouseEvent, ReactNode } from 'react';

const forget = ({ currentTarget }: MouseEvent<HTMLInputElement>) => {
  currentTarget.value = '';
};

export function ChooseFile({
  what,
  accept,
  choose,
  ...rest
}: ButtonProps & {
  /** What the file is, for whoever hears the field instead of seeing the button. */
  readonly what: string;
  readonly accept?: string;
  readonly choose: (file: File) => void;
  readonly id?: string;
  readonly children: ReactNode;
}) {
  return (
    <FileButton
      {...(accept !== undefined && { accept })}
      onChange={(file) => file && choose(file)}
      inputProps={{ 'aria-label': what, onClick: forget }}
    >
      {(props) => <Button variant="default" {...rest} {...props} />}
    </FileButton>
  );
}
