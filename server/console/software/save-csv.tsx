import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Failure } from '../../../shared/look/states.tsx';
import { saveDownload } from '../client/save-download.ts';

export function SaveCsv({ path, label }: { readonly path: string; readonly label: string }) {
  const saving = useMutation({ mutationFn: () => saveDownload(path, { method: 'GET' }) });
  return (
    <>
      <Button variant="default" size="xs" aria-label={label} loading={saving.isPending} onClick={() => saving.mutate()}>
        Download CSV
      </Button>
      {saving.isError && <Failure error={saving.error} retry={() => saving.mutate()} />}
    </>
  );
}
