import { expect, it } from 'vitest';
import { withCurrentNames } from './earlier-names.ts';

it.each([
  [{ services: { enrolment: 'denied' } }, { services: { enrollment: 'denied' } }],
  [
    { travellers: 'deny', reasons: ['traveller'] },
    { travelers: 'deny', reasons: ['traveler'] },
  ],
  [
    [{ do: 'hold' }, { do: 'release' }, { do: 'legal-hold' }, { do: 'take', puts: {} }],
    [{ do: 'pause' }, { do: 'resume' }, { do: 'legal-hold' }, { do: 'ip-database', puts: {} }],
  ],
  [{ ground: { crimea: 'UA' } }, { territories: { crimea: 'UA' } }],
  [{ noticePlan: ['P7D', 'entry'] }, { noticePlan: ['P7D', 'effective'] }],
  [{ waiting: 'hold' }, { waiting: 'hold' }],
  [
    { title: 'For travellers', until: null, users: 3 },
    { title: 'For travellers', until: null, users: 3 },
  ],
])('%j reads as %j', (earlier, current) => expect(withCurrentNames(earlier)).toEqual(current));
