import type { NoticeWords } from './notice-words.ts';

export const ENGLISH: NoticeWords = {
  tag: 'en',
  direction: 'ltr',
  suspended: 'Messages are suspended on this device',
  order: (number) => `Order ${number}`,
  untilDate: (date) => `(until ${date})`,
  untilWithdrawn: '(until it is withdrawn)',
  statement: 'Text of the order',
  language: 'Language',
  authoritative: 'This text is authoritative.',
  translation: (language) => `Authoritative text: ${language}. This is a translation.`,

  services: 'What',
  service: {
    enrollment: 'New devices',
    management: 'Management',
    messaging: 'Messages',
    mail: 'Mail',
  },
  where: 'Where',
  why: 'Why',
  reasons: {
    present: (areas) => `This device is in ${areas}.`,
    network: (areas) => `The mobile network of this device is in ${areas}.`,
    home: (areas) => `The home area of this device is ${areas}.`,
    seat: (areas) => `Your part of the organization has its legal seat in ${areas}.`,
    contested: (areas) =>
      `Cordon cannot determine for certain whether this device is in ${areas}. The order applies in this case.`,
    unknown: () => 'Cordon does not know the location of this device. The order applies in this case.',
    exempt: () => 'This device is exempt from the order.',
    exemption_over: () => 'The exemption of this device from the order has ended.',
    visitor_grace: () => 'You are a visitor. The order does not apply to you yet.',
    traveler: () => 'You are traveling.',
    no_order: () => 'No order affects this device.',
  },
  allowedReasons: {
    contested: (areas) =>
      `Cordon cannot determine for certain whether this device is in ${areas}. The order does not apply in this case.`,
    unknown: () => 'Cordon does not know the location of this device. The order does not apply in this case.',
  },
  theArea: 'the area of the order',
  noBlockedService: 'The order blocks no service of this device at present.',
  from: 'From',
  since: 'Since',
  until: 'Until',
  open: 'the order is withdrawn',
  appeal: 'Contact for appeals',
  paused: 'Paused',
  withdrawn: 'Withdrawn: the order no longer blocks any service',
  ended: 'Ended: the order no longer blocks any service',

  waiting: 'Messages to you',
  waitingIs: {
    hold: 'The server keeps messages to you, encrypted, and delivers them when the order ends.',
    deliver:
      'You still receive messages that were sent before the order. The server keeps new messages, encrypted, and delivers them when the order ends.',
    return:
      'The server returns messages to you to their senders. A note says that you did not receive the message, and which order is the reason.',
  },
  exit: {
    label: 'Permanent end',
    exportBy: (until) =>
      `The order ends service permanently. Save a copy of your data by ${until}. After that, two approvers can order that the data on this device is wiped.`,
    approved:
      'Two approvers have ordered that the data on this device is wiped. The wipe starts when the time to save a copy is over. Save a copy now.',
    wiped: (at) => `This order wiped the data on this device on ${at}. The data cannot be restored.`,
  },
  dataKept:
    'No data is lost. You can still read the data on this device and save a copy. The order gives nobody access to your data.',
  cannotWrite: 'You cannot write while the order above is active. You can still read your messages.',
  noDocuments: 'This device has no order list yet. Connect the device to the network to send and receive messages.',
  announcement: (number, date) => `Order ${number} will suspend messages in some areas from ${date}.`,
  displayedAt: {
    P30D: 'Displayed 30 days before',
    P7D: 'Displayed 7 days before',
    P1D: 'Displayed 1 day before',
    PT1H: 'Displayed 1 hour before',
    effective: 'Displayed when the order took effect',
    withdrawal: 'Displayed when the order was withdrawn',
  },
  displayedLate: 'Displayed',

  export: 'Save a copy of my data',
  more: 'Read the order',
  less: 'Show less',
  read: 'Read order',

  title: 'Orders',
  intro: 'All announced and active orders. Not all of them affect this device.',
  none: 'No announced or active orders.',
};
