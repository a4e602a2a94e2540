/** Table of the routers of the public listener, except for the documents of orders (`orders.ts`) and EST (`est.ts`). */
import type { Router } from 'express';
import { crlRouter } from './crl.ts';
import { ledgerRouter } from './ledger.ts';
import { securityContactRouter } from './security-contact.ts';
import { transparencyReportRouter } from './transparency-report.ts';

export type RouterPorts = Parameters<typeof crlRouter>[0] &
  Parameters<typeof ledgerRouter>[0] &
  Parameters<typeof transparencyReportRouter>[0] &
  Parameters<typeof securityContactRouter>[0];

export const publicRouters = (ports: RouterPorts): Router[] => [
  crlRouter(ports),
  ledgerRouter(ports),
  transparencyReportRouter(ports),
  securityContactRouter(ports),
];
