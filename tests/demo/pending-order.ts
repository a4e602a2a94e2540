/** The order that waits for approval when the demo begins: one country, two services, eight days' notice. The authority is invented. */
import type { Instant } from '../../shared/time/clock.ts';

const ZONE = 'Asia/Karachi';
const NOTICE_DAYS = 8;
/** Grace period of visitors. It ends two days after the order takes effect. */
const VISITORS = 'P10D';

export function pendingOrder(now: Instant): object {
  const first = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(ZONE).toPlainDate();
  const effective = first.add({ days: NOTICE_DAYS });
  const written = (language: string) =>
    effective.toLocaleString(language, { day: 'numeric', month: 'long', year: 'numeric' });
  return {
    title: 'Pakistan',
    areas: ['PK'],
    services: ['messaging', 'mail'],
    nexus: ['present', 'network'],
    effective: `${effective}T00:00`,
    zone: ZONE,
    unknown: 'allow',
    contested: 'allow',
    travelers: 'allow',
    visitors: VISITORS,
    authority: 'Telecommunications authority of Pakistan (invented for this demo)',
    addressee: 'The mobile network operators of Pakistan',
    instrument: `Directive 14/${first.year} of ${first.toLocaleString('en-GB', { day: 'numeric', month: 'long', year: 'numeric' })} (invented for this demo)`,
    statement: {
      en: `By order of the telecommunications authority, messages and mail end in Pakistan on ${written('en-GB')} at 00:00, Pakistan time. What is on your device stays readable. Nobody has been given access to what you wrote.`,
      ur: `ٹیلی کمیونیکیشن اتھارٹی کے حکم پر پاکستان میں پیغامات اور ای میل کی سروسز ${written('ur-PK')} کو رات 12 بجے (پاکستان کے وقت) بند ہو جائیں گی۔ جو کچھ آپ کے آلے پر ہے وہ پڑھا جا سکے گا۔ آپ کی تحریروں تک کسی کو رسائی نہیں دی گئی۔`,
    },
    authoritativeLanguage: 'en',
    appeal: 'appeals@example.org',
  };
}
