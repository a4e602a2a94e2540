import type { NoticeWords } from './notice-words.ts';

export const PORTUGUESE: NoticeWords = {
  tag: 'pt',
  direction: 'ltr',
  suspended: 'As mensagens estão suspensas neste dispositivo',
  order: (number) => `Ordem ${number}`,
  untilDate: (date) => `(até ${date})`,
  untilWithdrawn: '(até ser revogada)',
  statement: 'Texto da ordem',
  language: 'Idioma',
  authoritative: 'Este texto faz fé.',
  translation: (language) => `Texto que faz fé: ${language}. Esta é uma tradução.`,

  services: 'O quê',
  service: {
    enrollment: 'Novos dispositivos',
    management: 'Gestão',
    messaging: 'Mensagens',
    mail: 'E-mail',
  },
  where: 'Onde',
  why: 'Por quê',
  reasons: {
    present: (areas) => `Este dispositivo está em ${areas}.`,
    network: (areas) => `A rede móvel deste dispositivo está em ${areas}.`,
    home: (areas) => `Este dispositivo está registrado em ${areas}.`,
    seat: (areas) => `A sua parte da organização tem sede em ${areas}.`,
    contested: (areas) => `Não é certo se este dispositivo está em ${areas}; nesse caso, a ordem se aplica.`,
    unknown: () => 'Não se sabe onde este dispositivo está; nesse caso, a ordem se aplica.',
    exempt: () => 'Este dispositivo está isento da ordem.',
    exemption_over: () => 'Este dispositivo estava isento da ordem, e a isenção terminou.',
    visitor_grace: () => 'Você está de visita. A ordem ainda não se aplica a você.',
    traveler: () => 'Você está em viagem.',
    no_order: () => 'Nenhuma ordem diz respeito a este dispositivo.',
  },
  allowedReasons: {
    contested: (areas) => `Não é certo se este dispositivo está em ${areas}; nesse caso, a ordem não se aplica.`,
    unknown: () => 'Não se sabe onde este dispositivo está; nesse caso, a ordem não se aplica.',
  },
  theArea: 'a área da ordem',
  noBlockedService: 'No momento, a ordem não bloqueia nenhum serviço neste dispositivo.',
  from: 'A partir de',
  since: 'Desde',
  until: 'Até',
  open: 'a ordem ser revogada',
  appeal: 'Contato para recursos',
  paused: 'Em pausa',
  withdrawn: 'Revogada: a ordem não bloqueia mais nenhum serviço',
  ended: 'Encerrada: a ordem não bloqueia mais nenhum serviço',

  waiting: 'Mensagens para você',
  waitingIs: {
    hold: 'Elas esperam no servidor, seladas, e chegam quando a ordem terminar.',
    deliver:
      'O que foi escrito antes ainda chega. O que é escrito agora espera no servidor, selado, e chega quando a ordem terminar.',
    return: 'Elas voltam para quem as escreveu. Essa pessoa é informada de que não chegaram e por qual ordem.',
  },
  exit: {
    label: 'Em definitivo',
    exportBy: (until) =>
      `A ordem encerra o serviço em definitivo. Salve uma cópia do que você precisa até ${until}: depois disso, duas pessoas podem aprovar que o conteúdo deste dispositivo seja apagado.`,
    approved:
      'Duas pessoas aprovaram que o conteúdo deste dispositivo seja apagado em definitivo. Isso acontece assim que terminar o prazo para salvar uma cópia: faça isso agora.',
    wiped: (at) => `O conteúdo deste dispositivo foi apagado por esta ordem em ${at}. Não é possível recuperá-lo.`,
  },
  dataKept:
    'Nada se perde: o que está neste dispositivo continua legível, e você pode salvar uma cópia. Ninguém pode lê-lo por causa desta ordem.',
  cannotWrite: 'Você não pode escrever enquanto a ordem acima estiver em vigor. O que está aqui continua legível.',
  noDocuments:
    'Este dispositivo ainda não tem uma lista de ordens. As mensagens passam assim que ele tiver uma: conecte-o à rede.',
  announcement: (number, date) => `A ordem ${number} suspenderá as mensagens em alguns lugares a partir de ${date}.`,
  displayedAt: {
    P30D: 'Avisado 30 dias antes',
    P7D: 'Avisado 7 dias antes',
    P1D: 'Avisado 1 dia antes',
    PT1H: 'Avisado 1 hora antes',
    effective: 'Avisado na entrada em vigor',
    withdrawal: 'Avisado na revogação',
  },
  displayedLate: 'Avisado',

  export: 'Salvar uma cópia dos meus dados',
  more: 'Ler a ordem',
  less: 'Mostrar menos',
  read: 'Ler',

  title: 'Ordens',
  intro: 'Todas as ordens anunciadas ou em vigor. Nem todas dizem respeito a este dispositivo.',
  none: 'Nenhuma ordem está anunciada ou em vigor.',
};
