/** Devices of the console's tests: their users and locations. Users' names contain scripts, markup and both writing directions. */
import type { Spot } from '../demo/offices.ts';
import type { Resident } from '../demo/population.ts';

const KARACHI = { name: 'Karachi office', country: 'PK', code: 'KHI' };
const BERLIN = { name: 'Berlin <b>office</b>', country: 'DE', code: 'BER' };
export const OFFICES = [KARACHI, BERLIN];

const spot = (label: string, office: Spot['office'], evidence: Spot['evidence'], online = true): Spot => ({
  label,
  office,
  evidence,
  online,
  weight: 1,
});

const IN_KARACHI: Spot['evidence'] = { ip: 'PK', position: [24.861, 67.01, 80], network: '410' };
const IN_BERLIN: Spot['evidence'] = { ip: 'DE', position: [52.52, 13.405, 80] };
const IN_DUBAI: Spot['evidence'] = { ip: 'AE', position: [25.205, 55.271, 80], network: '424' };

/** Title of the document if a script in a name ran. */
export const RAN = 'ran';

interface Housed {
  readonly spot: Spot;
  readonly users: readonly string[];
}

const HOUSES: readonly Housed[] = [
  {
    spot: spot('karachi', KARACHI, IN_KARACHI),
    users: [
      'عائشہ ملک',
      `<img src=x onerror="document.title='${RAN}'">`,
      `Bilal "><script>document.title='${RAN}'</script>`,
      'Omar \u202enahK\u202c Khan',
      `javascript:document.title='${RAN}'`,
    ],
  },
  {
    spot: spot('berlin', BERLIN, IN_BERLIN),
    users: ['Zoë 👩‍🚀 Weiß', "Jörg'; DROP TABLE devices; --", `${'Oberstudiendirektor'.repeat(5)} Ö.`],
  },
  { spot: spot('visiting', BERLIN, IN_KARACHI), users: ['עמית לוי'] },
  {
    spot: spot('traveling', KARACHI, IN_DUBAI),
    users: [`{{constructor.constructor("document.title='${RAN}'")()}}`],
  },
  { spot: spot('nowhere', KARACHI, {}), users: ['=HYPERLINK("https://evil.example","pay")'] },
  { spot: spot('switched-off', KARACHI, IN_KARACHI, false), users: ['فاطمہ خان'] },
];

/** Host names contain office and location: `KHI-karachi-1`. */
const settled = ({ spot: at, users }: Housed): Resident[] =>
  users.map((user, index) => ({
    spot: at,
    index,
    user,
    machine: { hostname: `${at.office.code}-${at.label}-${index + 1}`, distro: 'Debian GNU/Linux', release: '13' },
  }));

export const RESIDENTS: readonly Resident[] = HOUSES.flatMap(settled);
/** Sender and recipient of the demo's message: the first device in Karachi and the first in Berlin. */
export const MESSENGERS = [
  { label: 'karachi', index: 0 },
  { label: 'berlin', index: 0 },
] as const;
/** The two residents who can write to each other. */
export const TWO_RESIDENTS = RESIDENTS.filter(({ spot: { label }, index }) =>
  MESSENGERS.some((one) => one.label === label && one.index === index),
);
