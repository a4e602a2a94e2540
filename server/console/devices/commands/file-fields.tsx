/** Field of a command that sends a file of the organization to devices. */
import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { FileView } from '../../../../shared/api/files.ts';
import { filesQuery } from '../../files/queries.ts';

export function FileField({
  file,
  change,
}: {
  readonly file: FileView | null;
  readonly change: (file: FileView | null) => void;
}) {
  const files = useQuery(filesQuery).data?.files;
  return (
    <Select
      label="File"
      placeholder="Choose a file"
      description="The page Software has the files of your organization, under “Files”."
      required
      searchable
      nothingFoundMessage="No file found"
      data={(files ?? []).map(({ sha256, name }) => ({ value: sha256, label: name }))}
      error={files?.length === 0 && 'There is no file. Upload one on the page Software, under “Files”.'}
      value={file?.sha256 ?? null}
      onChange={(sha256) => change(files?.find((one) => one.sha256 === sha256) ?? null)}
    />
  );
}
