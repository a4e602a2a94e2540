/**
 * Button that selects a file. It clears the selection each time. Otherwise the browser sends no event if the user selects the same file
 * again.
 */
import { Button, type ButtonProps, FileButton } from '@mantine/core';
import type { MouseEvent, ReactNode } from 'react';

const forget = ({ currentTarget }: MouseEvent<HTMLInputElement>) => {
  currentTarget.value = '';
};

export function UploadButton({
  label,
  accept,
  choose,
  ...rest
}: ButtonProps & {
  readonly label: string;
  readonly accept?: string;
  readonly choose: (file: File) => void;
  readonly id?: string;
  readonly children: ReactNode;
}) {
  return (
    <FileButton
      {...(accept !== undefined && { accept })}
      onChange={(file) => file && choose(file)}
      inputProps={{ 'aria-label': label, onClick: forget }}
    >
      {(props) => <Button variant="default" {...rest} {...props} />}
    </FileButton>
  );
}
