/** Downloads a file and saves it under the name that the server gives. */
import { saveFile } from '../../../shared/look/save-file.ts';
import { download } from './call.ts';

export async function saveDownload(...asked: Parameters<typeof download>): Promise<void> {
  const { file, name } = await download(...asked);
  saveFile(file, name);
}
