/** Submission of mail to the company's mail server (RFC 6409, library nodemailer). The bytes of the message do not change. */
import { createTransport } from 'nodemailer';
import { z } from 'zod';
import { oneLine } from '../../shared/text/visible-text.ts';
import { wireAddress } from './addresses.ts';

const SECOND = 1000;
/** Deadline for each step: connection, greeting, response to a command. */
const STEP = 60 * SECOND;
/** Deadline for one message, long enough for 36 MiB over a slow network. */
const DEADLINE = 15 * 60 * SECOND;
const LARGEST_RESPONSE = 64 * 1024;
const LONGEST_RESPONSE = 400;

export interface SubmissionServer {
  readonly host: string;
  readonly port: number;
  /**
   * Use of TLS. `start`: TLS from the first byte. `required`: STARTTLS, or no submission. `none`: no TLS, only for a server on this
   * machine.
   */
  readonly tls: 'start' | 'required' | 'none';
  readonly login: { readonly user: string; readonly password: string } | null;
}

export interface Submission {
  readonly from: string | null;
  readonly to: readonly string[];
  readonly message: Buffer;
}

/** Result for one recipient. `later`: a temporary failure. `response`: text of the mail server, or the reason for a failed connection. */
export interface SubmissionResult {
  readonly address: string;
  readonly result: 'accepted' | 'later' | 'refused';
  readonly response: string;
}

export interface Submitter {
  submit(mail: Submission): Promise<readonly SubmissionResult[]>;
  /** Connects and signs in without sending mail. Returns the reason for a failure; null if the server can be used. */
  check(): Promise<string | null>;
  close(): void;
}

export function createSubmitter({ host, port, tls, login }: SubmissionServer, name: string): Submitter {
  const transport = createTransport({
    name,
    host,
    port,
    secure: tls === 'start',
    requireTLS: tls === 'required',
    ignoreTLS: tls === 'none',
    tls: { minVersion: 'TLSv1.2' },
    ...(login !== null && { auth: { user: login.user, pass: login.password }, forceAuth: true }),
    connectionTimeout: STEP,
    greetingTimeout: STEP,
    dnsTimeout: STEP,
    socketTimeout: STEP,
    socketCloseTimeout: 0,
    maxResponseSize: LARGEST_RESPONSE,
    disableFileAccess: true,
    disableUrlAccess: true,
  });

  return {
    async submit({ from, to, message }) {
      try {
        const sent = transport.sendMail({ envelope: { from: from ?? '', to: [...to] }, raw: message });
        const info = sentSchema.parse(await within(sent));
        return resultsOf(to, info);
      } catch (error) {
        return failedResults(to, faultSchema.parse(error));
      }
    },
    async check() {
      try {
        await within(transport.verify());
        return null;
      } catch (error) {
        const { response, message } = faultSchema.parse(error);
        return shown(response ?? message);
      }
    },
    close: () => transport.close(),
  };
}

const rejectedSchema = z.object({
  recipient: z.string().optional(),
  response: z.string().optional(),
  responseCode: z.number().optional(),
  message: z.string().default('refused'),
});
const sentSchema = z.object({
  response: z.string().default(''),
  rejected: z.array(z.string()).default([]),
  rejectedErrors: z.array(rejectedSchema).default([]),
});
const faultSchema = z.object({
  message: z.string().default('unknown error'),
  response: z.string().optional(),
  responseCode: z.number().optional(),
  command: z.string().optional(),
  rejectedErrors: z.array(rejectedSchema).optional(),
});
type Fault = z.infer<typeof faultSchema>;

function resultsOf(to: readonly string[], { response, rejected, rejectedErrors }: z.infer<typeof sentSchema>) {
  return to.map((address): SubmissionResult => {
    const fault = rejectedErrors.find(({ recipient }) => isSent(recipient, address));
    if (fault) return refusedOrLater(address, fault);
    if (rejected.some((each) => isSent(each, address))) return { address, result: 'refused', response: 'refused' };
    return { address, result: 'accepted', response: shown(response) };
  });
}

/** True if nodemailer sent `address` as `recipient`. It writes the domain in lower case and in another encoding. */
const isSent = (recipient: string | undefined, address: string): boolean =>
  recipient !== undefined && wireAddress(recipient) === wireAddress(address);

/** A permanent response (5xx) to the message or to all recipients is final. Everything else, such as a lost connection, is temporary. */
export function failedResults(to: readonly string[], fault: Fault): SubmissionResult[] {
  return to.map((address) => {
    const own = fault.rejectedErrors?.find(({ recipient }) => isSent(recipient, address));
    if (own) return refusedOrLater(address, own);
    const concernsMessage = fault.command === 'DATA' || fault.command === 'MAIL FROM' || fault.command === 'RCPT TO';
    return refusedOrLater(address, concernsMessage ? fault : { ...fault, responseCode: undefined });
  });
}

function refusedOrLater(address: string, fault: z.infer<typeof rejectedSchema>): SubmissionResult {
  const permanent = fault.responseCode !== undefined && fault.responseCode >= 500 && fault.responseCode <= 599;
  return { address, result: permanent ? 'refused' : 'later', response: shown(fault.response ?? fault.message) };
}

const shown = (text: string): string => oneLine(text).trim().slice(0, LONGEST_RESPONSE);

async function within<T>(work: Promise<T>): Promise<T> {
  const deadline = Promise.withResolvers<never>();
  const timer = setTimeout(() => deadline.reject(new Error('the mail server did not respond in time')), DEADLINE);
  try {
    return await Promise.race([work, deadline.promise]);
  } finally {
    clearTimeout(timer);
  }
}
