/**
 * Conversion of Natural Earth's codes, which are some years old, to present ISO 3166-2 codes. A code is converted only if the old and the
 * new code certainly mean the same land. Otherwise, a position is evidence of the country only.
 */

/** Countries whose subdivisions have new codes but kept their names and borders. The new codes are found by name. */
export const BY_NAME: ReadonlySet<string> = new Set(['PL', 'CZ', 'GT', 'IR', 'KZ']);

/**
 * Countries that are not converted. In CI, KE, LV, LY, MA, NP, UG and others, reforms gave an existing code or name to different land. In
 * DK, EE, IS and LU, the table mixes levels of subdivisions without saying which contains which.
 */
export const EXCLUDED_COUNTRIES: ReadonlySet<string> = new Set(
  'BS CI DK EE IS KE LU LV LY MA MK NP PS SI UG XK'.split(' '),
);

/** Subdivisions that lost land to new subdivisions. Their remaining borders are unknown. */
export const SPLIT: ReadonlySet<string> = new Set(
  (
    'AZ-LA AZ-SA AZ-YEV BD-C BI-BL BI-BR BW-NW CD-EQ CD-KE DZ-01 DZ-07 DZ-08 DZ-11 DZ-30 DZ-33 DZ-39 DZ-47 ET-SN GH-BA GH-NP GH-TV GH-WP GQ-WN ' +
    'ID-KI ID-PA ID-PB KG-O KH-3 KP-01 KP-02 KP-03 KP-06 LA-VI LA-XI LB-AS LB-BI ME-03 ME-13 ME-16 ML-6 ML-7 MM-04 PA-1 PA-8 PG-SHM PG-WHM ' +
    'PH-DAS PH-SUN QA-RA SD-DS SD-DW SD-KN SD-KS SL-N TM-A TN-11 TN-13 TN-14 TZ-14 YE-HD KZ-19 KZ-35 KZ-61 KZ-63'
  ).split(' '),
);

/**
 * Present ISO 3166-2 codes of map features for which the rules in `build.ts` would find no code or a wrong one. Key: Natural Earth's code
 * and name, or its code alone. Value: the present ISO code; empty if it is unknown.
 */
export const RENAMED: Readonly<Record<string, string>> = {
  'AF-PIA Paktika': 'AF-PKA',
  'AF-PKA Paktya': 'AF-PIA',
  'BA-SRP Posavina': 'BA-BIH',
  ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7].map((part) => [`BA-X0${part}~`, 'BA-SRP'])),
  'CO-CUN Bogota': 'CO-DC',
  'FR-69 Rhône': 'FR-ARA',
  'FR-75 Paris': 'FR-75C',
  'GR-A1 Attiki': 'GR-I',
  'HU-ED Érd': 'HU-ER',
  'IN-CT Chhattisgarh': 'IN-CG',
  'IN-OR Odisha': 'IN-OD',
  'IN-TG Telangana': 'IN-TS',
  'IN-UT Uttarakhand': 'IN-UK',
  "IQ-TS At-Ta'mim": 'IQ-KI',
  'IR-07 Alborz': 'IR-30',
  'IT-AO Aoste': 'IT-23',
  'KZ-ALA Almaty': '',
  'KZ-ALA Almaty City': 'KZ-75',
  'LA-VI Vientiane [prefecture]': 'LA-VT',
  'LR-X1~ Gbapolu': 'LR-GP',
  'LR-X2~ River Gee': 'LR-RG',
  'MX-DIF Distrito Federal': 'MX-CMX',
  'NO-04 Hedmark': 'NO-34',
  'NO-05 Oppland': 'NO-34',
  'NO-09 Aust-Agder': 'NO-42',
  'NO-10 Vest-Agder': 'NO-42',
  'NO-12 Hordaland': 'NO-46',
  'NO-14 Sogn og Fjordane': 'NO-46',
  'NO-16 Sør-Trøndelag': 'NO-50',
  'NO-17 Nord-Trøndelag': 'NO-50',
  'OM-BA Al Batnah North': 'OM-BS',
  'OM-SH Ash Sharqiyah South': 'OM-SJ',
  'PH-BCD': 'PH-06',
  'PH-LAP': 'PH-07',
  'PH-MAG': 'PH-14',
  'PH-MDE': 'PH-07',
  'PH-MNL': 'PH-00',
  'PH-DAV Davao': 'PH-11',
  'RU-MOS Moskva': 'RU-MOW',
  'RU-MOW Moskovskaya': 'RU-MOS',
  'SB-CH Western': 'SB-WE',
  'TJ-X01~ Tadzhikistan Territories': 'TJ-RA',
  'ZA-GT Gauteng': 'ZA-GP',
  'ZA-NL KwaZulu-Natal': 'ZA-KZN',
  // Sardinia's provinces have changed twice since the map was drawn. The region has not changed.
  ...Object.fromEntries(
    [
      'CA Cagliari',
      'CI Carbonia-Iglesias',
      'NU Nuoro',
      'OG Ogliastra',
      'OR Oristrano',
      'OT Olbia-Tempio',
      'SS Sassari',
      'VS Medio Campidano',
    ].map((name) => [`IT-${name}`, 'IT-88']),
  ),
};

/**
 * ISO codes for pairs of map features with the same code. The feature that contains the given point (longitude, latitude) gets the given
 * ISO code.
 */
export const AT_POINT: readonly (readonly [string, readonly [number, number]])[] = [
  ['AF-DAY', [66.13, 33.72]],
  ['AF-PAN', [69.52, 35.31]],
  ['HR-11', [17.68, 45.33]],
  ['MW-KR', [33.93, -9.93]],
  ['MZ-MPM', [32.58, -25.95]],
  ['PE-LMA', [-77.03, -12.05]],
  ['PH-14', [124.24, 7.21]],
];

/** Codes of subdivisions whose names on the map and in ISO 3166-2 have different spellings. A person checked that each code is correct. */
export const SPELT: ReadonlySet<string> = new Set(
  (
    'AZ-KAN BA-BIH BA-SRP ER-DK ER-DU ER-MA ER-SK GR-A GR-F IL-Z JO-AM KH-15 KH-23 KR-42 LT-SA LT-TE MU-RO MY-14 MY-15 MY-16 NI-AN NI-AS NZ-WGN RU-ALT RU-KB RU-KHM ' +
    'RU-SA RU-YAN SD-NO TD-BO TD-GR TD-LC TD-LO TD-LR TD-MC TD-ME TD-MO TD-ND TD-OD TD-TA'
  ).split(' '),
);

/** The United Kingdom's districts change every few years. Its nations do not change. */
export const NATIONS: Readonly<Record<string, string>> = {
  England: 'GB-ENG',
  Scotland: 'GB-SCT',
  Wales: 'GB-WLS',
  'Northern Ireland': 'GB-NIR',
};
