/** Downloads a file and saves it under the file name from the server's response. */
import { saveFile } from '../../../shared/look/save-file.ts';
import { download } from './call.ts';

export async function saveDownload(...args: Parameters<typeof download>): Promise<void> {
  const { file, name } = await download(...args);
  saveFile(file, name);
}
