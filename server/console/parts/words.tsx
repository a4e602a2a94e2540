/** Small things said in many places: a name in any script, an area, a moment. */
import { Text, Tooltip } from '@mantine/core';
import { useServerNow } from '../client/server-time.tsx';
import { areaName } from '../words/areas.ts';
import { dateTime, relative } from '../words/time.ts';

/** Text that people gave: it keeps its own direction and cannot turn what stands beside it around. */
export const Given = ({ children }: { readonly children: string }) => <bdi>{children}</bdi>;

export function Area({ code }: { readonly code: string }) {
  const name = areaName(code);
  return name === code ? <span>{code}</span> : <abbr title={code}>{name}</abbr>;
}

/** A moment by the server's clock, as distance; the date is a hover, a focus or a tap away. */
export function Moment({ at, now }: { readonly at: number; readonly now?: number }) {
  return (
    <Tooltip label={dateTime(at)}>
      <Text component="time" inherit span dateTime={new Date(at).toISOString()} tabIndex={0}>
        {now === undefined ? <Distance at={at} /> : relative(at, now)}
      </Text>
    </Tooltip>
  );
}

function Distance({ at }: { readonly at: number }) {
  return relative(at, useServerNow(10_000));
}
