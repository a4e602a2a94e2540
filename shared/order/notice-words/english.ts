import type { NoticeWords } from './notice-words.ts';

export const ENGLISH: NoticeWords = {
  tag: 'en',
  direction: 'ltr',
  suspended: 'Messages are suspended on this device',
  order: (number) => `Order ${number}`,
  lasts: (date) => `(until ${date})`,
  lastsOpen: '(until it is withdrawn)',
  statement: 'The order’s own words',
  language: 'Language',

  services: 'What',
  service: { enrolment: 'New devices', management: 'Management', messaging: 'Messages', mail: 'Mail' },
  where: 'Where',
  why: 'Why',
  reasons: {
    present: (areas) => `This device is in ${areas}.`,
    network: (areas) => `The mobile network of this device is in ${areas}.`,
    home: (areas) => `This device is at home in ${areas}.`,
    seat: (areas) => `Your part of the organisation is seated in ${areas}.`,
    contested: (areas) => `It is not certain whether this device is in ${areas}, and then the order counts.`,
    unknown: () => 'It is not known where this device is, and then the order counts.',
    exempt: () => 'This device is exempt from the order.',
    exemption_over: () => 'This device was exempt from the order, and that has run out.',
    visitor_grace: () => 'You are visiting, and have some time yet.',
    traveller: () => 'You are travelling.',
    no_order: () => 'No order is about this device.',
  },
  theArea: 'the area of the order',
  notHere: 'It takes nothing from this device at present.',
  from: 'From',
  since: 'Since',
  until: 'Until',
  open: 'It is withdrawn',
  appeal: 'Whom to appeal to',
  held: 'Put off for the time being',
  withdrawn: 'Withdrawn: it takes nothing from anybody any more',
  ended: 'Over: it takes nothing from anybody any more',

  waiting: 'Messages to you',
  waitingIs: {
    hold: 'They wait at the server, sealed, and come when the order ends.',
    deliver:
      'What they wrote before still comes. What they write now waits at the server, sealed, and comes when the order ends.',
    return: 'They go back to whoever wrote them, who is told that they did not reach you, and by which order.',
  },
  exit: {
    label: 'For good',
    coming: (until) =>
      `The order ends service for good. Save a copy of what you need by ${until}: afterwards two people can approve that what is on this device is wiped.`,
    approved:
      'Two people have approved that what is on this device is wiped, for good. It happens as soon as this device has had its time to save a copy: do it now.',
    wiped: (at) => `What was on this device was wiped by this order on ${at}. It cannot be brought back.`,
  },
  kept: 'Nothing is lost: what is on this device stays readable, and you can save a copy of it. Nobody can read it by this order.',
  cannotWrite: 'You cannot write while the order above is in force. What is here stays readable.',
  noDocuments: 'This device has no order list yet. Messages pass as soon as it has one: connect it to the network.',
  coming: (number, date) => `Order ${number} will suspend messages in some places from ${date}.`,
  told: {
    P30D: 'Told 30 days before',
    P7D: 'Told 7 days before',
    P1D: 'Told 1 day before',
    PT1H: 'Told 1 hour before',
    entry: 'Told as it entered into force',
    withdrawal: 'Told as it was withdrawn',
  },
  toldLate: 'Told',

  export: 'Save a copy of my data',
  more: 'Read the order',
  less: 'Show less',
  read: 'Read it',

  title: 'Orders',
  intro: 'All orders that are announced or in force. Not each of them reaches this device.',
  none: 'No order is announced or in force.',
};
