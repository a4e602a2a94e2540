/** What an IP database would do to the fleet, before it is taken: which addresses move from where to where, and whom orders would deny. */
import { Alert, Stack, Text, VisuallyHidden } from '@mantine/core';
import type { IpComparisonView } from '../../../shared/api/ip-databases.ts';
import { Given } from '../../../shared/look/given.tsx';
import { date, duration } from '../../../shared/look/time-words.ts';
import { Places } from '../parts/words.tsx';
import classes from './ip-comparison.module.css';
import { OrderChanges } from './order-changes.tsx';

/** Pairs of countries that are shown; the rest are summed up. */
const SHOWN = 12;

export function IpComparison({ comparison }: { readonly comparison: IpComparisonView }) {
  const { current, other, compared, moved, moves, orders, at } = comparison;
  const shown = moves.slice(0, SHOWN);
  const rest = moves.slice(SHOWN).reduce((sum, { devices }) => sum + devices, 0);
  const most = Math.max(1, ...moves.map(({ devices }) => devices));
  const affected = orders.filter(({ newlyDenied, newlyAllowed }) => newlyDenied + newlyAllowed > 0);
  return (
    <Stack gap="sm">
      <Text size="sm">
        <Given>{other.name}</Given> was built {date(other.builtAt)}, {duration(at - other.builtAt)} ago; in use is{' '}
        <Given>{current.name}</Given> of {date(current.builtAt)}.
      </Text>
      <Text fw={600}>
        {moved === 0
          ? `No device moves: of all ${compared} whose address counts now both say the same.`
          : `${moved} of ${compared} devices whose address counts now would be somewhere else by it.`}
      </Text>
      {moves.length > 0 && (
        <ul className={classes.moves} aria-label="Devices whose address moves">
          {shown.map(({ from, to, devices }) => (
            <li key={`${from} ${to}`}>
              <span>
                <Country code={from} /> <span aria-hidden>→</span>
                <VisuallyHidden>to</VisuallyHidden> <Country code={to} />
              </span>
              <span className={classes.bar} aria-hidden>
                <span style={{ inlineSize: `${(devices / most) * 100}%` }} />
              </span>
              <span className={classes.count}>{devices}</span>
            </li>
          ))}
        </ul>
      )}
      {rest > 0 && (
        <Text size="sm" c="dimmed">
          And {rest} devices between {moves.length - SHOWN} other pairs of countries.
        </Text>
      )}
      {affected.length === 0 ? (
        <Text size="sm">No order in force or announced would deny anybody more or less.</Text>
      ) : (
        <>
          <Alert color="yellow" title="Verdicts would change">
            Devices that are connected are judged by it at once, the others when they next connect. Where another source
            says more than the address, it stays; where the address alone speaks, it counts once it has stood for ten
            minutes.
          </Alert>
          <OrderChanges orders={affected} />
        </>
      )}
    </Stack>
  );
}

const Country = ({ code }: { readonly code: string | null }) =>
  code === null ? <span>Not known</span> : <Places areas={[code]} />;
