import { expect, it } from 'vitest';
import { RULE_REASONS } from '../../../shared/disclosure/refusal-reasons.ts';
import { ApiError } from '../../../shared/look/api-error.ts';
import { nextStep, ruleRefusalOf } from './disclosure-words.ts';

it('names each refusal of the rules, with its answer and a next step', () => {
  for (const reason of RULE_REASONS) {
    const refusal = ruleRefusalOf(new ApiError(`disclosure_${reason}`, 'detail', 422, { refusal: 'ref_1' }));
    expect(refusal).toMatchObject({ reason, id: 'ref_1' });
    expect([refusal?.title, refusal?.answer, nextStep(reason)].every(Boolean)).toBe(true);
  }
});

it.each([
  new ApiError('invalid_input', 'detail', 400),
  // The instrument expired between approval and production: an error, and no refusal of the demand.
  new ApiError('disclosure_instrument_expired', 'detail', 422),
  new ApiError('disclosure_not_approved', 'detail', 409, { refusal: 'ref_1' }),
  new Error('disclosure_keys'),
])('reports no refusal for another error: %s', (error) => {
  expect(ruleRefusalOf(error)).toBeNull();
});
