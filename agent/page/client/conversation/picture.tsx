/**
 * Picture drawn as pixels: the browser decodes the bytes onto a canvas, so that they never become a document, a style or an address. The
 * bytes determine the type; the type that the sender stated is ignored.
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
/** Maximum number of pixels per side. A few bytes can declare a picture of gigapixels. */
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
  // A picture never changes, so no event makes this query stale.
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
