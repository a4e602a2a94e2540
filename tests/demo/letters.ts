/** Mails that people outside the demo's company send. All people and companies are invented. */

export interface Letter {
  /** The user of this machine, or a colleague in Karachi. */
  readonly recipient: 'user' | 'colleague';
  readonly from: string;
  readonly subject: string;
  readonly text: string;
  readonly attachments?: { readonly filename: string; readonly content: string }[];
}

const HELENA = 'Helena Sandberg <helena.sandberg@supplier.example>';
const ACCOUNTS = 'Accounts payable <accounts@supplier.example>';
const RASHID = 'Rashid Anwar <rashid.anwar@logistics.example>';
const TRAVEL = 'Travel desk <bookings@travel.example>';
const LUCIA = 'Lucía Ferrer <lucia.ferrer@auditors.example>';

/** Mails in the inbox when the demo begins, oldest first. */
export const FIRST_LETTERS: readonly Letter[] = [
  {
    recipient: 'user',
    from: TRAVEL,
    subject: 'Your booking Karachi to Berlin',
    text: 'Hello,\n\nyour booking for the 14th is confirmed. Check-in opens 24 hours before departure. You can change the return flight without a fee until the day before.\n\nTravel desk\n',
  },
  {
    recipient: 'user',
    from: ACCOUNTS,
    subject: 'Invoice 20417 is approved',
    text: 'Hello,\n\ninvoice 20417 of 1,840.00 EUR is approved. We transfer the amount on the next payment date. Please write to us if the purchase order number has changed.\n\nAccounts payable\n',
  },
  {
    recipient: 'user',
    from: RASHID,
    subject: 'Warehouse visit next week',
    text: 'Hello,\n\nthe warehouse expects your team on Wednesday at 10:00. Please bring identification for the gate. Could you send me the names of the visitors by Monday?\n\nRegards\nRashid Anwar\nSite coordination\n',
  },
  {
    recipient: 'user',
    from: HELENA,
    subject: 'Delivery schedule for the next quarter',
    text: 'Hello,\n\nthe delivery schedule for the next quarter is attached. The first shipment leaves our warehouse on the first Monday, and the second shipment two weeks later. Please tell me by Thursday if your team needs other dates.\n\nKind regards\nHelena Sandberg\nCustomer service\n',
    attachments: [
      {
        filename: 'delivery-schedule.csv',
        content: 'shipment,week,pallets\r\n1,1,24\r\n2,3,18\r\n3,6,24\r\n4,9,12\r\n',
      },
    ],
  },
];

/** Mails that arrive while the demo runs, one at a time. */
export const LATER_LETTERS: readonly Letter[] = [
  {
    recipient: 'colleague',
    from: RASHID,
    subject: 'Customs papers for container 7',
    text: 'Hello,\n\nthe customs papers for container 7 are complete. The container leaves the port on Friday.\n\nRegards\nRashid Anwar\n',
  },
  {
    recipient: 'user',
    from: LUCIA,
    subject: 'Documents for the annual audit',
    text: 'Hello,\n\nfor the annual audit, we need the list of open purchase orders and the inventory count of the last quarter. Please send both by the end of the month.\n\nKind regards\nLucía Ferrer\n',
  },
  {
    recipient: 'colleague',
    from: HELENA,
    subject: 'Question about pallet sizes',
    text: 'Hello,\n\ndoes your warehouse accept pallets of 100 by 120 centimeters? I confirm the shipment after your answer.\n\nKind regards\nHelena Sandberg\n',
  },
  {
    recipient: 'user',
    from: HELENA,
    subject: 'Second shipment is one day earlier',
    text: 'Hello,\n\nthe second shipment leaves on Friday instead of Monday. The other dates of the schedule do not change.\n\nKind regards\nHelena Sandberg\n',
  },
  {
    recipient: 'user',
    from: ACCOUNTS,
    subject: 'Payment of invoice 20417',
    text: 'Hello,\n\nwe have transferred 1,840.00 EUR for invoice 20417. The amount arrives within two working days.\n\nAccounts payable\n',
  },
  {
    recipient: 'colleague',
    from: RASHID,
    subject: 'New opening hours of the gate',
    text: 'Hello,\n\nfrom next month, the gate opens at 07:00 and closes at 19:00. Deliveries after 18:00 need a registration on the day before.\n\nRegards\nRashid Anwar\n',
  },
  {
    recipient: 'user',
    from: TRAVEL,
    subject: 'Check-in is open',
    text: 'Hello,\n\ncheck-in for your flight from Karachi to Berlin is open. Please check in at least one hour before departure.\n\nTravel desk\n',
  },
  {
    recipient: 'user',
    from: RASHID,
    subject: 'Minutes of the warehouse visit',
    text: 'Hello,\n\nthank you for your visit. We agreed on a second loading gate and on weekly figures. I send the first figures next Friday.\n\nRegards\nRashid Anwar\n',
  },
];
