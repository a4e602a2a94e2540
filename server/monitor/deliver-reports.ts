/**
 * Delivery of reports by webhook and mail. Each channel delivers in order and at least once: a report stays in the store until the recipient
 * has accepted it. Recipients recognize a repeated report by its id.
 */
import { createHmac } from 'node:crypto';
import type { Mailer } from '../admins/ports.ts';
import { postRequest } from '../outbound/post-request.ts';
import type { MonitorSettings } from './monitor-settings.ts';
import type { MonitorStore, Report } from './monitor-store.ts';

/** Maximum number of reports in one mail, and of webhook requests in one run. */
const AT_ONCE = 50;

export interface DeliveryPorts {
  readonly store: Pick<MonitorStore, 'undelivered' | 'markDelivered'>;
  readonly settings: Pick<MonitorSettings, 'webhook' | 'mail' | 'ledger'>;
  readonly mailer: Pick<Mailer, 'send'> | null;
  readonly log: (text: string) => void;
}

/** Delivers waiting reports. Returns false if a channel failed; a later call tries again. */
export async function deliverReports(ports: DeliveryPorts): Promise<boolean> {
  const results = await Promise.all([attempt(ports, 'webhook', byWebhook), attempt(ports, 'mail', byMail)]);
  return results.every(Boolean);
}

async function attempt(ports: DeliveryPorts, what: string, deliver: (ports: DeliveryPorts) => Promise<void>) {
  try {
    await deliver(ports);
    return true;
  } catch (error) {
    ports.log(`reports wait for the ${what}: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

async function byWebhook({ store, settings: { webhook, ledger } }: DeliveryPorts): Promise<void> {
  if (!webhook) return;
  for (let reports = store.undelivered('webhook', AT_ONCE); reports.length > 0; ) {
    for (const report of reports) {
      const { id, kind, at, content } = report;
      const body = JSON.stringify({ id, kind, at: new Date(at).toISOString(), ledger, ...content });
      await post(webhook, id, body);
      store.markDelivered('webhook', [id]);
    }
    reports = store.undelivered('webhook', AT_ONCE);
  }
}

/** The signature covers the time, so that a recipient can refuse an old copy of a request. */
function post({ url, secret }: { url: string; secret: string }, id: string, body: string): Promise<void> {
  const time = String(Math.floor(Date.now() / 1000));
  const headers = {
    'Cordon-Report': id,
    'Cordon-Time': time,
    'Cordon-Signature': `sha256=${createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')}`,
  };
  // Internal addresses are allowed for this URL, because the operator of the machine wrote it in the settings.
  return postRequest({ url, headers, body, addresses: null });
}

async function byMail({ store, settings: { mail, ledger }, mailer }: DeliveryPorts): Promise<void> {
  if (!mail || !mailer) return;
  for (let reports = store.undelivered('mail', AT_ONCE); reports.length > 0; ) {
    const to = { name: mail.to, address: mail.to };
    await mailer.send({ to, subject: subjectOf(reports), text: `${ledger}\n\n${reports.map(textOf).join('\n\n')}\n` });
    store.markDelivered(
      'mail',
      reports.map(({ id }) => id),
    );
    reports = store.undelivered('mail', AT_ONCE);
  }
}

function subjectOf(reports: readonly Report[]): string {
  const first = reports.find(({ kind }) => kind === 'alarm') ?? reports[0];
  const more = reports.length > 1 ? `, and ${reports.length - 1} more` : '';
  return `${first?.subject ?? ''}${more}`;
}

const textOf = ({ id, text }: Report): string => `${text}\nReport ${id}`;
