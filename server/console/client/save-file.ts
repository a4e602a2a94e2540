/** Files that the browser saves. */
import { download } from './call.ts';

/** One that the server makes, under the name that the server gives. */
export async function saveFile(...asked: Parameters<typeof download>): Promise<void> {
  const { file, name } = await download(...asked);
  keepFile(file, name);
}

/** One that the page makes itself. */
export function keepFile(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
