import type { NoticeWords } from './notice-words.ts';

export const GERMAN: NoticeWords = {
  tag: 'de',
  direction: 'ltr',
  suspended: 'Nachrichten sind auf diesem Gerät ausgesetzt',
  order: (number) => `Anordnung ${number}`,
  untilDate: (date) => `(bis ${date})`,
  untilWithdrawn: '(bis sie zurückgenommen wird)',
  statement: 'Text der Anordnung',
  language: 'Sprache',
  authoritative: 'Dieser Text ist maßgeblich.',
  translation: (language) => `Maßgeblicher Text: ${language}. Dies ist eine Übersetzung.`,

  services: 'Was',
  service: {
    enrollment: 'Neue Geräte',
    management: 'Verwaltung',
    messaging: 'Nachrichten',
    mail: 'E-Mail',
  },
  where: 'Wo',
  why: 'Warum',
  reasons: {
    present: (areas) => `Dieses Gerät befindet sich hier: ${areas}.`,
    network: (areas) => `Das Mobilfunknetz dieses Geräts ist hier: ${areas}.`,
    home: (areas) => `Dieses Gerät ist diesem Gebiet zugeordnet: ${areas}.`,
    seat: (areas) => `Ihr Teil der Organisation hat hier seinen Sitz: ${areas}.`,
    contested: (areas) =>
      `Es ist nicht sicher, ob sich dieses Gerät hier befindet: ${areas}. In diesem Fall gilt die Anordnung.`,
    unknown: () => 'Es ist nicht bekannt, wo sich dieses Gerät befindet. In diesem Fall gilt die Anordnung.',
    exempt: () => 'Dieses Gerät ist von der Anordnung ausgenommen.',
    exemption_over: () => 'Dieses Gerät war von der Anordnung ausgenommen; die Ausnahme ist abgelaufen.',
    visitor_grace: () => 'Sie sind zu Besuch. Die Anordnung gilt für Sie noch nicht.',
    traveler: () => 'Sie sind auf Reisen.',
    no_order: () => 'Keine Anordnung betrifft dieses Gerät.',
  },
  allowedReasons: {
    contested: (areas) =>
      `Es ist nicht sicher, ob sich dieses Gerät hier befindet: ${areas}. In diesem Fall gilt die Anordnung nicht.`,
    unknown: () => 'Es ist nicht bekannt, wo sich dieses Gerät befindet. In diesem Fall gilt die Anordnung nicht.',
  },
  theArea: 'das Gebiet der Anordnung',
  noBlockedService: 'Die Anordnung sperrt auf diesem Gerät zurzeit keinen Dienst.',
  from: 'Ab',
  since: 'Seit',
  until: 'Bis',
  open: 'die Anordnung zurückgenommen wird',
  appeal: 'Kontakt für Einsprüche',
  paused: 'Vorübergehend ausgesetzt',
  withdrawn: 'Zurückgenommen: Die Anordnung sperrt keinen Dienst mehr',
  ended: 'Beendet: Die Anordnung sperrt keinen Dienst mehr',

  waiting: 'Nachrichten an Sie',
  waitingIs: {
    hold: 'Sie warten versiegelt auf dem Server und kommen, wenn die Anordnung endet.',
    deliver:
      'Was vorher geschrieben wurde, kommt noch. Was jetzt geschrieben wird, wartet versiegelt auf dem Server und kommt, wenn die Anordnung endet.',
    return:
      'Sie gehen an die Absender zurück, die erfahren, dass sie Sie nicht erreicht haben und durch welche Anordnung.',
  },
  exit: {
    label: 'Für immer',
    exportBy: (until) =>
      `Die Anordnung beendet den Dienst für immer. Sichern Sie bis ${until} eine Kopie dessen, was Sie brauchen: Danach können zwei Personen genehmigen, dass gelöscht wird, was auf diesem Gerät ist.`,
    approved:
      'Zwei Personen haben genehmigt, dass für immer gelöscht wird, was auf diesem Gerät ist. Es geschieht, sobald die Zeit zum Sichern einer Kopie vorbei ist: Sichern Sie sie jetzt.',
    wiped: (at) =>
      `Was auf diesem Gerät war, wurde durch diese Anordnung gelöscht: ${at}. Es lässt sich nicht zurückholen.`,
  },
  dataKept:
    'Nichts ist verloren: Was auf diesem Gerät ist, bleibt lesbar, und Sie können eine Kopie davon sichern. Niemand kann es aufgrund dieser Anordnung lesen.',
  cannotWrite: 'Solange die Anordnung oben gilt, können Sie nicht schreiben. Was hier ist, bleibt lesbar.',
  noDocuments:
    'Dieses Gerät hat noch keine Liste der Anordnungen. Nachrichten gehen durch, sobald es eine hat: Verbinden Sie es mit dem Netz.',
  announcement: (number, date) => `Anordnung ${number} setzt an manchen Orten Nachrichten aus, ab ${date}.`,
  displayedAt: {
    P30D: '30 Tage vorher mitgeteilt',
    P7D: '7 Tage vorher mitgeteilt',
    P1D: '1 Tag vorher mitgeteilt',
    PT1H: '1 Stunde vorher mitgeteilt',
    effective: 'Beim Inkrafttreten mitgeteilt',
    withdrawal: 'Bei der Rücknahme mitgeteilt',
  },
  displayedLate: 'Mitgeteilt',

  export: 'Eine Kopie meiner Daten sichern',
  more: 'Anordnung lesen',
  less: 'Weniger zeigen',
  read: 'Lesen',

  title: 'Anordnungen',
  intro: 'Alle Anordnungen, die angekündigt oder in Kraft sind. Nicht jede betrifft dieses Gerät.',
  none: 'Keine Anordnung ist angekündigt oder in Kraft.',
};
