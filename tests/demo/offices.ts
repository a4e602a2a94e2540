/**
 * Locations of the demo's devices in fourteen countries. They include travelers, visitors, offline machines, tunnels, borders and unknown
 * locations. `weight`: number out of about 200 devices.
 */
import type { Evidence } from '../replay/timeline.ts';

export interface Office {
  readonly name: string;
  /** Country of the office. */
  readonly country: string;
  /** Prefix of the host names. */
  readonly code: string;
}

export interface Spot {
  readonly label: string;
  readonly office: Office;
  readonly evidence: Evidence;
  readonly online: boolean;
  readonly weight: number;
}

type Point = [number, number];

/** Typical accuracy of a laptop's position in a town, in meters. */
const IN_TOWN = 80;
/** Accuracy at a border, so that the border crosses the circle of the position. */
const ALONG_THE_BORDER = 6_000;

interface City extends Office {
  readonly at: Point;
  readonly laptops: number;
  readonly desks: number;
}

const city = (name: string, country: string, code: string, at: Point, laptops: number, desks: number): City => ({
  name,
  country,
  code,
  at,
  laptops,
  desks,
});

const KARACHI = city('Karachi', 'PK', 'KHI', [24.861, 67.01], 12, 5);
const BERLIN = city('Berlin', 'DE', 'BER', [52.52, 13.405], 9, 6);
const LAHORE = city('Lahore', 'PK', 'LHE', [31.52, 74.359], 5, 2);
const DUBAI = city('Dubai', 'AE', 'DXB', [25.205, 55.271], 8, 5);
const DELHI = city('Delhi', 'IN', 'DEL', [28.614, 77.209], 3, 2);
const TORONTO = city('Toronto', 'CA', 'YYZ', [43.653, -79.383], 7, 5);
const TOKYO = city('Tokyo', 'JP', 'TYO', [35.676, 139.65], 6, 3);
const LONDON = city('London', 'GB', 'LON', [51.507, -0.128], 9, 6);
const NAIROBI = city('Nairobi', 'KE', 'NBO', [-1.292, 36.822], 5, 3);
const ISTANBUL = city('İstanbul', 'TR', 'IST', [41.008, 28.978], 4, 2);
const RIYADH = city('Riyadh', 'SA', 'RUH', [24.714, 46.675], 6, 3);
const JAKARTA = city('Jakarta', 'ID', 'CGK', [-6.209, 106.846], 5, 3);

/** The first fourteen spots are in fourteen countries, so that a small demo has every country. */
const CITIES: readonly City[] = [
  KARACHI,
  BERLIN,
  DUBAI,
  city('Mumbai', 'IN', 'BOM', [19.076, 72.878], 7, 5),
  RIYADH,
  LONDON,
  TORONTO,
  city('Paris', 'FR', 'PAR', [48.857, 2.352], 7, 4),
  NAIROBI,
  JAKARTA,
  city('São Paulo', 'BR', 'GRU', [-23.551, -46.633], 7, 4),
  TOKYO,
  city('Johannesburg', 'ZA', 'JNB', [-26.204, 28.047], 5, 3),
  ISTANBUL,
  LAHORE,
  city('Islamabad', 'PK', 'ISB', [33.684, 73.048], 3, 1),
  DELHI,
];

const within = ({ country, at: [latitude, longitude] }: City): Evidence => ({
  ip: country,
  position: [latitude, longitude, IN_TOWN],
});

const spot = (label: string, office: Office, evidence: Evidence, weight: number, online = true): Spot => ({
  label,
  office,
  evidence,
  weight,
  online,
});

const position = ({ at: [latitude, longitude] }: City): NonNullable<Evidence['position']> => [
  latitude,
  longitude,
  IN_TOWN,
];

const SPECIAL: readonly Spot[] = [
  // Travelers: home in Pakistan, location elsewhere.
  spot('traveling-to-dubai', KARACHI, { ...within(DUBAI), network: '424' }, 3),
  // Visitors: home elsewhere, location in Pakistan on a mobile network there.
  spot('visiting-karachi', BERLIN, { ...within(KARACHI), network: '410' }, 3),
  spot('visiting-lahore', LONDON, { ...within(LAHORE), network: '410' }, 1),
  spot('on-the-move-in-karachi', KARACHI, { ...within(KARACHI), network: '410' }, 3),
  // In Wagah, the border crosses the circle, and the IP address gives no country.
  spot('near-wagah', LAHORE, { position: [31.604, 74.573, ALONG_THE_BORDER] }, 2),
  // In Attari, the border crosses the circle too, but the IP address decides.
  spot('near-attari', DELHI, { ip: 'IN', position: [31.6, 74.6, ALONG_THE_BORDER] }, 2),
  // A device in a tunnel: its IP address is in Germany, and its position is elsewhere.
  spot('tunnel-from-karachi', KARACHI, { ip: 'DE', position: position(KARACHI) }, 3),
  spot('tunnel-from-istanbul', ISTANBUL, { ip: 'DE', position: position(ISTANBUL) }, 2),
  spot('tunnel-from-riyadh', RIYADH, { ip: 'GB', position: position(RIYADH) }, 1),
  // A device without a position, behind an IP address without a known location.
  spot('unknown-of-karachi', KARACHI, {}, 2),
  spot('unknown-of-jakarta', JAKARTA, {}, 1),
  spot('switched-off-in-karachi', KARACHI, within(KARACHI), 3, false),
  spot('switched-off-in-toronto', TORONTO, within(TORONTO), 2, false),
  spot('switched-off-in-tokyo', TOKYO, within(TOKYO), 2, false),
  spot('switched-off-in-nairobi', NAIROBI, within(NAIROBI), 1, false),
];

const lower = (code: string) => code.toLowerCase();

/** Spots in the order in which a small demo uses them: laptops in every country, special cases, desktops. */
export const SPOTS: readonly Spot[] = [
  ...CITIES.map((at) => spot(`${lower(at.code)}-laptops`, at, within(at), at.laptops)),
  ...SPECIAL,
  // A desktop has no evidence of its location but its IP address.
  ...CITIES.map((at) => spot(`${lower(at.code)}-desks`, at, { ip: at.country }, at.desks)),
];

export const OFFICES: readonly Office[] = CITIES;
/** Sender and recipient of the demo's message. */
export const SENDER = { label: 'khi-laptops', index: 0 };
export const RECIPIENT = { label: 'ber-laptops', index: 0 };
/** Offline devices that an admin marks as missing and retires, if the demo has enough devices. */
export const MISSING = { label: 'switched-off-in-toronto', index: 0 };
export const RETIRED = { label: 'switched-off-in-nairobi', index: 0 };
