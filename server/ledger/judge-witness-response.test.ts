import { describe, expect, it } from 'vitest';
import { judgeWitnessResponse, type ResponseVerdict, type WitnessResponse } from './judge-witness-response.ts';
import { responsesNeeded, type WitnessSetting } from './witnesses.ts';

const responseOf = (status: number, size: number | null = null): WitnessResponse => ({ status, size, body: 'words\n' });
const reason = expect.stringContaining('words');
const failed = { step: 'failed', reason };

/** The server submits a checkpoint of 9 entries, with a proof from 5. */
it.each<readonly [name: string, response: WitnessResponse, verdict: ResponseVerdict | typeof failed]>([
  ['a cosignature', responseOf(200), { step: 'check-cosignature' }],
  ['an unknown ledger', responseOf(404), { step: 'unknown-ledger', reason }],
  ['an older tree of the witness', responseOf(409, 3), { step: 'submit-again', oldSize: 3 }],
  ['a newer tree of the witness, in the ledger', responseOf(409, 8), { step: 'submit-again', oldSize: 8 }],
  ['the same tree', responseOf(409, 9), { step: 'submit-again', oldSize: 9 }],
  ['a witness that lost its state', responseOf(409, 0), { step: 'submit-again', oldSize: 0 }],
  ['a witness that has more entries', responseOf(409, 10), { step: 'ahead', size: 10 }],
  ['a conflict without a size', responseOf(409), failed],
  ['a conflict with the submitted size', responseOf(409, 5), failed],
  ['a refused proof', responseOf(422), { step: 'forked', size: 5 }],
  ['a key that the witness does not trust', responseOf(403), { step: 'unknown-ledger', reason }],
  ['a malformed request', responseOf(400), failed],
  ['an overloaded witness', responseOf(503), failed],
  ['a redirect', responseOf(302), failed],
])('%s', (_name, given, verdict) => {
  expect(judgeWitnessResponse(given, { oldSize: 5, size: 9 })).toEqual(verdict);
});

/** The server submits the checkpoint of a size that the witness has cosigned. Versions of C2SP tlog-witness demand different responses. */
it.each<readonly [name: string, response: WitnessResponse, verdict: ResponseVerdict | typeof failed]>([
  ['409 without a size (1.0.0)', responseOf(409), { step: 'forked', size: 9 }],
  ['409 with the same size', responseOf(409, 9), { step: 'forked', size: 9 }],
  ['422 (after 1.0.0)', responseOf(422), { step: 'forked', size: 9 }],
  ['409 with another size', responseOf(409, 8), { step: 'submit-again', oldSize: 8 }],
  ['409 with more entries', responseOf(409, 10), { step: 'ahead', size: 10 }],
])('another root of the same size: %s', (_name, given, verdict) => {
  expect(judgeWitnessResponse(given, { oldSize: 9, size: 9 })).toEqual(verdict);
});

it('a conflict about the empty tree does not accuse the ledger of a fork', () => {
  expect(judgeWitnessResponse(responseOf(409, 0), { oldSize: 0, size: 0 })).toEqual(failed);
});

it('a refusal without a proof does not accuse the ledger of a fork', () => {
  expect(judgeWitnessResponse(responseOf(422), { oldSize: 0, size: 9 })).toEqual(failed);
});

describe('the number of witnesses that must respond after a start', () => {
  const settings = (count: number): WitnessSetting[] =>
    Array.from({ length: count }, (_, at) => ({ name: `w${at}`, url: '', key: `w${at}` }));
  it.each<readonly [configured: number, rule: readonly [threshold: number, keys: number] | null, needed: number]>([
    [0, null, 0],
    [1, null, 1],
    [3, null, 1],
    [3, [2, 3], 2],
    [3, [3, 3], 1],
    [3, [1, 3], 3],
    [1, [2, 3], 1],
    [5, [2, 3], 2],
  ])('%i configured, rule %o: %i', (configured, rule, needed) => {
    const policy = rule && { threshold: rule[0], keys: settings(rule[1]).map(({ key }) => key) };
    expect(responsesNeeded(settings(configured), policy).needed).toBe(needed);
  });
});
