import { areaName } from '../../../shared/areas/area-words.ts';
import { Hint } from '../../../shared/look/hint.tsx';
import { dateTime, relative } from '../../../shared/look/time-words.ts';
import { useDemoLead, useServerNow } from '../client/server-time.tsx';

export function Area({ code }: { readonly code: string }) {
  const name = areaName(code);
  return name === code ? <span>{code}</span> : <abbr title={code}>{name}</abbr>;
}

export const AreaNames = ({ areas }: { readonly areas: readonly string[] }) =>
  areas.map((code, index) => (
    <span key={code}>
      {index > 0 && ' or '}
      <Area code={code} />
    </span>
  ));

/**
 * Time relative to now, with the date in a tooltip. `now`: present time of the clock that the event uses; pass the system clock's time for
 * events that do not use the server clock.
 */
export function Moment({ at, now }: { readonly at: number; readonly now?: number }) {
  const lead = useDemoLead();
  const shown = now === undefined ? at : at + lead;
  return (
    <Hint text={dateTime(shown)}>
      <time dateTime={new Date(shown).toISOString()}>
        {now === undefined ? <Distance at={at} /> : relative(at, now)}
      </time>
    </Hint>
  );
}

/** Date and time of an event by the system clock, such as the end of a session. */
export function RealDate({ at }: { readonly at: number }) {
  return dateTime(at + useDemoLead());
}

function Distance({ at }: { readonly at: number }) {
  return relative(at, useServerNow(10_000));
}
