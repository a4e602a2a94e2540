/** Reasons, sources and certainty in an admin's words: the console and the command line say the same. */
import type { EvidenceSource, Location, Reason } from './terms.ts';

export const REASON_SENTENCES: Readonly<Record<Reason, string>> = {
  present: 'The device is there.',
  network: 'Its mobile network is there.',
  home: 'Its home is there.',
  seat: 'Its part of the company is seated there.',
  contested: 'What is known of its place disagrees, or the ground is disputed.',
  unknown: 'Its place is not known.',
  exempt: 'It is exempt from the order.',
  exemption_over: 'Its exemption from the order has run out.',
  visitor_grace: 'It is visiting, and its grace still runs.',
  traveller: 'It is at home there and is travelling.',
  no_order: 'No order is about it.',
};

export const SOURCE_NAMES: Readonly<Record<EvidenceSource, string>> = {
  statement: "An admin's statement",
  position: 'The position that the device found',
  network: 'The mobile network that serves it',
  address: 'The Internet address that it connects from',
};

export const CERTAINTY_NAMES: Readonly<Record<Location['certainty'], string>> = {
  certain: 'Certain',
  probable: 'Probable',
  unknown: 'Not known',
};

export const CERTAINTY_MEANING: Readonly<Record<Location['certainty'], string>> = {
  certain: 'Two sources agree, or the device found its position exactly.',
  probable: 'One source says so, or several places are possible.',
  unknown: 'Nothing that still counts says where the device is.',
};

/** What an order was at an instant. */
export const ORDER_STANDING_WORDS = {
  announced: 'announced, not yet in force',
  in_force: 'in force',
  held: 'held',
  ended: 'ended',
  withdrawn: 'withdrawn',
} as const;

export const HOME_BY_WORDS = {
  statement: "by an admin's statement",
  device: 'its own',
  group: "its group's",
} as const;
