/** One's own data as a file, also while an order is in force. */
import { Button, type ButtonProps } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Failure } from '../../../../shared/look/states.tsx';
import { blobOf, save } from '../client/call.ts';
import { WORDS } from '../words/english.ts';

export function ExportButton({ children, ...rest }: ButtonProps & { readonly children: ReactNode }) {
  const saving = useMutation({
    mutationFn: async () =>
      save(await blobOf('/export'), `cordon-messages-${new Date().toISOString().slice(0, 10)}.jsonl`),
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
