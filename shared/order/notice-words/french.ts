import type { NoticeWords } from './notice-words.ts';

export const FRENCH: NoticeWords = {
  tag: 'fr',
  direction: 'ltr',
  suspended: 'Les messages sont suspendus sur cet appareil',
  order: (number) => `Ordre ${number}`,
  untilDate: (date) => `(jusqu’au ${date})`,
  untilWithdrawn: '(jusqu’à son retrait)',
  statement: 'Texte de l’ordre',
  language: 'Langue',
  authoritative: 'Ce texte fait foi.',
  translation: (language) => `Texte faisant foi : ${language}. Ceci est une traduction.`,

  services: 'Quoi',
  service: {
    enrollment: 'Nouveaux appareils',
    management: 'Gestion',
    messaging: 'Messages',
    mail: 'Courriel',
  },
  where: 'Où',
  why: 'Pourquoi',
  reasons: {
    present: (areas) => `Cet appareil se trouve ici : ${areas}.`,
    network: (areas) => `Le réseau mobile de cet appareil se trouve ici : ${areas}.`,
    home: (areas) => `Cet appareil est rattaché à : ${areas}.`,
    seat: (areas) => `Votre partie de l’organisation a son siège ici : ${areas}.`,
    contested: (areas) =>
      `Il n’est pas certain que cet appareil se trouve ici : ${areas}. Dans ce cas, l’ordre s’applique.`,
    unknown: () => 'On ne sait pas où se trouve cet appareil. Dans ce cas, l’ordre s’applique.',
    exempt: () => 'Cet appareil est exempté de l’ordre.',
    exemption_over: () => 'Cet appareil était exempté de l’ordre ; cette exemption a expiré.',
    visitor_grace: () => 'Vous êtes de passage. L’ordre ne s’applique pas encore à vous.',
    traveler: () => 'Vous êtes en voyage.',
    no_order: () => 'Aucun ordre ne concerne cet appareil.',
  },
  allowedReasons: {
    contested: (areas) =>
      `Il n’est pas certain que cet appareil se trouve ici : ${areas}. Dans ce cas, l’ordre ne s’applique pas.`,
    unknown: () => 'On ne sait pas où se trouve cet appareil. Dans ce cas, l’ordre ne s’applique pas.',
  },
  theArea: 'la zone de l’ordre',
  noBlockedService: 'L’ordre ne bloque actuellement aucun service sur cet appareil.',
  from: 'À partir du',
  since: 'Depuis',
  until: 'Jusqu’au',
  open: 'retrait de l’ordre',
  appeal: 'Contact pour les recours',
  paused: 'Suspendu temporairement',
  withdrawn: 'Retiré : l’ordre ne bloque plus aucun service',
  ended: 'Terminé : l’ordre ne bloque plus aucun service',

  waiting: 'Messages qui vous sont adressés',
  waitingIs: {
    hold: 'Ils attendent sur le serveur, scellés, et arrivent quand l’ordre prend fin.',
    deliver:
      'Ce qui a été écrit avant arrive encore. Ce qui est écrit maintenant attend sur le serveur, scellé, et arrive quand l’ordre prend fin.',
    return: 'Ils retournent à leurs auteurs, qui apprennent qu’ils ne vous sont pas parvenus et par quel ordre.',
  },
  exit: {
    label: 'Définitivement',
    exportBy: (until) =>
      `L’ordre met fin au service définitivement. Enregistrez une copie de ce dont vous avez besoin avant le ${until} : ensuite, deux personnes peuvent approuver l’effacement de ce qui est sur cet appareil.`,
    approved:
      'Deux personnes ont approuvé l’effacement définitif de ce qui est sur cet appareil. Il a lieu dès que le délai pour enregistrer une copie est écoulé : faites-le maintenant.',
    wiped: (at) =>
      `Ce qui était sur cet appareil a été effacé par cet ordre le ${at}. Il est impossible de le récupérer.`,
  },
  dataKept:
    'Rien n’est perdu : ce qui est sur cet appareil reste lisible, et vous pouvez en enregistrer une copie. Personne ne peut le lire en vertu de cet ordre.',
  cannotWrite: 'Vous ne pouvez pas écrire tant que l’ordre ci-dessus est en vigueur. Ce qui est ici reste lisible.',
  noDocuments:
    'Cet appareil n’a pas encore de liste des ordres. Les messages passent dès qu’il en a une : connectez-le au réseau.',
  announcement: (number, date) => `L’ordre ${number} suspendra les messages à certains endroits à partir du ${date}.`,
  displayedAt: {
    P30D: 'Annoncé 30 jours avant',
    P7D: 'Annoncé 7 jours avant',
    P1D: 'Annoncé 1 jour avant',
    PT1H: 'Annoncé 1 heure avant',
    effective: 'Annoncé à l’entrée en vigueur',
    withdrawal: 'Annoncé lors du retrait',
  },
  displayedLate: 'Annoncé',

  export: 'Enregistrer une copie de mes données',
  more: 'Lire l’ordre',
  less: 'Afficher moins',
  read: 'Le lire',

  title: 'Ordres',
  intro: 'Tous les ordres annoncés ou en vigueur. Ils ne concernent pas tous cet appareil.',
  none: 'Aucun ordre n’est annoncé ni en vigueur.',
};
