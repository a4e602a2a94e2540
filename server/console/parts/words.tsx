/** Small things said in many places: an area, a moment. */

import { areaName } from '../../../shared/areas/area-words.ts';
import { Hint } from '../../../shared/look/hint.tsx';
import { dateTime, relative } from '../../../shared/look/time-words.ts';
import { useServerNow } from '../client/server-time.tsx';

export function Area({ code }: { readonly code: string }) {
  const name = areaName(code);
  return name === code ? <span>{code}</span> : <abbr title={code}>{name}</abbr>;
}

/** `Pakistan`; of several each may be meant: `India or Pakistan`. */
export const Places = ({ areas }: { readonly areas: readonly string[] }) =>
  areas.map((code, index) => (
    <span key={code}>
      {index > 0 && ' or '}
      <Area code={code} />
    </span>
  ));

/** A moment by the server's clock, as distance; the date is a hover or a focus away. */
export function Moment({ at, now }: { readonly at: number; readonly now?: number }) {
  return (
    <Hint text={dateTime(at)}>
      <time dateTime={new Date(at).toISOString()}>{now === undefined ? <Distance at={at} /> : relative(at, now)}</time>
    </Hint>
  );
}

function Distance({ at }: { readonly at: number }) {
  return relative(at, useServerNow(10_000));
}
