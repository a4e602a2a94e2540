import { type FileView, fetchedFileList, fileList } from '../../../shared/api/files.ts';
import type { Command } from '../../../shared/protocol/frames.ts';
import { topicQuery } from '../client/queries.ts';

/** Files that are ready for devices. */
export const filesQuery = topicQuery([], '/files', fileList);

export const fetchedFilesQuery = (device: string) =>
  topicQuery(['commands'], `/devices/${device}/fetched-files`, fetchedFileList);

export const pushCommandOf = ({ name, sha256, size }: FileView): Command => ({ kind: 'push-file', name, sha256, size });
