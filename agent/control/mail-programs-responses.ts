import { CordonError } from '../../shared/errors.ts';
import type { SmtpReply } from '../mail-connector/smtp-reply.ts';
import { DEFAULT_PORT } from '../mail-programs/default-port.ts';
import type { MailPrograms, MailProgramsStatus, NewMailPassword } from '../mail-programs/mail-programs.ts';
import type { MailProgramsRequest } from './control.ts';

/** Responds to a request about the service for other mail programs. `programs`: null on a mail connector, which has no user. */
export async function respondToMailPrograms(
  programs: MailPrograms | null,
  request: MailProgramsRequest,
): Promise<MailProgramsStatus | NewMailPassword | SmtpReply> {
  if (!programs) throw new CordonError('forbidden', 'A mail connector does not serve mail programs of a user.');
  if (request.op === 'mail-submit') {
    const { from, to, message } = request;
    return programs.send(Buffer.from(message, 'base64'), { from, to });
  }
  if (request.change === 'on') return programs.switchOn(request.port ?? DEFAULT_PORT);
  if (request.change === 'off') await programs.switchOff();
  return programs.status();
}
