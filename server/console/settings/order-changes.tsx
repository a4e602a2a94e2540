/**
 * Orders for which new data, such as an IP database, changes the affected devices. Each order shows the numbers of newly affected and no
 * longer affected devices.
 */
import { Table } from '@mantine/core';
import type { ReactNode } from 'react';
import type { IpComparisonView } from '../../../shared/api/ip-databases.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { PageLink } from '../parts/links.tsx';
import classes from './ip-comparison.module.css';
import { scrollRegion } from './scroll-region.ts';

type Changed = IpComparisonView['orders'][number];

export function OrderChanges<T extends Changed>(props: {
  readonly orders: readonly T[];
  readonly more?: (order: T) => ReactNode;
}) {
  return (
    <Table.ScrollContainer
      minWidth={320}
      scrollAreaProps={{ viewportProps: scrollRegion('Newly affected and no longer affected devices of each order') }}
    >
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Order</Table.Th>
            <Table.Th className={classes.count}>Newly affected</Table.Th>
            <Table.Th className={classes.count}>No longer affected</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {props.orders.map((each) => (
            <Table.Tr key={each.order}>
              <Table.Td>
                <PageLink to="/orders/$number" params={{ number: each.order }} underline="always">
                  {each.order}
                </PageLink>{' '}
                <UserText>{each.title}</UserText>
                {props.more?.(each)}
              </Table.Td>
              <Table.Td className={classes.count}>{each.newlyDenied}</Table.Td>
              <Table.Td className={classes.count}>{each.newlyAllowed}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
