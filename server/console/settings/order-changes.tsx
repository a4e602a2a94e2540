/** Whom orders would deny and allow otherwise by what is compared, before it is taken. */
import { Table } from '@mantine/core';
import type { ReactNode } from 'react';
import type { IpComparisonView } from '../../../shared/api/ip-databases.ts';
import { Given } from '../../../shared/look/given.tsx';
import { PageLink } from '../parts/links.tsx';
import classes from './ip-comparison.module.css';
import { scrolled } from './scrolled.ts';

type Changed = IpComparisonView['orders'][number];

/** `more`: under an order's title. */
export function OrderChanges<T extends Changed>(given: {
  readonly orders: readonly T[];
  readonly more?: (order: T) => ReactNode;
}) {
  return (
    <Table.ScrollContainer
      minWidth={320}
      scrollAreaProps={{ viewportProps: scrolled('Orders that would deny otherwise') }}
    >
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Order</Table.Th>
            <Table.Th className={classes.count}>Newly denied</Table.Th>
            <Table.Th className={classes.count}>Newly allowed</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {given.orders.map((each) => (
            <Table.Tr key={each.order}>
              <Table.Td>
                <PageLink to="/orders/$number" params={{ number: each.order }} underline="always">
                  {each.order}
                </PageLink>{' '}
                <Given>{each.title}</Given>
                {given.more?.(each)}
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
