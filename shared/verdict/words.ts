import type { EvidenceSource, Location, Reason } from './terms.ts';

export const REASON_SENTENCES: Readonly<Record<Reason, string>> = {
  present: 'The device is in the area.',
  network: 'The device uses a mobile network of the area.',
  home: 'The home area of the device is in the area of the order.',
  seat: 'The device belongs to a part of the organization that has its legal seat in the area.',
  contested: 'Sources disagree about the location, or the territory is disputed.',
  unknown: 'The location is unknown.',
  exempt: 'The device is exempt from the order.',
  exemption_over: 'The device’s exemption from the order has ended.',
  visitor_grace: 'The device is a visitor, and its grace period has not ended.',
  traveler: 'The home area of the device is in the area of the order, but the device is elsewhere.',
  no_order: 'No order affects the device.',
};

export const SOURCE_NAMES: Readonly<Record<EvidenceSource, string>> = {
  statement: "An admin's statement",
  position: 'The position that the device determined',
  network: 'The mobile network of the device',
  address: 'The Internet address of the connection',
};

export const CERTAINTY_NAMES: Readonly<Record<Location['certainty'], string>> = {
  certain: 'Certain',
  probable: 'Probable',
  unknown: 'Unknown',
};

export const CERTAINTY_MEANING: Readonly<Record<Location['certainty'], string>> = {
  certain: 'Two sources agree, or the device has determined its position exactly.',
  probable: 'Only one source reports this location, or several locations are possible.',
  unknown: 'No current evidence about the location exists.',
};

export const ORDER_STATE_WORDS = {
  announced: 'announced',
  active: 'active',
  paused: 'paused',
  ended: 'ended',
  withdrawn: 'withdrawn',
} as const;

export const HOME_BY_WORDS = {
  statement: "by an admin's statement",
  device: 'its own',
  group: "its group's",
} as const;
