/**
 * Picture as pixels only: the browser decodes its bytes onto a canvas, so that they never become a document, style or address. Only small
 * pictures of the four types above, by content and not by the sender's type.
 */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type { Message } from '../../api.ts';
import { blobOf } from '../client/call.ts';
import { WORDS } from '../words/english.ts';
import { isolated } from '../words/names.ts';
import classes from './conversation.module.css';
import { pictureKind } from './picture-kind.ts';

const LARGEST = 1024 * 1024;
/** Maximum pixels per side: a few bytes can declare gigapixels. */
const WIDEST = 8192;
const DRAWN = 640;

export const mayDraw = ({ type, size }: Message['attachments'][number]): boolean =>
  size <= LARGEST && /^image\/(png|jpeg|gif|webp)$/.test(type);

async function decode(path: string): Promise<ImageBitmap | null> {
  const blob = await blobOf(path);
  const type = pictureKind(new Uint8Array(await blob.slice(0, 32).arrayBuffer()));
  if (type === null) return null;
  const decoded = await createImageBitmap(new Blob([blob], { type })).catch(() => null);
  return decoded && decoded.width <= WIDEST && decoded.height <= WIDEST ? decoded : null;
}

export function Picture({ path, name }: { readonly path: string; readonly name: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  // Pictures never change, so no event makes this query stale.
  const { data: picture } = useQuery({ queryKey: ['picture', path], queryFn: () => decode(path), staleTime: 'static' });
  useEffect(() => {
    const place = canvas.current;
    if (!place || !picture) return;
    const scale = Math.min(1, DRAWN / Math.max(picture.width, picture.height));
    place.width = Math.max(1, Math.round(picture.width * scale));
    place.height = Math.max(1, Math.round(picture.height * scale));
    place.getContext('2d')?.drawImage(picture, 0, 0, place.width, place.height);
  }, [picture]);
  if (!picture) return null;
  return (
    <canvas ref={canvas} className={classes.picture} role="img" aria-label={WORDS.attachment.picture(isolated(name))} />
  );
}
