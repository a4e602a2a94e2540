/** Small things said in many places: a name in any script, an area, a moment. */
import { useServerNow } from '../client/server-time.tsx';
import { areaName } from '../words/areas.ts';
import { dateTime, relative } from '../words/time.ts';
import { Hint } from './hint.tsx';

/** Text that people gave: it keeps its own direction and cannot turn what stands beside it around. */
export const Given = ({ children }: { readonly children: string }) => <bdi>{children}</bdi>;

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
