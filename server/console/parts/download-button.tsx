/** Button that downloads the response of a path. A failure appears beside it. */
import { Button, type ButtonProps } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Failure } from '../../../shared/look/states.tsx';
import { saveDownload } from '../client/save-download.ts';

export function DownloadButton({
  path,
  ...rest
}: ButtonProps & { readonly path: string; readonly 'aria-label'?: string; readonly children: ReactNode }) {
  const saving = useMutation({ mutationFn: () => saveDownload(path, { method: 'GET' }) });
  return (
    <>
      <Button variant="default" {...rest} loading={saving.isPending} onClick={() => saving.mutate()} />
      {saving.isError && <Failure error={saving.error} retry={() => saving.mutate()} />}
    </>
  );
}
