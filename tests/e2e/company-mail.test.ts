/** Mail between a real Postfix and devices, through the mail connector and the server. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CompanyMail, openCompanyMail } from '../support/company-mail.ts';
import { freePort } from '../support/free-port.ts';
import type { MailDevice } from '../support/mail-device.ts';
import { OUTSIDE, type Postfix, postfixTool, startPostfix } from '../support/postfix.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';

describe.skipIf(!postfixTool.present)('a company with Postfix', () => {
  let company: CompanyMail;
  let postfix: Postfix;
  let amina: MailDevice;
  let bilal: MailDevice;

  beforeAll(async () => {
    const submission = await freePort();
    company = await openCompanyMail({ submission });
    postfix = await startPostfix(company.smtpPort, company.authority, ['otto'], submission);
    amina = await company.person('Amina');
    bilal = await company.person('Bilal');
  }, 300_000);
  afterAll(async () => {
    await postfix?.stop();
    await company?.close();
  });

  it('works', async () => {
    const client = await SmtpClient.connect(postfix.port);
    await client.say('EHLO x.example');
    const text = 'From: otto@outside.example\nSubject: hello\nMessage-ID: <1@x>\n\nhello there\n';
    expect(await client.mail(`otto@${OUTSIDE}`, ['amina@corp.example', 'bilal@corp.example'], text)).toMatch(/^250/);
    await until(() => {
      if (amina.received.length !== 1 || bilal.received.length !== 1)
        throw new Error(`${postfix.log().slice(-2000)}\n${company.connector.log.slice(-3000)}\n${amina.refused}`);
    }, 30_000);
    expect(amina.received[0]?.message).toContain('hello there');
    await amina.send(
      'amina@corp.example',
      [`otto@${OUTSIDE}`],
      'From: amina@corp.example\r\nSubject: re\r\n\r\nback\r\n',
    );
    await until(() => {
      if (postfix.mailbox('otto').length !== 1)
        throw new Error(`${postfix.log().slice(-2000)}\n${company.connector.log.slice(-3000)}`);
    }, 30_000);
  });
});
