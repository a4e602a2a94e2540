import { Button, type ButtonProps } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { saveFile } from '../../../../shared/look/save-file.ts';
import { Failure } from '../../../../shared/look/states.tsx';
import { blobOf } from '../client/call.ts';
import { WORDS } from '../words/english.ts';

export function ExportButton({ children, ...rest }: ButtonProps & { readonly children: ReactNode }) {
  const saving = useMutation({
    mutationFn: async () =>
      saveFile(await blobOf('/export'), `cordon-messages-${new Date().toISOString().slice(0, 10)}.jsonl`),
  });
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconDownload size={16} aria-hidden />}
        loading={saving.isPending}
        onClick={() => saving.mutate()}
        {...rest}
      >
        {saving.isPending ? WORDS.menu.exporting : children}
      </Button>
      {saving.isError && <Failure error={saving.error} />}
    </>
  );
}
