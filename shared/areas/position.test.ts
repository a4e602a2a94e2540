import { describe, expect, it } from 'vitest';
import { expandAreas, parseScopeArea, TERRITORIES } from './area-code.ts';
import { relate } from './coverage.ts';
import { areasOfPosition } from './position.ts';
import { TERRITORY_FACTS } from './territory-facts.ts';

const at = (latitude: number, longitude: number, accuracy: number) =>
  areasOfPosition({ latitude, longitude, accuracy });

/** Examples: place, latitude, longitude, accuracy in meters, areas. */
const FIXED_POINTS: readonly (readonly [string, number, number, number, readonly string[]])[] = [
  ['Karachi', 24.86, 67.01, 40, ['PK-SD']],
  ['Karachi, at the harbor', 24.81, 66.975, 100, ['PK-SD']],
  ['Lahore', 31.55, 74.34, 500, ['PK-PB']],
  ['Islamabad', 33.68, 73.05, 500, ['PK-IS']],
  ['Peshawar', 34.01, 71.55, 500, ['PK-KP']],
  ['Quetta', 30.18, 67, 500, ['PK-BA']],
  ['Gilgit', 35.92, 74.31, 1000, ['XX-kashmir']],
  ['Srinagar', 34.08, 74.8, 1000, ['XX-kashmir']],
  ['Wagah', 31.6047, 74.569, 20, ['PK-PB']],
  ['Attari, on the other side', 31.6047, 74.578, 20, ['IN-PB']],
  ['Hong Kong', 22.3, 114.17, 50, ['HK']],
  ['Hong Kong, at the airport', 22.31, 113.92, 50, ['HK']],
  ['Macau', 22.19, 113.54, 20, ['MO']],
  ['Simferopol', 44.95, 34.1, 1000, ['XX-crimea']],
  ['the Golan, at Majdal Shams', 33.27, 35.77, 50, ['XX-golan']],
  ['Nicosia, south', 35.16, 33.362, 20, ['CY-01']],
  ['Nicosia, north', 35.187, 33.363, 20, ['XX-northern-cyprus']],
  ['Ceuta', 35.89, -5.31, 20, ['ES-CE']],
  ['Melilla', 35.292, -2.938, 50, ['ES-ML']],
  ['Kaliningrad', 54.71, 20.51, 100, ['RU-KGD']],
  ['Baarle, in a Belgian enclave', 51.437, 4.935, 5, ['BE-VAN']],
  ['Baarle, in the Netherlands around it', 51.4445, 4.9308, 5, ['NL-NB']],
  ['the Vatican', 41.9022, 12.4533, 50, ['VA']],
  ['Rome, in front of it', 41.9022, 12.462, 20, ['IT-RM']],
  ['Monaco', 43.7347, 7.4206, 50, ['MC']],
  ['Beausoleil, above it', 43.744, 7.423, 20, ['FR-06']],
  ['Gibraltar', 36.14, -5.353, 100, ['GI']],
  ['La Línea, before it', 36.168, -5.348, 50, ['ES-CA']],
  ['San Marino', 43.936, 12.447, 50, ['SM']],
  ['Büsingen', 47.697, 8.69, 50, ['DE-BW']],
  ['Campione', 45.968, 8.971, 50, ['IT-CO']],
  ['Llívia', 42.464, 1.98, 50, ['ES-GI']],
  ['Point Roberts', 48.985, -123.06, 100, ['US-WA']],
  ['Musandam', 26.18, 56.25, 100, ['OM-MU']],
  ['Cabinda', -5.56, 12.19, 100, ['AO-CAB']],
  ['San Francisco', 37.77, -122.42, 100, ['US-CA']],
  ['Manhattan, at the water', 40.705, -74.015, 50, ['US-NY']],
  ['Jersey City, across it', 40.717, -74.035, 50, ['US-NJ']],
  ['Washington', 38.9, -77.03, 100, ['US-DC']],
  ['Anchorage', 61.22, -149.9, 500, ['US-AK']],
  ['Adak, near the date line', 51.88, -176.65, 500, ['US-AK']],
  ['Anadyr, on its other side', 64.73, 177.5, 500, ['RU-CHU']],
  ['Ottawa', 45.4, -75.7, 500, ['CA-ON']],
  ['Gatineau', 45.48, -75.72, 500, ['CA-QC']],
  ['Barcelona', 41.39, 2.17, 100, ['ES-B']],
  ['Paris', 48.86, 2.35, 100, ['FR-75C']],
  ['Lyon, of which only the region is known', 45.76, 4.84, 100, ['FR-ARA']],
  ['London', 51.5, -0.12, 100, ['GB-ENG']],
  ['Edinburgh', 55.95, -3.19, 100, ['GB-SCT']],
  ['Cardiff', 51.48, -3.18, 100, ['GB-WLS']],
  ['Belfast', 54.6, -5.93, 100, ['GB-NIR']],
  ['Berlin', 52.52, 13.4, 100, ['DE-BE']],
  ['Cagliari', 39.22, 9.12, 100, ['IT-88']],
  ['Moscow', 55.75, 37.62, 100, ['RU-MOW']],
  ['Serpukhov, outside it', 54.92, 37.41, 100, ['RU-MOS']],
  ['Barnaul', 53.35, 83.76, 100, ['RU-ALT']],
  ['Gorno-Altaysk', 51.96, 85.96, 100, ['RU-AL']],
  ['Kyiv', 50.45, 30.52, 500, ['UA-30']],
  ['Bila Tserkva', 49.8, 30.11, 500, ['UA-32']],
  ['Tehran, whose number has changed', 35.69, 51.39, 500, ['IR-23']],
  ['Mumbai', 18.96, 72.82, 500, ['IN-MH']],
  ['Hyderabad, of a new state', 17.38, 78.48, 500, ['IN-TS']],
  ['Shanghai', 31.23, 121.47, 500, ['CN-SH']],
  ['Tokyo', 35.68, 139.76, 500, ['JP-13']],
  ['Manila', 14.6, 120.98, 500, ['PH-00']],
  ['Dubai', 25.2, 55.27, 50, ['AE-DU']],
  ['Muscat', 23.6, 58.55, 500, ['OM-MA']],
  ['Riyadh', 24.7, 46.7, 500, ['SA-01']],
  ['Johannesburg', -26.2, 28.05, 500, ['ZA-GP']],
  ['Sydney', -33.87, 151.2, 500, ['AU-NSW']],
  ['Suva’s other island, across the date line', -16.8, 179.99, 100, ['FJ-N']],
  ['San Juan', 18.4, -66.1, 50, ['PR']],
  ['Saint-Denis', -20.88, 55.45, 100, ['RE']],
  ['Mariehamn', 60.1, 19.94, 100, ['AX']],
  ['Longyearbyen', 78.22, 15.65, 100, ['SJ']],
  ['Guam', 13.47, 144.75, 100, ['GU']],
  ['Jersey', 49.19, -2.11, 100, ['JE']],
  ['Ramallah', 31.9, 35.2, 20, ['PS']],
  ['Agadir, whose regions are others now', 30.42, -9.6, 300, ['MA']],
  ['Nairobi, likewise', -1.29, 36.82, 100, ['KE']],
  ['Adrar, since split', 27.87, -0.29, 100, ['DZ']],
  ['Valletta, where parts are towns', 35.9, 14.51, 100, ['MT']],
  ['the middle of the Atlantic', 0, -20, 100, []],
  ['the middle of the Pacific', -40, -140, 1000, []],
  ['the North Pole', 90, 0, 10, []],
];

