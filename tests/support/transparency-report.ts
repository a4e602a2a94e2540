/** Transparency reports for tests of the public page. */
import type { StatementView, TransparencyReport } from '../../shared/api/transparency.ts';
import { TRANSPARENCY_STATEMENT } from '../../shared/disclosure/documents.ts';
import { REFUSAL_WORDS, type RefusalReason } from '../../shared/disclosure/refusal-reasons.ts';
import { sha256 } from '../../shared/order/digest.ts';

/** The 12 months from November 2014. `filled`: months with counts; the others have zeros. */
const months = (filled: Readonly<Record<string, { answered: number; accounts: number; refused: number }>> = {}) =>
  Array.from({ length: 12 }, (_, at) => {
    const month = new Date(Date.UTC(2014, 10 + at)).toISOString().slice(0, 7);
    const { answered = 0, accounts = 0, refused = 0 } = filled[month] ?? {};
    return { month, received: answered + refused, answered, accounts, refused };
  });

/** Report of a year without requests, orders or a statement. */
export const emptyReport = (): TransparencyReport => ({
  organization: 'Exempel & Co',
  installation: 'ins_test',
  from: '2014-11',
  to: '2015-10',
  createdAt: Date.parse('2015-11-20T12:00:00.000Z'),
  disclosures: { received: 0, answered: 0, pending: 0, refused: 0, refusedByReason: [], months: months() },
  orders: { count: 0, withheld: 0, suspended: [] },
  keys: [],
  statement: { state: 'none' },
  statements: [],
});

export function signedStatement(date: string, expires: string): StatementView {
  return {
    state: 'adopted',
    payload: `{"date":"${date}","expires":"${expires}"}`,
    payloadType: 'application/vnd.cordon.transparency-statement.v1+json',
    digest: sha256(date),
    text: TRANSPARENCY_STATEMENT,
    date,
    expires,
    adoptedAt: Date.parse(date),
    signatures: ['ada', 'ben'].map((name) => ({
      keyid: sha256(name),
      sig: 'c2ln',
      publicKey: 'a2V5',
      rpId: null,
      person: `per_${name}`,
      at: Date.parse(date),
    })),
    signed: 2,
    needed: 2,
  };
}

/** Report with a valid statement, refusals, days of suspended service and keys. */
export function filledReport(): TransparencyReport {
  const statement = signedStatement('2015-11-01T09:00:00.000Z', '2015-12-01T09:00:00.000Z');
  const refused: [RefusalReason, number][] = [
    ['subject_everyone', 3],
    ['wholesale', 1],
    ['instrument_expired', 1204],
  ];
  return {
    ...emptyReport(),
    disclosures: {
      received: 1213,
      answered: 5,
      pending: 2,
      refused: 1208,
      refusedByReason: refused.map(([reason, count]) => ({ reason, title: REFUSAL_WORDS[reason].title, count })),
      months: months({
        '2015-03': { answered: 4, accounts: 3, refused: 1204 },
        '2015-10': { answered: 1, accounts: 1, refused: 4 },
      }),
    },
    orders: {
      count: 3,
      withheld: 1,
      suspended: [
        { area: 'PK', services: ['messaging', 'mail'], days: 42, orders: 2 },
        { area: 'PK-SD', services: ['management'], days: 1, orders: 1 },
      ],
    },
    keys: [
      { use: 'Issuing CA', opens: 'Nothing. The key signs certificates.', publicKey: sha256('ca') },
      { use: 'Passphrase <b>', opens: 'The encrypted keys of the server.', publicKey: null },
    ],
    statement: {
      state: 'valid',
      statement,
      inclusion: {
        index: 4711,
        body: '{"kind":"transparency.stated"}',
        proof: [Buffer.from(sha256('left'), 'hex').toString('base64')],
        checkpoint: `cordon/ins_test\n4712\n${'D'.repeat(43)}=\n\n— cordon/ins_test ${'E'.repeat(92)}\n`,
        key: `cordon/ins_test+01234567+${'F'.repeat(44)}`,
      },
    },
    statements: [statement, signedStatement('2015-10-01T09:00:00.000Z', '2015-11-02T09:00:00.000Z')],
  };
}
