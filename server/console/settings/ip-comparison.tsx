/** Impact preview of an IP database: devices whose address moves to another country, and orders whose affected devices change. */
import { Alert, Stack, Text, VisuallyHidden } from '@mantine/core';
import type { IpComparisonView } from '../../../shared/api/ip-databases.ts';
import { date, duration } from '../../../shared/look/time-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { AreaNames } from '../parts/words.tsx';
import classes from './ip-comparison.module.css';
import { OrderChanges } from './order-changes.tsx';

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
        <UserText>{other.name}</UserText> was built {date(other.builtAt)}, {duration(at - other.builtAt)} ago. The
        active database is <UserText>{current.name}</UserText> of {date(current.builtAt)}.
      </Text>
      <Text fw={600}>
        {moved === 0
          ? `No changes. Both databases locate all ${compared} devices in the same country.`
          : `${moved} of ${compared} devices would be located in another country.`}
      </Text>
      {moves.length > 0 && (
        <ul className={classes.moves} aria-label="Devices with another country">
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
          {rest} more devices between {moves.length - SHOWN} other pairs of countries.
        </Text>
      )}
      {affected.length === 0 ? (
        <Text size="sm">Each active or announced order would affect the same devices as now.</Text>
      ) : (
        <>
          <Alert color="yellow" title="Verdicts would change">
            The change applies to connected devices at once, and to other devices when they connect. Stronger evidence
            than the IP address stays valid. Without other evidence, a new location counts after ten minutes.
          </Alert>
          <OrderChanges orders={affected} />
        </>
      )}
    </Stack>
  );
}

const Country = ({ code }: { readonly code: string | null }) =>
  code === null ? <span>Unknown</span> : <AreaNames areas={[code]} />;