describe('areasOfPosition, on the real map', () => {
  it.each(FIXED_POINTS)('%s', (_, latitude, longitude, accuracy, areas) => {
    expect(at(latitude, longitude, accuracy)).toEqual({ areas, whole: areas.length > 0 });
  });

  it.each([
    ['Sevastopol', 44.6, 33.53, 500, 'XX-crimea'],
    ['Donetsk', 48, 37.8, 1000, 'XX-donetsk'],
    ['Mariupol', 47.1, 37.55, 500, 'XX-donetsk'],
    ['Luhansk', 48.57, 39.3, 1000, 'XX-luhansk'],
    ['Leh', 34.16, 77.58, 1000, 'XX-kashmir'],
    ['Muzaffarabad', 34.37, 73.47, 200, 'XX-kashmir'],
    ['Katzrin', 32.99, 35.69, 500, 'XX-golan'],
    ['the Old City of Jerusalem', 31.777, 35.234, 100, 'XX-east-jerusalem'],
    ['Laayoune', 27.15, -13.2, 500, 'XX-western-sahara'],
    ['Dakhla', 23.7, -15.93, 200, 'XX-western-sahara'],
    ['Kyrenia', 35.33, 33.32, 200, 'XX-northern-cyprus'],
    ['Sukhumi', 43.0, 41.02, 200, 'XX-abkhazia'],
    ['Tskhinvali', 42.23, 43.97, 100, 'XX-south-ossetia'],
    ['Tiraspol', 46.84, 29.63, 500, 'XX-transnistria'],
    ['Pristina', 42.66, 21.16, 500, 'XX-kosovo'],
    ['Taipei', 25.04, 121.5, 500, 'XX-taiwan'],
    ['Hargeisa', 9.56, 44.06, 500, 'XX-somaliland'],
  ])('%s is on disputed territory', (_, latitude, longitude, accuracy, area) => {
    expect(at(latitude, longitude, accuracy)).toEqual({ areas: [area], whole: true });
  });

  it.each([
    ['Kharkiv', 49.99, 36.23, 500, 'UA-63'],
    ['Izium', 49.21, 37.25, 100, 'UA-63'],
    ['Krasnodar', 45.04, 38.98, 500, 'RU-KDA'],
    ['Rostov', 47.23, 39.7, 500, 'RU-ROS'],
    ['Sialkot', 32.49, 74.53, 500, 'PK-PB'],
    ['Pathankot', 32.27, 75.65, 200, 'IN-PB'],
    ['Kashgar', 39.47, 75.99, 500, 'CN-XJ'],
    ['Damascus', 33.51, 36.29, 500, 'SY-DI'],
    ['Tiberias', 32.79, 35.53, 300, 'IL-Z'],
    ['West Jerusalem', 31.781, 35.213, 50, 'IL-JM'],
    ['Nouadhibou', 20.93, -17.035, 50, 'MR-08'],
    ['Limassol', 34.68, 33.04, 300, 'CY-02'],
    ['Zugdidi', 42.51, 41.87, 200, 'GE-SZ'],
    ['Gori', 41.98, 44.11, 200, 'GE-SK'],
    ['Chisinau', 47.01, 28.86, 500, 'MD-CU'],
    ['Belgrade', 44.8, 20.46, 500, 'RS-00'],
    ['Xiamen', 24.48, 118.09, 500, 'CN-FJ'],
    ['Mogadishu', 2.04, 45.34, 500, 'SO-BN'],
    ['Bosaso', 11.28, 49.18, 200, 'SO-BR'],
  ])('%s, beside it, is not', (_, latitude, longitude, accuracy, area) => {
    expect(at(latitude, longitude, accuracy)).toEqual({ areas: [area], whole: true });
  });

  it('finds both sides of a border, and reports that no area contains the whole circle', () => {
    expect(at(31.6, 74.57, 5000)).toEqual({ areas: ['IN-PB', 'PK-PB'], whole: false });
    expect(at(31.6047, 74.573, 500)).toEqual({ areas: ['IN-PB', 'PK-PB'], whole: false });
    expect(at(22.53, 114.1, 3000)).toEqual({ areas: ['CN-GD', 'HK'], whole: false });
    expect(at(47.58, 7.59, 5000)).toEqual({ areas: ['CH-BL', 'CH-BS', 'DE-BW', 'FR-68'], whole: false });
    expect(at(41.9, 12.45, 1000).areas).toEqual(['IT-RM', 'VA']);
    expect(at(51.4427, 4.9297, 1000).areas).toEqual(['BE-VAN', 'NL-NB']);
    expect(at(46.2, 33.7, 20_000).areas).toEqual(['UA-65', 'XX-crimea']);
  });

  it('finds the area of an order that names the larger subdivision', () => {
    const catalonia = { areas: expandAreas([parseScopeArea('ES-CT')]), disputed: new Map() };
    expect(relate(at(41.39, 2.17, 100).areas, catalonia)).toBe('inside');
    expect(relate(at(40.42, -3.7, 100).areas, catalonia)).toBe('outside');
    expect(relate(at(41.52, 0.36, 30_000).areas, catalonia)).toBe('contested');
  });

  it('finds no country for a circle of half the world, or for an invalid position', () => {
    for (const [latitude, longitude, accuracy] of [
      [48, 10, 1_500_000],
      [95, 0, 1],
      [Number.NaN, 0, 1],
      [0, 0, -1],
    ] as const) {
      expect(at(latitude, longitude, accuracy)).toEqual({ areas: [], whole: false });
    }
  });

  it('has more than one claimant for each disputed territory', () => {
    for (const feature of TERRITORIES) expect(TERRITORY_FACTS[feature].claimants.length, feature).toBeGreaterThan(1);
  });
});
